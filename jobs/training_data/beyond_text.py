"""What an example needs of a base model beside reading and writing text: images, tools, names of speakers."""

from collections.abc import Iterator, Mapping
from typing import Any

IMAGES, TOOLS, NAMES = "images", "tools", "names"
KINDS = (IMAGES, TOOLS, NAMES)
SHOWN_LINES = 20
OUTPUTS = ("preferred_output", "non_preferred_output")
TOOL_ROLES = ("tool", "function")


class BeyondText:
    """Counts the lines of each kind, and keeps the first of them."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(KINDS, 0)
        self._lines: dict[str, list[int]] = {kind: [] for kind in KINDS}

    def add(self, line: int, example: dict[str, Any]) -> None:
        for kind in set(needs(example)):
            self._counts[kind] += 1
            if len(self._lines[kind]) < SHOWN_LINES:
                self._lines[kind].append(line)

    def as_dict(self) -> dict[str, Any]:
        return {kind: {"count": count, "lines": self._lines[kind]} for kind, count in self._counts.items() if count}


def needs(example: Mapping[str, Any]) -> Iterator[str]:
    """The kinds that the example holds, some more than once."""
    asked = example.get("input")
    holder = asked if isinstance(asked, dict) else example
    if holder.get("tools") or holder.get("functions"):
        yield TOOLS
    for message in _messages(example, holder):
        yield from _of_message(message)


def _messages(example: Mapping[str, Any], holder: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for messages in (holder.get("messages"), *(example.get(name) for name in OUTPUTS)):
        if isinstance(messages, list):
            yield from (message for message in messages if isinstance(message, dict))


def _of_message(message: dict[str, Any]) -> Iterator[str]:
    is_tool = message.get("role") in TOOL_ROLES
    if is_tool or message.get("tool_calls") or message.get("function_call"):
        yield TOOLS
    if message.get("name") and not is_tool:
        yield NAMES
    content = message.get("content")
    if isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") == "image_url" for part in content
    ):
        yield IMAGES
