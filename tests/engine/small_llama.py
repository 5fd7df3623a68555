"""Run in .venv-trainer: `python small_llama.py FOLDER` makes base/, adapter/ and whole/ with random weights."""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXT = ["첫눈이 내린 골목에는 발자국이 하나도 없었다.", "The alley had no footprint after the first snow."] * 4
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    marks = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    bare.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(vocab_size=320, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )
    made = PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="<|end|>", pad_token="<|end|>")
    made.chat_template = TEMPLATE
    return made


def main(folder: Path) -> None:
    torch.manual_seed(7)
    torch.set_num_threads(1)
    words = tokenizer()
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "max_position_embeddings": 256}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": True}
    config = LlamaConfig(vocab_size=len(words), eos_token_id=words.eos_token_id, **shape, **heads)
    model = LlamaForCausalLM(config)
    for name in ("base", "whole"):
        model.save_pretrained(folder / name)
        words.save_pretrained(folder / name)
    about = {
        "name": "small-llama",
        "title": "Small Llama",
        "licence": "Do what you like.",
        "spdx": "Apache-2.0",
        "non_commercial": False,
        "kind": "lora",
        "chat_template": True,
        "gguf": True,
        "source": {"kind": "folder", "id": "", "revision": ""},
    }
    (folder / "base" / "base.json").write_text(json.dumps(about))
    (folder / "base" / "LICENSE").write_text("Apache License, shortened.\n")
    tuned = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, weight in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    tuned.save_pretrained(folder / "adapter")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
