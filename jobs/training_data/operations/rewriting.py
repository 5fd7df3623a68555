"""Operations that rewrite every example: another system prompt, another format."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import Keep, RefusedError, idle, loaded, rows, write
from jobs.training_data.report import fault

INSTRUCTING = ("system", "developer")


def set_system_prompt(source: Path, target: Path, prompt: str, keep: Keep = idle) -> int:
    """Put `prompt` before every chat in the place of what instructed it so far; an empty one takes that away."""
    return write(target, (_prompted(row.raw, prompt.strip()) for row in rows(source, keep)))


def _prompted(raw: bytes, prompt: str) -> bytes:
    example = loaded(raw)
    messages = example.get("messages")
    if not isinstance(messages, list):
        return raw
    rest = [each for each in messages if not (isinstance(each, dict) and each.get("role") in INSTRUCTING)]
    first = [{"role": "system", "content": prompt}] if prompt else []
    return orjson.dumps({**example, "messages": first + rest})


def chat_to_legacy(source: Path, target: Path, keep: Keep = idle) -> int:
    """Pairs of prompt and completion. Raises RefusedError where an example is anything but one question, one answer."""
    if unfit := unfit_for_legacy(source, keep):
        raise RefusedError(fault(unfit[0], Code.UNFIT, count=len(unfit)))
    pairs = (_pair(loaded(row.raw)) for row in rows(source, keep))
    return write(target, (orjson.dumps(pair) for pair in pairs if pair))


def unfit_for_legacy(source: Path, keep: Keep = idle) -> list[int]:
    """The lines whose example would lose something as a pair."""
    return [row.line for row in rows(source, keep) if not _pair(loaded(row.raw))]


def _pair(example: dict[str, Any]) -> dict[str, str] | None:
    """A name, a weight, a tool or an image has no place in a pair."""
    match example:
        case {"messages": [dict(asked), dict(said)]} if len(example) == 1:
            prompt, completion = _text_of(asked, "user"), _text_of(said, "assistant")
            if prompt is not None and completion is not None:
                return {"prompt": prompt, "completion": completion}
    return None


def _text_of(message: dict[str, Any], role: str) -> str | None:
    match message:
        case {"role": found, "content": str(content)} if found == role and len(message) == 2:
            return content
    return None


def preference_to_chat(source: Path, target: Path, keep: Keep = idle) -> int:
    """Chats that end in the preferred answer; the other one is left in the parent. Raises RefusedError."""
    return write(target, _preferred(source, keep))


def _preferred(source: Path, keep: Keep) -> Iterator[bytes]:
    for row in rows(source, keep):
        match loaded(row.raw):
            case {"input": {"messages": list(asked), **beside}, "preferred_output": list(answered)}:
                yield orjson.dumps({"messages": asked + answered, **beside})
            case _:
                raise RefusedError(fault(row.line, Code.UNFIT, count=1))
