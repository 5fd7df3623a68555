"""Training files line by line: OpenAI's chat and preference rows, as conversations that a chat template can render."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
OUTPUTS = ("preferred_output", "non_preferred_output")
LINE_LIMIT = 8 * 1024 * 1024  # bytes, as the API reads them

Messages = list[dict[str, Any]]


class Fault(ValueError):  # noqa: N818 - a fault of the data
    """What is wrong with an example, in the words that follow `Example 7`."""


@dataclass(frozen=True)
class Conversation:
    """`counted` are the places of the answers that are learnt."""

    messages: Messages
    counted: list[int]
    tools: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Example:
    """One conversation, or two of the same prompt: the preferred answer first."""

    line: int
    format: str  # "chat" or "preference"
    conversations: list[Conversation]


def read(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number of the line, its bytes) of each line that is not blank; no more than LINE_LIMIT of it."""
    with path.open("rb") as source:
        number = 0
        while line := source.readline(LINE_LIMIT):
            number += 1
            while not line.endswith(b"\n") and len(rest := source.readline(LINE_LIMIT)):
                line = b"[" + rest[-1:]  # too long: no JSON object any more
            if line.strip():
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def parse(number: int, line: bytes) -> Example:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Fault("is not a JSON object.") from error
    if not isinstance(row, dict):
        raise Fault("is not a JSON object.")
    if OUTPUTS[0] in row or OUTPUTS[1] in row:
        return Example(number, "preference", _preferences(row))
    if "messages" in row:
        return Example(number, "chat", [_chat(row)])
    raise Fault("holds neither chat messages nor a pair of preferred answers.")


def _chat(row: dict[str, Any]) -> Conversation:
    given = row["messages"]
    messages = _messages(given)
    counted = [place for place, message in enumerate(given) if _counts(message) and not _blank(messages[place])]
    if not counted:
        raise Fault("has no answer to learn from: no assistant message of weight 1 that is not empty.")
    return Conversation(messages, counted, _tools(row))


def _preferences(row: dict[str, Any]) -> list[Conversation]:
    prompt = row.get("input")
    if not isinstance(prompt, dict):
        raise Fault("has no input.")
    messages, tools = _messages(prompt.get("messages")), _tools(prompt)
    answers = [_one_answer(row.get(key), key) for key in OUTPUTS]
    if answers[0] == answers[1]:
        raise Fault("has two equal answers: nothing is preferred.")
    return [Conversation([*messages, answer], [len(messages)], tools) for answer in answers]


def _one_answer(output: object, key: str) -> dict[str, Any]:
    if not isinstance(output, list) or len(output) != 1:
        raise Fault(f"has not exactly one message in {key}.")
    (answer,) = _messages(output)
    if answer["role"] != "assistant" or _blank(answer):
        raise Fault(f"has no assistant message with words in {key}.")
    return answer


def _messages(given: object) -> Messages:
    if not isinstance(given, list) or not given:
        raise Fault("has no messages.")
    return [_message(message, place) for place, message in enumerate(given, start=1)]


def _message(given: object, place: int) -> dict[str, Any]:
    role = given.get("role") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(role, str) or role not in ROLES:
        raise Fault(f"has a message without a role that is known (message {place}).")
    weight = given.get("weight")
    if weight is not None and (isinstance(weight, bool) or weight not in (0, 1)):
        raise Fault(f"has a weight that is neither 0 nor 1 (message {place}).")
    calls = _calls(given, place)
    message: dict[str, Any] = {"role": ROLES[role], "content": _text(given.get("content"), place, needed=not calls)}
    if calls:
        message["tool_calls"] = calls
    for name in ("name", "tool_call_id"):
        if isinstance(given.get(name), str) and given[name]:
            message[name] = given[name]
    return message


def _text(content: object, place: int, *, needed: bool) -> str:
    if isinstance(content, str):
        return _utf8(content, place)
    if content is None and not needed:
        return ""
    if not isinstance(content, list):
        raise Fault(f"has a message without content (message {place}).")
    return _utf8("".join(_part(part, place) for part in content), place)


def _part(part: object, place: int) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = str(part.get("type"))[:40] if isinstance(part, dict) else "unknown"
    if kind == "image_url":
        raise Fault(f"holds an image, which this base cannot take (message {place}).")
    raise Fault(f"holds a part of type {kind}, which this base cannot take (message {place}).")


def _utf8(text: str, place: int) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Fault(f"holds half of a surrogate pair, which is no text (message {place}).") from error
    return text


def _calls(given: dict[str, Any], place: int) -> list[dict[str, Any]]:
    """Tool calls as templates know them: arguments as an object."""
    calls = given.get("tool_calls") or ([{"function": given["function_call"]}] if given.get("function_call") else [])
    try:
        return [
            {"type": "function", "id": call.get("id") or "", "function": _function(call["function"])} for call in calls
        ]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Fault(f"has a tool call that cannot be read (message {place}).") from error


def _function(function: dict[str, Any]) -> dict[str, Any]:
    return {"name": str(function["name"]), "arguments": json.loads(function["arguments"])}


def _tools(row: dict[str, Any]) -> list[dict[str, Any]]:
    tools = row.get("tools") or [{"type": "function", "function": each} for each in row.get("functions") or []]
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise Fault("has tools that are no list of objects.")
    return tools


def _counts(message: Any) -> bool:
    return bool(message["role"] == "assistant" and message.get("weight") != 0)


def _blank(message: dict[str, Any]) -> bool:
    return not message["content"].strip() and "tool_calls" not in message
