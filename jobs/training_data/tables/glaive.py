"""glaive-function-calling: a talk as one text of `USER:`, `ASSISTANT:` and `FUNCTION RESPONSE:`, tools before it."""

import re
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.tables.calls import Ids, arguments_text, loaded, tools_of
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.talks import name_left_out
from jobs.training_data.tables.values import DECODER

type Row = dict[str, Any]
type Message = dict[str, Any]

SPEAKER = re.compile(r"(?:^|\n)\s{0,8}(SYSTEM|USER|ASSISTANT|A|FUNCTION RESPONSE):[ \t]*")
CALL = re.compile(r"<functioncall>\s*")
ARGUMENTS = re.compile(r'\A.{0,200}?"name":\s*"([^"]+)"\s*,\s*"arguments":\s*\'(.*)\'\s*\}\s*\Z', re.DOTALL)
END = "<|endoftext|>"
TEXTS = ("chat", "sample")


def is_glaive(row: Row) -> bool:
    return any(isinstance(row.get(key), str) and "USER:" in row[key] and "ASSISTANT:" in row[key] for key in TEXTS)


def glaive(row: Row, notes: Notes) -> Row:
    name = next(key for key in TEXTS if isinstance(row.get(key), str))
    name_left_out(row, (name, "system"), notes)
    system = row["system"] if isinstance(row.get("system"), str) else ""
    parts = SPEAKER.split(f"{system}\n{row[name]}" if system else row[name])
    messages: list[Message] = []
    tools: list[Any] = []
    ids = Ids()
    for who, said in zip(parts[1::2], parts[2::2], strict=True):
        words = said.replace(END, "").strip()
        if who == "SYSTEM":
            words, tools = _system(words)
            messages += [{"role": "system", "content": words}] if words else []
        elif who == "USER":
            messages.append({"role": "user", "content": words})
        elif who == "FUNCTION RESPONSE":
            messages += ids.answering(words)
        else:
            messages.append(_answer(words, ids, notes))
    return {"messages": messages} | ({"tools": tools} if tools else {})


def _system(words: str) -> tuple[str, list[Any]]:
    """Its words, and the functions that follow them as JSON objects."""
    start = words.find("{")
    if start < 0:
        return words, []
    found, at = [], start
    while at < len(words):
        try:
            value, at = DECODER.raw_decode(words, at)
        except (ValueError, RecursionError):
            return words, []
        found.append(value)
        while at < len(words) and words[at] in " \t\r\n,":
            at += 1
    return words[:start].rstrip().removesuffix("-").rstrip(), tools_of(found)


def _answer(words: str, ids: Ids, notes: Notes) -> Message:
    before, *calls = CALL.split(words)
    made = [_call(each.strip()) for each in calls]
    if made and all(made):
        return ids.calling([each for each in made if each], before.strip() or None)
    if calls:
        notes.add(Code.CALLS_AS_TEXT, text=words)
    return {"role": "assistant", "content": words}


def _call(written: str) -> Message | None:
    """Its arguments stand in single quotes, which is no JSON."""
    if found := ARGUMENTS.search(written):
        return {"name": found[1], "arguments": found[2]}
    match loaded(written):
        case {"name": str(name), **rest}:
            return {"name": name, "arguments": arguments_text(rest.get("arguments", {}))}
    return None
