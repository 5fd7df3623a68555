"""What a training file says: how many examples, how many tokens, what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from trainer.engines import tokens

LINE_LIMIT = 8 * 1024 * 1024  # bytes; a longer line is no example
EXACT_BYTES = 16 * 1024 * 1024  # beyond this, tokens are extrapolated: an upload must not take a minute
OUTPUTS = ("preferred_output", "non_preferred_output")
ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


@dataclass
class Facts:
    """`fault` is the service's sentence on why a job on this file must fail, or empty."""

    format: str = ""  # "chat", "preference", or empty; as its first example is
    examples: int = 0
    tokens: int = 0
    fault: str = ""


def facts(path: Path) -> Facts:
    """Reads the file once, line by line."""
    found, counted, seen = Facts(), 0, 0
    for number, line in enumerate(lines(path), start=1):
        found.examples += 1
        seen += len(line)
        example = _example(line)
        found.format = found.format or _format(example)
        found.fault = found.fault or _fault(example, number) or _mixed(example, found.format, number)
        if seen <= EXACT_BYTES:
            found.tokens += _tokens(example)
            counted = seen
    if counted and seen > counted:
        found.tokens = found.tokens * seen // counted
    return found


def lines(path: Path) -> Iterator[bytes]:
    """The lines that are not blank; one beyond LINE_LIMIT comes cut, and so is no JSON."""
    with path.open("rb") as source:
        while line := source.readline(LINE_LIMIT):
            while not line.endswith(b"\n") and len(rest := source.readline(LINE_LIMIT)):
                line = b"[" if not rest.endswith(b"\n") else b"[\n"
            if line.strip():
                yield line


def turns(line: bytes) -> list[dict[str, Any]]:
    """The messages of one example, the preferred answer where there are two; none where it is not an example."""
    example = _example(line)
    if not isinstance(example, dict) or _fault(example, 1):
        return []
    if "messages" in example:
        return list(example["messages"])
    return [*example["input"]["messages"], *example["preferred_output"]]


def text_of(content: object) -> str:
    """The words of a message's content, which is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _example(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _format(example: object) -> str:
    if not isinstance(example, dict):
        return ""
    return "chat" if "messages" in example else "preference" if OUTPUTS[0] in example else ""


def _mixed(example: object, expected: str, number: int) -> str:
    return "" if _format(example) == expected else f"Invalid file format. Example {number} has another format."


def _fault(example: object, number: int) -> str:
    if not isinstance(example, dict):
        return f"Invalid file format. Line {number} is not a JSON object."
    if _format(example) == "preference":
        return _preference_fault(example, number)
    if "messages" not in example:
        if "prompt" in example and "completion" in example:
            return "Invalid file format. The file holds prompt/completion pairs, but the model is a chat model."
        return "Unexpected file format, expected either prompt/completion pairs or chat messages."
    if fault := _messages_fault(example["messages"], number):
        return fault
    if not any(message["role"] == "assistant" for message in example["messages"]):
        return f"Invalid file format. Example {number} has no assistant message."
    return ""


def _messages_fault(messages: object, number: int) -> str:
    if not isinstance(messages, list) or not messages:
        return f"Invalid file format. Example {number} has no messages."
    for place, message in enumerate(messages, start=1):
        if fault := _message_fault(message):
            return f"Invalid file format. Example {number}, message {place} {fault}"
    return ""


def _preference_fault(example: dict[str, Any], number: int) -> str:
    asked = example.get("input")
    if not isinstance(asked, dict):
        return f"Invalid file format. Example {number} has no input."
    if fault := _messages_fault(asked.get("messages"), number):
        return fault
    for key in OUTPUTS:
        match example.get(key):
            case [{"role": "assistant"} as answer] if not _message_fault(answer):
                continue
        return f"Invalid file format. Example {number}: '{key}' must hold exactly one assistant message."
    return ""


def _message_fault(message: object) -> str:
    if not isinstance(message, dict) or "role" not in message:
        return "Discriminator 'role' is missing in value"
    if message["role"] not in ROLES:
        return f"Input tag '{str(message['role'])[:40]}' found using 'role' does not match any of the expected tags"
    if message["role"] == "assistant" and (message.get("tool_calls") or message.get("function_call")):
        return ""
    return "" if isinstance(message.get("content"), str | list) else "Field 'content' is required"


def _tokens(example: object) -> int:
    """As OpenAI's cookbook counts: 3 per example and per message, and every text in it; both answers of a pair."""
    messages = _all_messages(example)
    if not messages:
        return 0
    return 3 + sum(3 + sum(_value_tokens(value) for value in m.values()) for m in messages if isinstance(m, dict))


def _all_messages(example: object) -> list[Any]:
    if not isinstance(example, dict):
        return []
    asked = example.get("input")
    lists = [example.get("messages"), asked.get("messages") if isinstance(asked, dict) else None]
    lists += [example.get(key) for key in OUTPUTS]
    return [message for each in lists if isinstance(each, list) for message in each]


def _value_tokens(value: object) -> int:
    if isinstance(value, str):
        return tokens.count(value)
    return tokens.count(text_of(value)) if isinstance(value, list) else 0
