"""Exact o200k tokens, offline."""

from functools import cache
from typing import Any

from bpe_openai import _bindings  # the class on top of it refuses long texts


@cache
def _tokenizer() -> Any:
    """Loaded at the first count, not at import: it costs 150 MB."""
    return _bindings.tokenizer_for_encoding("o200k_base")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # a lone surrogate has no tokens


def count(text: str) -> int:
    return int(_tokenizer().count(_encodable(text)))


def pieces(text: str, size: int) -> list[str]:
    """The text in pieces of about `size` tokens; a character that is several tokens stays whole."""
    found: list[str] = []
    pending: list[int] = []
    for token in _tokenizer().encode(_encodable(text)):
        pending.append(token)
        if len(pending) >= size and (piece := _decoded(pending)):
            found.append(piece)
            pending = []
    return found + ([_decoded(pending)] if pending else [])


def first(text: str, limit: int) -> str:
    """At most `limit` tokens of the text, cut at a character."""
    tokens = _tokenizer().encode(_encodable(text))[:limit]
    while tokens and not _decoded(tokens):
        tokens.pop()
    return _decoded(tokens)


def _decoded(tokens: list[int]) -> str:
    try:
        return str(_tokenizer().decode(tokens))
    except ValueError:  # the tokens end inside a character
        return ""
