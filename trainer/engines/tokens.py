"""Exact o200k tokens, offline."""

from wire.o200k import tokenizer


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # a lone surrogate has no tokens


def count(text: str) -> int:
    return int(tokenizer().count(_encodable(text)))


def pieces(text: str, size: int) -> list[str]:
    """The text in pieces of about `size` tokens; a character that is several tokens stays whole."""
    found: list[str] = []
    pending: list[int] = []
    for token in tokenizer().encode(_encodable(text)):
        pending.append(token)
        if len(pending) >= size and (piece := _decoded(pending)):
            found.append(piece)
            pending = []
    return found + ([_decoded(pending)] if pending else [])


def first(text: str, limit: int) -> str:
    """At most `limit` tokens of the text, cut at a character."""
    tokens = tokenizer().encode(_encodable(text))[:limit]
    while tokens and not _decoded(tokens):
        tokens.pop()
    return _decoded(tokens)


def _decoded(tokens: list[int]) -> str:
    try:
        return str(tokenizer().decode(tokens))
    except ValueError:  # the tokens end inside a character
        return ""
