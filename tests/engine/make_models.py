"""Makes small models with random weights: `.venv-trainer/bin/python -m tests.engine.make_models TRAINER_DIR`.

bases/llama-small      a LoRA base of a few thousand parameters, with tokenizer and chat template
bases/plain-small      the same without a chat template, and it hardly ever ends
bases/tiny             no weights, as the built-in one
runs/r1, r2            adapters on llama-small, two checkpoints each; runs/whole a whole model
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|bos|>", "<|eos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEXT = ["첫눈이 내린 새벽, 골목에는 발소리가 들렸다.", "붕어빵을 한 입 먹고 나니 🙂 웃음이 났다.", "A quiet morning."]
CONTEXT, LONG_CONTEXT = 512, 4096


def tokenizer(template: str | None) -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(
        TEXT, trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet)
    )
    made = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<|bos|>", eos_token="<|eos|>")
    made.chat_template = template
    return made


def model(vocabulary: int, seed: int, context: int = CONTEXT) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=context,
        initializer_range=0.5,
        bos_token_id=0,
        eos_token_id=1,
    )
    return LlamaForCausalLM(config)


def about(folder: Path, name: str, kind: str, template: bool, context: int = CONTEXT) -> None:
    body = {"name": name, "title": name, "kind": kind, "context": context, "chat_template": template, "gguf": False}
    body |= {"licence": "none", "spdx": "CC0-1.0", "non_commercial": False, "languages": ["ko"], "memorises": False}
    body |= {"parameters": 40000, "architecture": "LlamaForCausalLM", "token_ratio": 1.5}
    body |= {"source": {"kind": "folder", "id": name, "revision": ""}, "terms_accepted": None}
    body |= {"auto": {"n_epochs": 3, "batch_size": 4, "learning_rate": 2e-4, "lora_r": 4, "lora_alpha": 8}}
    body |= {"sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}}
    (folder / "base.json").write_text(json.dumps(body | {"pulled_at": "2026-11-30T00:00:00Z"}))


def base(root: Path, name: str, template: str | None) -> None:
    folder = root / "bases" / name
    words, context = tokenizer(template), CONTEXT if template else LONG_CONTEXT
    made = model(len(words), 1, context)
    if not template:
        made.lm_head.weight.data[: len(SPECIAL)] = 0
    made.save_pretrained(folder)
    words.save_pretrained(folder)
    about(folder, name, "lora", bool(template), context)


def adapter(root: Path, run: str, step: int, seed: int) -> None:
    folder = root / "runs" / run / "checkpoints" / f"step-{step}"
    loaded = LlamaForCausalLM.from_pretrained(root / "bases" / "llama-small")
    torch.manual_seed(seed)
    tuned = get_peft_model(loaded, LoraConfig(r=4, lora_alpha=64, target_modules="all-linear", init_lora_weights=False))
    tuned.save_pretrained(folder)


def whole(root: Path) -> None:
    folder = root / "runs" / "whole" / "checkpoints" / "step-9"
    words = tokenizer(TEMPLATE)
    model(len(words), 2).save_pretrained(folder)
    words.save_pretrained(folder)
    tiny = root / "bases" / "tiny"
    tiny.mkdir(parents=True)
    shutil.copy(folder / "config.json", tiny)
    about(tiny, "tiny", "full", True)


def main(root: Path) -> None:
    torch.set_num_threads(1)
    base(root, "llama-small", TEMPLATE)
    base(root, "plain-small", None)
    for seed, (run, step) in enumerate([("r1", 3), ("r1", 6), ("r2", 6)], start=10):
        adapter(root, run, step, seed)
    whole(root)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
