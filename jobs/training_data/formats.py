"""Which kind of example a line is, and the faults of that kind."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from jobs.training_data.chat import chat_faults
from jobs.training_data.codes import Code
from jobs.training_data.keys import (
    CHAT_KEYS,
    LEGACY_KEYS,
    ONE_SERVICE_KEYS,
    OUTPUT_KEYS,
    WRONG_OUTPUT_KEYS,
    meant,
)
from jobs.training_data.legacy import legacy_faults
from jobs.training_data.pair_names import other_names
from jobs.training_data.preference import preference_faults
from jobs.training_data.reinforcement import RESERVED_KEYS, reinforcement_faults
from jobs.training_data.report import Fault, Format, fault, printable

ALLOWED_KEYS = frozenset({*CHAT_KEYS, *ONE_SERVICE_KEYS})
REQUEST_KEYS = frozenset({"temperature", "top_p", "max_tokens", "max_completion_tokens", "stream", "stop", "n", "seed"})
ESSENTIAL_KEYS = ("messages", *LEGACY_KEYS)
KEYS_SHOWN = 5
LIKE_A_CHAT_KEY = 0.8  # so alike, a key beside messages is a misspelt one and not a grader's


def kind_of(example: dict[str, Any], file: Format) -> Format:
    """`file` is what the lines before said: it decides where a line could be either."""
    keys = example.keys()
    if not keys.isdisjoint(OUTPUT_KEYS):
        return "preference"
    if "model" in keys and _is_response(example):
        return "unknown"
    if "messages" in keys:
        if not keys <= ALLOWED_KEYS and other_names(example):
            return "preference"
        return "chat" if keys == {"messages"} and file == "chat" else _chat_or_reinforcement(example, file)
    if not keys.isdisjoint(WRONG_OUTPUT_KEYS) or isinstance(example.get("input"), dict) or other_names(example):
        return "preference"
    return "unknown" if keys.isdisjoint(LEGACY_KEYS) else "legacy"


def _chat_or_reinforcement(example: dict[str, Any], file: Format) -> Format:
    """A question without its answer is a chat that lacks one, unless something for a grader stands beside it."""
    own, asks = _has_own_keys(example), _asks(example["messages"])
    graded = (own and asks) or (file == "reinforcement" and (own or asks))
    return "reinforcement" if graded else "chat"


def _has_own_keys(example: dict[str, Any]) -> bool:
    return any(
        key not in ALLOWED_KEYS and not get_close_matches(key[:80], CHAT_KEYS, n=1, cutoff=LIKE_A_CHAT_KEY)
        for key in example
    )


def _asks(messages: object) -> bool:
    return _roles(messages)[-1:] in (["user"], ["developer"])


def _roles(messages: object) -> list[object]:
    return [each.get("role") for each in messages if isinstance(each, dict)] if isinstance(messages, list) else []


def is_undecided(kind: Format, example: dict[str, Any]) -> bool:
    """A question alone: it must not make the file a chat while the next lines may say that a grader wants it so."""
    if kind != "chat" or not example.keys() <= RESERVED_KEYS:
        return False
    return _asks(example["messages"]) and "assistant" not in _roles(example["messages"])


def example_faults(line: int, kind: Format, example: dict[str, Any]) -> Iterator[Fault]:
    match kind:
        case "chat":
            return chat_faults(line, example)
        case "preference":
            return preference_faults(line, example)
        case "reinforcement":
            return reinforcement_faults(line, example)
        case "legacy":
            return legacy_faults(line, example)
    return _unknown_faults(line, example)


def _unknown_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    if _is_response(example):
        yield fault(line, Code.RESPONSE_DUMP)
        return
    shown = sorted(example)[:KEYS_SHOWN]
    misspelt = [(key, word) for key in shown if key not in CHAT_KEYS and (word := meant(key, ESSENTIAL_KEYS))]
    for key, word in misspelt:
        yield fault(line, Code.KEY_MISSPELT, key=printable(key), suggestion=word)
    if not misspelt:
        yield fault(line, Code.UNKNOWN_FORMAT, keys=printable(", ".join(shown)))


def _is_response(example: dict[str, Any]) -> bool:
    """What was sent to the API, what it answered, or a line of a batch."""
    match example:
        case {"choices": list()} | {"custom_id": _, "response": _} | {"custom_id": _, "body": _}:
            return True
        case {"model": _, "messages": _} if not example.keys().isdisjoint(REQUEST_KEYS):
            return True
        case {"object": str(kind)}:
            return kind.startswith(("chat.completion", "response"))
    return False
