"""What a training file says: how many examples, how many tokens, what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from trainer.engines import tokens

LINE_LIMIT = 8 * 1024 * 1024  # bytes; a longer line is no example
EXACT_BYTES = 16 * 1024 * 1024  # beyond this, tokens are extrapolated: an upload must not take a minute
ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


@dataclass
class Facts:
    """`fault` is the service's sentence on why a job on this file must fail, or empty."""

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
        found.fault = found.fault or _fault(example, number)
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
    """The messages of one example, or none where it is not one."""
    example = _example(line)
    messages = example.get("messages") if isinstance(example, dict) else None
    return messages if isinstance(messages, list) and not _fault(example, 1) else []


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


def _fault(example: object, number: int) -> str:
    if not isinstance(example, dict):
        return f"Invalid file format. Line {number} is not a JSON object."
    if "messages" not in example:
        if "prompt" in example and "completion" in example:
            return "Invalid file format. The file holds prompt/completion pairs, but the model is a chat model."
        return "Unexpected file format, expected either prompt/completion pairs or chat messages."
    messages = example["messages"]
    if not isinstance(messages, list) or not messages:
        return f"Invalid file format. Example {number} has no messages."
    for place, message in enumerate(messages, start=1):
        if fault := _message_fault(message):
            return f"Invalid file format. Example {number}, message {place} {fault}"
    if not any(message["role"] == "assistant" for message in messages):
        return f"Invalid file format. Example {number} has no assistant message."
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
    """As OpenAI's cookbook counts: 3 per example and per message, and every text in it."""
    messages = example.get("messages") if isinstance(example, dict) else None
    if not isinstance(messages, list):
        return 0
    return 3 + sum(3 + sum(_value_tokens(value) for value in m.values()) for m in messages if isinstance(m, dict))


def _value_tokens(value: object) -> int:
    if isinstance(value, str):
        return tokens.count(value)
    return tokens.count(text_of(value)) if isinstance(value, list) else 0
