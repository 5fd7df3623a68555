"""Talks as other programs keep them: ShareGPT (with calls of tools, as LLaMA-Factory has them), Alpaca, trl's pairs."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.tables.calls import Ids, calls_of, tools_of
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.ready import SYSTEMS, is_nothing, is_talk, messages_of
from jobs.training_data.tables.values import text

type Row = dict[str, Any]
type Message = dict[str, Any]

TALKS = ("conversations", "conversation", "messages", "dialogue", "dialog", "turns")
ALPACA = ("instruction", "input", "output", "system", "history")
SPEAKERS = {
    "human": "user",
    "user": "user",
    "사용자": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "bard": "assistant",
    "bing": "assistant",
    "system": "system",
    "function_call": "calls",
    "tool_call": "calls",
    "observation": "tool",
    "tool": "tool",
    "tool_response": "tool",
    "function_response": "tool",
    "function-response": "tool",
}
SPEAKER, CONTENT = ("from", "role", "speaker"), ("value", "content", "text")
WEIGHTS = ("weight", "train", "loss")  # axolotl and others: whether this answer is learnt
TOOLS = ("tools", "functions")


def is_sharegpt(row: Row) -> bool:
    return any(isinstance(row.get(key), list) for key in TALKS)


def sharegpt(row: Row, notes: Notes) -> Row | None:
    name = next(key for key in TALKS if isinstance(row.get(key), list))
    messages = list(turns(row[name], notes))
    if not messages:
        return None
    name_left_out(row, (name, *SYSTEMS, *TOOLS), notes)
    return with_system(row, messages) | with_tools(row, notes)


def turns(talk: list[Any], notes: Notes) -> Iterator[Message]:
    """Its messages. A speaker nobody knows keeps his name, so that the check can name the line."""
    if is_talk(talk):
        yield from messages_of(talk, notes)
        return
    ids = Ids()
    for turn in talk:
        if isinstance(turn, dict):
            yield from _turn(turn, ids, notes)
        else:
            notes.add(Code.TURNS_LEFT_OUT, text=text(turn))


def _turn(turn: Row, ids: Ids, notes: Notes) -> Iterator[Message]:
    name_left_out(turn, (*SPEAKER, *CONTENT, *WEIGHTS, "name"), notes, "conversations.")
    speaker = text(next((turn[key] for key in SPEAKER if key in turn), "")).strip()
    said = next((turn[key] for key in CONTENT if turn.get(key) is not None), None)
    role = SPEAKERS.get(speaker.lower(), speaker)
    if role == "calls":
        calls = calls_of(said)
        yield ids.calling(calls) if calls else {"role": "assistant", "content": text(said)}
    elif role == "tool":
        yield from ids.answering(text(said))
    else:
        yield {"role": role, "content": text(said)} | _weight(turn, role)


def _weight(turn: Row, role: str) -> Message:
    value = next((turn[key] for key in WEIGHTS if turn.get(key) is not None), None)
    return {"weight": int(value)} if role == "assistant" and value in (0, 1) else {}


def with_system(row: Row, messages: list[Message]) -> Row:
    system = text(next((row[key] for key in SYSTEMS if row.get(key)), ""))
    first = [{"role": "system", "content": system}] if system and messages[0].get("role") != "system" else []
    return {"messages": [*first, *messages]}


def with_tools(row: Row, notes: Notes) -> Row:
    for key in TOOLS:
        if is_nothing(row.get(key)):
            continue
        if tools := tools_of(row[key]):
            return {"tools": tools}
        notes.name(Code.KEYS_LEFT_OUT, key)
    return {}


def name_left_out(row: Row, used: tuple[str, ...], notes: Notes, inside: str = "") -> None:
    for key, value in row.items():
        if key not in used and not is_nothing(value):
            notes.name(Code.KEYS_LEFT_OUT, inside + key)


def is_alpaca(row: Row) -> bool:
    return {"instruction", "input", "output"} <= {key.strip().lower() for key in row}


def alpaca(row: Row, notes: Notes) -> Row | None:
    name_left_out({key: value for key, value in row.items() if key.strip().lower() not in ALPACA}, (), notes)
    plain = {key.strip().lower(): value for key, value in row.items()}
    past = plain.get("history")
    history = [(text(each[0]), text(each[1])) for each in past if _is_turn(each)] if isinstance(past, list) else []
    for each in past if isinstance(past, list) else ():
        if not _is_turn(each):
            notes.add(Code.TURNS_LEFT_OUT, text=text(each))
    asked = joined(plain.get("instruction"), plain.get("input"))
    messages = asked_and_answered(text(plain.get("system")), history, asked, text(plain.get("output")))
    return {"messages": messages} if messages else None


def _is_turn(each: object) -> bool:
    return isinstance(each, list) and len(each) == 2


def asked_and_answered(system: str, past: list[tuple[str, str]], asked: str, answered: str) -> list[Message]:
    """Nothing where neither is there; a missing answer is left for the check."""
    if not (asked or answered or past):
        return []
    first = [{"role": "system", "content": system}] if system else []
    for question, reply in [*past, (asked, answered)]:
        first += [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    return first


def joined(*parts: object) -> str:
    return "\n\n".join(each for part in parts if (each := text(part)))


def is_pair(row: Row) -> bool:
    """trl's conversational prompt and completion."""
    return is_talk(row.get("prompt")) and is_talk(row.get("completion"))


def pair(row: Row, notes: Notes) -> Row:
    name_left_out(row, ("prompt", "completion", *TOOLS), notes)
    return {"messages": messages_of([*row["prompt"], *row["completion"]], notes)} | with_tools(row, notes)
