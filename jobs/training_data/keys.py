"""Which keys an example and a message may have, and what a misspelt word probably was."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.report import Fault, Place, fault, printable

CHAT_KEYS = ("messages", "tools", "parallel_tool_calls", "functions")
ONE_SERVICE_KEYS = ("weight",)  # Together's weight of a whole example
REASONING_KEYS = ("reasoning", "reasoning_content")  # of an assistant's message, at Together and Fireworks
LEGACY_KEYS = ("prompt", "completion")
OUTPUT_KEYS = ("preferred_output", "non_preferred_output")
PREFERENCE_KEYS = ("input", *OUTPUT_KEYS)
INPUT_KEYS = ("messages", "tools", "parallel_tool_calls")
ROLES = ("system", "user", "assistant", "tool", "function")
REINFORCEMENT_ROLES = (*ROLES, "developer")
MESSAGE_KEYS = (
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
)
SAME_WORD = {  # what other tools call it
    "conversation": "messages",
    "conversations": "messages",
    "dialogue": "messages",
    "human": "user",
    "사용자": "user",
    "질문": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "답변": "assistant",
    "developer": "system",
    "시스템": "system",
    "from": "role",
    "speaker": "role",
    "value": "content",
    "text": "content",
    "message": "content",
    "instruction": "prompt",
    "input": "prompt",
    "output": "completion",
    "response": "completion",
    "prompt": "input",
    "preferred": "preferred_output",
    "preferred_completion": "preferred_output",
    "chosen": "preferred_output",
    "non_preferred": "non_preferred_output",
    "non_preferred_completion": "non_preferred_output",
    "rejected": "non_preferred_output",
}
WRONG_OUTPUT_KEYS = frozenset(word for word, meant in SAME_WORD.items() if meant in OUTPUT_KEYS)


def meant(word: str, allowed: Collection[str]) -> str | None:
    """The allowed word that was probably meant."""
    plain = word[:80].strip().strip("\"'").lower()
    if SAME_WORD.get(plain) in allowed:
        return SAME_WORD[plain]
    return next(iter(get_close_matches(plain, allowed, n=1, cutoff=0.6)), None)


def unknown_keys(
    line: int, example: dict[str, Any], allowed: Collection[str], also: Collection[str] = ()
) -> Iterator[Fault]:
    """`also`: allowed, but no word that is suggested."""
    for key in sorted(example.keys() - {*allowed, *also}):
        if (suggestion := meant(key, allowed)) and suggestion not in example:
            yield fault(line, Code.KEY_MISSPELT, key=printable(key), suggestion=suggestion)
        else:
            yield fault(line, Code.KEY_UNKNOWN, key=printable(key))


def unknown_message_keys(line: int, number: Place, message: dict[str, Any]) -> Iterator[Fault]:
    for key in sorted(message.keys() - {*MESSAGE_KEYS, *reasoning_keys(message)}):
        if (suggestion := meant(key, MESSAGE_KEYS)) and suggestion not in message:
            yield fault(line, Code.MESSAGE_KEY_MISSPELT, message=number, key=printable(key), suggestion=suggestion)
        else:
            yield fault(line, Code.MESSAGE_KEY_UNKNOWN, message=number, key=printable(key))


def reasoning_keys(message: dict[str, Any]) -> list[str]:
    """What an assistant thinks before its answer: a text that some services train on."""
    if message.get("role") != "assistant":
        return []
    return [key for key in REASONING_KEYS if isinstance(message.get(key), str)]
