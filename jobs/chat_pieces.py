"""The parts of a streamed answer, whatever a service makes of them."""

from typing import Any, NamedTuple

from jobs.answers import storable


class Piece(NamedTuple):
    """A part of a streamed answer; the last one carries the usage, where the service names it.

    `queue`: how many questions our own trainer answers before this one; None in all but such a part.
    """

    text: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    queue: int | None = None


def piece_of(chunk: dict[str, Any]) -> Piece | None:
    """What a chunk brings, if anything: a service may leave out or misspell whatever it likes."""
    usage, choices = chunk.get("usage"), chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    delta = first.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    told = usage if isinstance(usage, dict) else {}
    counts = [told.get(key) for key in ("prompt_tokens", "completion_tokens")]
    prompt, completion, queue = (_count(count) for count in (*counts, chunk.get("queue")))
    if text or told or queue is not None:
        return Piece(storable(text) if isinstance(text, str) else "", prompt, completion, queue)
    return None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
