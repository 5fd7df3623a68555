"""The parts of a streamed answer, whatever a service makes of them."""

from typing import Any, NamedTuple

from jobs.answers import storable


class Piece(NamedTuple):
    """A part of a streamed answer; the last one carries the usage, where the service tells it."""

    text: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def piece_of(chunk: dict[str, Any]) -> Piece | None:
    """What a chunk brings, if anything: a service may leave out or misspell whatever it likes."""
    usage, choices = chunk.get("usage"), chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    delta = first.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    told = usage if isinstance(usage, dict) else {}
    counts = [told.get(key) for key in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (count if isinstance(count, int) and count >= 0 else None for count in counts)
    if text or told:
        return Piece(storable(text) if isinstance(text, str) else "", prompt, completion)
    return None
