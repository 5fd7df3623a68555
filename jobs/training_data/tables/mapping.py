"""A row of a table as a chat example."""

from typing import Any

import orjson

from jobs.training_data.tables.guessing import TALKS
from jobs.training_data.tables.shapes import Cells, Mapping

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
}


def example(row: Cells, mapping: Mapping) -> list[dict[str, Any]]:
    """Its messages. A row that holds nothing in these columns gives none; a missing answer is left for the check."""
    match mapping.shape:
        case "alpaca":
            return _alpaca({key.strip().lower(): value for key, value in row.items()})
        case "sharegpt":
            return _talk(row)
    asked = _joined(row.get(mapping.user), row.get(mapping.context))
    answered = text(row.get(mapping.assistant))
    system = text(row.get(mapping.system)) if mapping.system else ""
    return _messages(system, [], asked, answered)


def _alpaca(row: Cells) -> list[dict[str, Any]]:
    asked = _joined(row.get("instruction"), row.get("input"))
    history = row.get("history")
    turns = [(text(each[0]), text(each[1])) for each in history if _is_turn(each)] if isinstance(history, list) else []
    return _messages(text(row.get("system")), turns, asked, text(row.get("output")))


def _is_turn(each: object) -> bool:
    return isinstance(each, list) and len(each) == 2


def _messages(system: str, turns: list[tuple[str, str]], asked: str, answered: str) -> list[dict[str, Any]]:
    if not (asked or answered or turns):
        return []
    first = [{"role": "system", "content": system}] if system else []
    for question, reply in [*turns, (asked, answered)]:
        first += [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    return first


def _talk(row: Cells) -> list[dict[str, Any]]:
    talk: list[Any] = next((row[key] for key in TALKS if isinstance(row.get(key), list)), [])
    said = [_said(turn) for turn in talk if isinstance(turn, dict)]
    system = text(row.get("system") or row.get("system_prompt"))
    return [{"role": "system", "content": system}, *said] if system and said else said


def _said(turn: dict[str, Any]) -> dict[str, Any]:
    """A speaker nobody knows keeps his name, so that the check can name the line."""
    speaker = text(turn.get("from", turn.get("role", ""))).strip()
    content = turn.get("value", turn.get("content"))
    return {"role": SPEAKERS.get(speaker.lower(), speaker), "content": text(content)}


def _joined(*parts: object) -> str:
    return "\n\n".join(each for part in parts if (each := text(part)))


def text(value: object) -> str:
    """White space around a cell is dropped, as the conversion of prompts and completions does."""
    match value:
        case None:
            return ""
        case str():
            return value.strip()
    return orjson.dumps(value).decode()
