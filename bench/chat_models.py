"""Makes the models that `bench chat` talks to, with random weights: `python -m bench.chat_models DIR` in .venv-trainer.

Two bases in the shape of real ones: `tiny-shape`, and `smollm2-shape` as SmolLM2-135M in half precision.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from trainer.engines.transformers.tiny import CONFIG, TEMPLATE

SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
SMOLLM2: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 49152,
    "hidden_size": 576,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "intermediate_size": 1536,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
}
ABOUT: dict[str, Any] = {
    "licence": "none",
    "spdx": "CC0-1.0",
    "non_commercial": False,
    "languages": ["en"],
    "kind": "lora",
    "chat_template": True,
    "gguf": False,
    "memorises": False,
    "auto": {},
    "source": {"kind": "folder", "id": "bench", "revision": ""},
    "terms_accepted": None,
    "token_ratio": 1.0,
    "pulled_at": "2026-12-01T00:00:00+00:00",
}


def tokenizer(size: int) -> PreTrainedTokenizerFast:
    """Bytes, and words that never were, so that every token is some text."""
    words = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    words += [f"Ġw{number}" for number in range(size - len(words))]
    inner = Tokenizer(models.BPE({word: place for place, word in enumerate(words)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<|pad|>", eos_token="<|end|>")
    made.add_special_tokens({"additional_special_tokens": SPECIAL[2:]})
    made.chat_template = TEMPLATE
    return made


def make(folder: Path, config: dict[str, Any], dtype: Any) -> None:
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config)).to(dtype)
    model.save_pretrained(folder)
    tokenizer(config["vocab_size"]).save_pretrained(folder)
    about = {**ABOUT, "name": folder.name, "title": folder.name, "context": config["max_position_embeddings"]}
    about["architecture"] = config["architectures"][0]
    about |= {"parameters": model.num_parameters(), "sha256": {path.name: "" for path in folder.iterdir()}}
    (folder / "base.json").write_text(json.dumps(about))


if __name__ == "__main__":
    bases = Path(sys.argv[1]) / "bases"
    make(bases / "tiny-shape", CONFIG, torch.float32)
    make(bases / "smollm2-shape", SMOLLM2, torch.bfloat16)
