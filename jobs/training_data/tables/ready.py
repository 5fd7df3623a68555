"""Rows that already are examples: chat, preference (DPO), reinforcement or legacy. They go out as they are.

What holds nothing (null, NaN) is left away, and what the services do not know is named and left out.
"""

from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.keys import (
    CHAT_KEYS,
    INPUT_KEYS,
    LEGACY_KEYS,
    MESSAGE_KEYS,
    ONE_SERVICE_KEYS,
    OUTPUT_KEYS,
    PREFERENCE_KEYS,
    REASONING_KEYS,
    REINFORCEMENT_ROLES,
)
from jobs.training_data.tables.calls import completed, tools_of
from jobs.training_data.tables.notes import Notes

type Row = dict[str, Any]

CHAT = (*CHAT_KEYS, *ONE_SERVICE_KEYS)
MESSAGE = (*MESSAGE_KEYS, *REASONING_KEYS)
ASKING = ("user", "developer")
SYSTEMS = ("system", "system_prompt")
ALSO = frozenset({*SYSTEMS, "context", "instruction", "input", "history"})  # beside a prompt: more of the question


def is_ready(row: Row) -> bool:
    if is_talk(row.get("messages")):
        return True
    if isinstance(row.get("input"), dict) and all(isinstance(row.get(key), list) for key in OUTPUT_KEYS):
        return True
    return all(isinstance(row.get(key), str) for key in LEGACY_KEYS) and not any(row.get(key) for key in ALSO)


def is_talk(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(
        isinstance(each, dict) and each.get("role") in REINFORCEMENT_ROLES for each in value
    )  # fmt: skip


def is_asking(row: Row) -> bool:
    """A question for reinforcement: what stands beside it is for the grader."""
    messages = row.get("messages")
    return is_talk(messages) and messages[-1].get("role") in ASKING  # type: ignore[index]


def ready(row: Row, notes: Notes) -> Row:
    if not is_talk(row.get("messages")):
        made = _known(row, PREFERENCE_KEYS if "input" in row and OUTPUT_KEYS[0] in row else LEGACY_KEYS, notes)
        return _preference(made, notes) if "input" in made else made
    if is_asking(row):
        return {**{key: value for key, value in row.items() if value is not None}, **_chat(row, notes)}
    system = next((row[key] for key in SYSTEMS if isinstance(row.get(key), str) and row[key].strip()), "")
    others = {key: value for key, value in row.items() if not (system and key in SYSTEMS and value == system)}
    made = _chat(_known(others, CHAT, notes), notes)
    if system and row["messages"][0].get("role") != "system":
        made["messages"] = [{"role": "system", "content": system}, *made["messages"]]
    elif system:
        notes.name(Code.KEYS_LEFT_OUT, next(key for key in SYSTEMS if row.get(key) == system))
    return made


def _known(row: Row, known: tuple[str, ...], notes: Notes, inside: str = "") -> Row:
    for key, value in row.items():
        if key not in known and not is_nothing(value):
            notes.name(Code.KEYS_LEFT_OUT, inside + key)
    return {key: value for key, value in row.items() if key in known and value is not None}


def _chat(row: Row, notes: Notes) -> Row:
    """The messages and the tools of a row, by themselves."""
    made = {**row, "messages": messages_of(row["messages"], notes)}
    for key in ("tools", "functions"):
        if isinstance(row.get(key), str):
            if tools := tools_of(row[key]):
                made[key] = tools
            elif not row[key].strip():
                del made[key]
    return {key: value for key, value in made.items() if key in CHAT and value is not None}


def _preference(row: Row, notes: Notes) -> Row:
    asked = _known(row["input"], INPUT_KEYS, notes, "input.")
    if is_talk(asked.get("messages")):
        asked = _chat(asked, notes)
    outputs = {key: messages_of(row[key], notes) for key in OUTPUT_KEYS if is_talk(row.get(key))}
    return {**row, "input": asked, **outputs}


def messages_of(messages: list[Row], notes: Notes) -> list[Row]:
    return completed([_message(each, notes) for each in messages])


def _message(message: Row, notes: Notes) -> Row:
    """Only what is beside a content is left out: an unknown key may be the content itself, misspelt."""
    speaks = any(message.get(key) for key in ("content", "tool_calls", "function_call", "refusal"))
    made = {}
    for key, value in message.items():
        if value is None and key != "content":
            continue
        if key not in MESSAGE and speaks:
            if not is_nothing(value):
                notes.name(Code.KEYS_LEFT_OUT, f"messages.{key}")
            continue
        made[key] = value
    return made


def is_nothing(value: object) -> bool:
    return value is None or value in ("", [], {})
