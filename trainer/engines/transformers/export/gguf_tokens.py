"""The tokenizer of a model folder in GGUF's words: what llama.cpp needs to cut text as the model learnt it."""

import json
import re
from pathlib import Path
from typing import Any

from gguf import GGUFWriter, SpecialVocab, TokenType

from trainer.engines.transformers.export.order import RefusedError

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CUTS = {WORDS % "": "qwen2", WORDS % "{1,3}": "llama-bpe"}  # the splitting pattern, and llama.cpp's name for it
BYTE = re.compile(r"\A<0x[0-9A-F]{2}>\Z")
UNMERGED = -1e6  # of a piece that no merge makes
Json = dict[str, Any]


def write_tokens(writer: GGUFWriter, model: Path, size: int) -> None:
    """`size`: rows of the embedding; ids that have no token get a place holder. Raises RefusedError."""
    found: Json = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    if found["model"].get("type") != "BPE":
        raise RefusedError("no_gguf", f"A tokenizer of type {found['model'].get('type')} cannot be written as GGUF.")
    pieces = bool(found["model"].get("byte_fallback"))
    tokens, types = _tokens(found, size, pieces)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if pieces:
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores(_scores(found, tokens))
        writer.add_add_space_prefix(_prefixed(found))
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(_cut(found))
    SpecialVocab(model, load_merges=not pieces, n_vocab=size).add_to_gguf(writer, quiet=True)


def _tokens(found: Json, size: int, pieces: bool) -> tuple[list[str], list[int]]:
    tokens, types = [f"[PAD{place}]" for place in range(size)], [int(TokenType.UNUSED)] * size
    for text, place in found["model"]["vocab"].items():
        byte = pieces and BYTE.match(text)
        tokens[place], types[place] = text, int(TokenType.BYTE if byte else TokenType.NORMAL)
    for added in found.get("added_tokens", []):
        place, special = added["id"], added["special"]
        tokens[place] = added["content"] if special else added["content"].replace("\u2581", " ")
        types[place] = int(TokenType.CONTROL if special else TokenType.USER_DEFINED)
    if pieces and (unknown := found["model"].get("unk_token")) in found["model"]["vocab"]:
        types[found["model"]["vocab"][unknown]] = int(TokenType.UNKNOWN)
    return tokens, types


def _scores(found: Json, tokens: list[str]) -> list[float]:
    """What is merged first has the highest score: the order of the merges, as SentencePiece writes it."""
    ranks: dict[str, float] = {}
    for rank, pair in enumerate(found["model"]["merges"]):
        left, right = pair if isinstance(pair, list) else pair.split(" ", 1)
        ranks.setdefault(left + right, -float(rank))
    return [ranks.get(token, UNMERGED) for token in tokens]


def _prefixed(found: Json) -> bool:
    """Whether a space goes before the first word."""
    steps = [found.get("normalizer") or {}, found.get("pre_tokenizer") or {}]
    steps += [one for step in steps for one in step.get("normalizers", [])]
    return any(step.get("type") == "Prepend" or step.get("prepend_scheme") in ("always", "first") for step in steps)


def _cut(found: Json) -> str:
    """llama.cpp knows patterns by name alone. A tokenizer that it would cut otherwise is refused, never guessed."""
    outer = found.get("pre_tokenizer") or {}
    steps = outer.get("pretokenizers", [outer])
    kinds = [step.get("type") for step in steps]
    if kinds == ["ByteLevel"] and steps[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
        return "smollm"
    if kinds == ["Split", "ByteLevel"] and (name := CUTS.get(steps[0]["pattern"].get("Regex", ""))):
        return name
    raise RefusedError("no_gguf", "llama.cpp has no name for the way in which this tokenizer cuts words.")
