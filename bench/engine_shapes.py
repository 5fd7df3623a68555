"""Models and rows for `bench engine`, with random weights: `python -m bench.engine_shapes DIR` in .venv-trainer."""

import json
import sys
from pathlib import Path
from typing import Any

import torch

from bench.chat_models import SMOLLM2, make

ROOT = Path(__file__).resolve().parent.parent
ESSAYS = ROOT / "samples" / "winter-essay-chat.jsonl"
GEMMA: dict[str, Any] = {  # config.json of google/gemma-3-270m, less what makes no difference to a random model
    "model_type": "gemma3_text",
    "architectures": ["Gemma3ForCausalLM"],
    "vocab_size": 262_144,
    "hidden_size": 640,
    "num_hidden_layers": 18,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "intermediate_size": 2048,
    "hidden_activation": "gelu_pytorch_tanh",
    "layer_types": [*["sliding_attention"] * 5, "full_attention"] * 3,
    "sliding_window": 512,
    "query_pre_attn_scalar": 256,
    "max_position_embeddings": 32_768,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
}
MADE = {"smollm2-shape": SMOLLM2, "gemma-shape": GEMMA}
ALIKE, ALIKE_LETTERS = 10, 90  # rows of one length, for the peak: their number, and letters of question and of answer


def in_letters(text: str) -> str:
    """As long, in the bytes that are a token each for the tokenizers that are made here."""
    return "".join(chr(ord("a") + ord(letter) % 26) for letter in text)


def conversation(question: str, answer: str) -> str:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages}, ensure_ascii=False)


def write_rows(folder: Path) -> None:
    """letters.jsonl: the essays, letter by letter; alike.jsonl: rows of one length."""
    essays = [json.loads(line)["messages"] for line in ESSAYS.read_text(encoding="utf-8").splitlines()]
    letters = [
        json.dumps({"messages": [{**each, "content": in_letters(each["content"])} for each in essay]})
        for essay in essays
    ]
    (folder / "letters.jsonl").write_text("\n".join(letters))
    half = "abcdefghij" * (ALIKE_LETTERS // 10)
    (folder / "alike.jsonl").write_text("\n".join([conversation(half, half)] * ALIKE))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_rows(folder)
    for name, config in MADE.items():
        make(folder / name, config, torch.bfloat16)
