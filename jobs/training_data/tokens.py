"""Exact o200k_base token counts, offline.

Counted as OpenAI's cookbook does: 3 per message, its role and content, name plus 1, and 3 per example.
What nobody outside can know is approximated: tools and tool calls by their JSON text, an image by its
price at low detail (85) or at 1024 × 1024 (765).
"""

from functools import lru_cache
from typing import Any

import orjson

from jobs.training_data.plain import PlainMessage
from wire.o200k import tokenizer

PER_EXAMPLE = 3
PER_MESSAGE = 3
PER_NAME = 1
IMAGE_LOW = 85
IMAGE_OTHER = 765
REMEMBERED_CHARACTERS = 20_000  # × 256 strings bounds what the cache may hold


def count_text(text: str) -> int:
    """Tokens of a text. Special tokens in it count as the ordinary text that they are."""
    try:
        return int(tokenizer().count(text))
    except UnicodeEncodeError:  # a lone surrogate; the check calls it a fault
        return int(tokenizer().count(text.encode("utf-8", "replace").decode()))


_remembered = lru_cache(maxsize=256)(count_text)


def _count_repeated(text: str) -> int:
    return _remembered(text) if len(text) <= REMEMBERED_CHARACTERS else count_text(text)


def count_line(example: dict[str, Any]) -> int:
    """Tokens of a good example of any format: what it is trained on, once. What only a grader reads is none."""
    match example:
        case {"messages": list(messages)}:
            return count_example(messages, _beside(example))
        case {"input": asked, "preferred_output": preferred, "non_preferred_output": rejected}:
            return count_example([*asked["messages"], *preferred, *rejected], _beside(asked))
    return count_text(example["prompt"]) + count_text(example["completion"])


def _beside(example: dict[str, Any]) -> dict[str, Any]:
    return {key: example[key] for key in ("tools", "functions") if key in example} if len(example) > 1 else {}


def count_plain(messages: list[PlainMessage]) -> int:
    """What count_example() says of them."""
    total = PER_EXAMPLE + PER_MESSAGE * len(messages)
    for message in messages:
        total += _count_repeated(message.role) + _content(message.content, message.role)
    return total


def count_example(messages: list[dict[str, Any]], extras: dict[str, Any] | None = None) -> int:
    """Tokens of one chat example; `extras` is what stands beside the messages (tools, functions)."""
    total = PER_EXAMPLE + sum(map(_message, messages))
    for value in (extras or {}).values():
        total += _json(value) if isinstance(value, list) else 0
    return total


def _message(message: dict[str, Any]) -> int:
    total = PER_MESSAGE
    for key, value in message.items():
        total += _value(key, value, message)
    return total


def _value(key: str, value: object, message: dict[str, Any]) -> int:
    if isinstance(value, str):
        if key == "content":
            return _content(value, message.get("role"))
        return _count_repeated(value) + (PER_NAME if key == "name" else 0)
    if isinstance(value, list) and key == "content":
        return sum(map(_part, value))
    return _json(value) if isinstance(value, list | dict) else 0


def _content(text: str, role: object) -> int:
    """System prompts are the same in every example; other texts hardly ever."""
    return _count_repeated(text) if role == "system" else count_text(text)


def _part(part: object) -> int:
    match part:
        case {"type": "image_url", "image_url": {"detail": "low"}}:
            return IMAGE_LOW
        case {"type": "image_url"}:
            return IMAGE_OTHER
        case {"text": str(text)} | {"refusal": str(text)}:
            return count_text(text)
    return 0


def _json(value: object) -> int:
    return count_text(orjson.dumps(value).decode())
