"""The texts of an example, whichever format it has: who says what, what is asked, what is answered."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from jobs.training_data.reading import BOM

# Structure, not text: a role, an id or a picture is never somebody's data, and changing one breaks the example.
STRUCTURE = frozenset({"role", "name", "type", "id", "tool_call_id", "image_url", "weight"})


class Spoken(NamedTuple):
    """`answer` is what the model learns to say; None where the example has none (reinforcement)."""

    texts: list[tuple[str, str]]  # role and text, in order
    prompt: str
    answer: str | None


def spoken(example: dict[str, Any]) -> Spoken:
    match example:
        case {"prompt": str(prompt), "completion": str(completion)}:
            return Spoken([("user", prompt), ("assistant", completion)], prompt, completion)
        case {"input": dict(asked), "preferred_output": list(good), "non_preferred_output": list(bad)}:
            before = _texts(asked.get("messages"))
            return Spoken([*before, *_texts(good), *_texts(bad)], _joined(before), _joined(_texts(good)))
    texts = _texts(example.get("messages"))
    last = max((at for at, (role, _) in enumerate(texts) if role == "assistant"), default=None)
    if last is None:
        return Spoken(texts, _joined(texts), None)
    return Spoken(texts, _joined(texts[:last]), texts[last][1])


def _texts(messages: object) -> list[tuple[str, str]]:
    if not isinstance(messages, list):
        return []
    return [(str(each.get("role", "")), text_of(each)) for each in messages if isinstance(each, dict)]


def text_of(message: dict[str, Any]) -> str:
    """What the message says; calls of tools as their JSON."""
    content = message.get("content")
    said = content if isinstance(content, str) else "\n".join(_parts(content))
    calls = message.get("tool_calls") or message.get("function_call")
    return f"{said}{orjson.dumps(calls).decode()}" if calls else said or str(message.get("refusal") or "")


def _parts(content: object) -> Iterator[str]:
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            yield str(part.get("text") or part.get("refusal") or "")


def _joined(texts: list[tuple[str, str]]) -> str:
    return "\x1e".join(f"{role}\x1f{text}" for role, text in texts)


def strings(value: object) -> Iterator[str]:
    """Every text in it that may hold somebody's data: what masking would change."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, below in value.items():
            if key not in STRUCTURE:
                yield from strings(below)
    elif isinstance(value, list):
        for below in value:
            yield from strings(below)


def loaded(raw: bytes) -> dict[str, Any] | None:
    """The example; None for what is none, or is nested deeper than can be written again."""
    try:
        value = orjson.loads(raw.removeprefix(BOM))
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value if isinstance(value, dict) else None
