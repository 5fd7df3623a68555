"""Keys whose value is null or an empty list: what SDKs and data frames write for what is not there.

The API reference wants such keys left out, but for a few that may be null. Left where they mean something: `content`,
what a format cannot do without, what a grader reads, and JSON schemas.
"""

from collections.abc import Callable
from typing import Any

from jobs.training_data.keys import CHAT_KEYS, LEGACY_KEYS, PREFERENCE_KEYS

ESSENTIAL = ("messages", *PREFERENCE_KEYS, *LEGACY_KEYS)
KEPT = frozenset({"role", "content"})
NULLABLE = frozenset({"refusal", "audio", "function_call"})  # of an assistant, says the reference
MAY_BE_EMPTY = frozenset({"tools", "functions", "messages", *PREFERENCE_KEYS})  # a fault of their own, if any
ANSWERED = ("assistant", "tool", "function")

type Names = set[str]


def without_empty(example: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The example without them, and the names of those that should not be there. Of an unknown format nothing is."""
    names: Names = set()
    if example.keys().isdisjoint(ESSENTIAL) or _is_plain(example):
        return example, []
    return _example(example, names), sorted(names)


def _is_plain(example: dict[str, Any]) -> bool:
    """Messages of texts alone, as nearly always."""
    messages = example.get("messages")
    return len(example) == 1 and isinstance(messages, list) and all(map(_is_text, messages))


def _is_text(message: object) -> bool:
    return isinstance(message, dict) and all(type(value) is str for value in message.values())


def _example(example: dict[str, Any], names: Names) -> dict[str, Any]:
    is_chat = isinstance(example.get("messages"), list)
    needed = {"messages"} if is_chat else set(ESSENTIAL)
    if is_chat and not _is_answered(example["messages"]):  # a grader may read a null
        needed |= example.keys() - {*CHAT_KEYS, *PREFERENCE_KEYS, *LEGACY_KEYS}
    kept = {key: value for key, value in example.items() if value is not None or key in needed}
    names.update(example.keys() - kept.keys())
    for key, clean in BELOW.items():
        if key in kept:
            kept[key] = clean(kept[key], names)
    return kept


def _is_answered(messages: list[Any]) -> bool:
    return bool(messages) and isinstance(messages[-1], dict) and messages[-1].get("role") in ANSWERED


def _each(clean: Callable[[dict[str, Any], Names], dict[str, Any]]) -> Callable[[Any, Names], Any]:
    def all_of(value: Any, names: Names) -> Any:
        if not isinstance(value, list):
            return value
        return [clean(each, names) if isinstance(each, dict) else each for each in value]

    return all_of


def _message(message: dict[str, Any], names: Names) -> dict[str, Any]:
    if message.keys() == KEPT and isinstance(message["content"], str):
        return message
    kept = {key: value for key, value in message.items() if key in KEPT or not _is_empty(key, value)}
    allowed = NULLABLE if message.get("role") == "assistant" else frozenset()
    names.update(key for key in message.keys() - kept.keys() if message[key] is not None or key not in allowed)
    if isinstance(kept.get("content"), list):
        kept["content"] = _each(_part)(kept["content"], names)
    return kept


def _is_empty(key: str, value: object) -> bool:
    return value is None or (value in ([], {}) and key not in MAY_BE_EMPTY)


def _part(part: dict[str, Any], names: Names) -> dict[str, Any]:
    kept = _without_null(part, names, {"type", str(part.get("type"))})
    image = kept.get("image_url")
    return kept | {"image_url": _without_null(image, names, {"url"})} if isinstance(image, dict) else kept


def _tool(tool: dict[str, Any], names: Names) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, dict) or None not in function.values():  # nearly always
        return _without_null(tool, names, {"type", "function"})
    return _without_null(tool, names, {"type", "function"}) | {"function": _function(function, names)}


def _function(function: dict[str, Any], names: Names) -> dict[str, Any]:
    return _without_null(function, names, {"name", "strict"})  # strict may be null, says the reference


def _without_null(value: dict[str, Any], names: Names, needed: set[object]) -> dict[str, Any]:
    if None not in value.values():  # nearly always
        return value
    kept = {key: below for key, below in value.items() if below is not None or key in needed}
    names.update(value.keys() - kept.keys())
    return kept


BELOW: dict[str, Callable[[Any, Names], Any]] = {
    "messages": _each(_message),
    "tools": _each(_tool),
    "functions": _each(_function),
    "preferred_output": _each(_message),
    "non_preferred_output": _each(_message),
    "input": lambda value, names: _example(value, names) if isinstance(value, dict) else value,
}
