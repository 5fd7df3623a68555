"""Pairs of a better and a worse answer as other programs keep them (trl, LLaMA-Factory, HH-RLHF), as DPO examples."""

import re
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.pair_names import clear_names
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.ready import SYSTEMS, is_talk, messages_of
from jobs.training_data.tables.talks import TALKS, TOOLS, joined, name_left_out, turns, with_system, with_tools
from jobs.training_data.tables.values import text

type Row = dict[str, Any]
type Message = dict[str, Any]

BETTER = (
    "chosen", "preferred", "preferred_output", "preferred_completion", "preferred_response", "chosen_response",
    "response_chosen", "chosen_answer", "answer_chosen", "chosen_messages",
)  # fmt: skip
WORSE = (
    "rejected", "non_preferred", "non_preferred_output", "non_preferred_completion", "non_preferred_response",
    "rejected_response", "response_rejected", "rejected_answer", "answer_rejected", "dispreferred",
    "rejected_messages",
)  # fmt: skip
ASKED = ("prompt", "instruction", "question", "query", "user", "질문", "input")
MORE = ("input", "context")
HH = re.compile(r"\n\n(Human|Assistant): ?")
ROLES = {"Human": "user", "Assistant": "assistant"}


def keys_of(row: Row) -> tuple[str, str] | None:
    """The names of the better and of the worse answer."""
    plain = {key.strip().lower(): key for key in row}
    better = next((plain[name] for name in BETTER if name in plain), None)
    worse = next((plain[name] for name in WORSE if name in plain), None)
    return (better, worse) if better is not None and worse is not None else clear_names(row)


def is_preference(row: Row) -> bool:
    found = keys_of(row)
    return bool(found) and all(isinstance(row[key], str | list | dict) for key in found or ())


def preference(row: Row, notes: Notes, number: int) -> Row | None:
    """Nothing, and a note, where the two talks differ before their last answers: that is no pair."""
    better, worse = keys_of(row) or ("", "")
    used = [better, worse, *SYSTEMS, *TOOLS]
    good, bad = _answers(row[better], notes), _answers(row[worse], notes)
    if len(good) > 1 or len(bad) > 1:
        if good[:-1] != bad[:-1]:
            notes.add(Code.PAIRS_DIFFER, row=number)
            return None
        asked = good[:-1]
        used += [name for name in ASKED if name in row and _says(asked, row[name])]
    else:
        asked = _asked(row, used, notes)
    name_left_out(row, tuple(used), notes)
    if not asked and not good and not bad:
        return None
    question = with_system(row, asked)["messages"] if asked else []
    return dpo(question, good[-1:], bad[-1:]) | ({"input": {"messages": question} | with_tools(row, notes)})


def dpo(asked: list[Message], good: list[Message], bad: list[Message]) -> Row:
    return {"input": {"messages": asked}, "preferred_output": good, "non_preferred_output": bad}


def _says(asked: list[Message], value: object) -> bool:
    """Whether a prompt that stands beside whole talks says nothing that is not in them."""
    return value == asked or any(text(each.get("content")) == text(value) for each in asked)


def _answers(value: object, notes: Notes) -> list[Message]:
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list):
        return messages_of(value, notes) if is_talk(value) else list(turns(value, notes))
    said = text(value)
    if said and (talk := _hh(str(value), least=2)):
        return talk
    return [{"role": "assistant", "content": said}] if said else []


def _hh(value: str, least: int) -> list[Message]:
    """Anthropic's HH-RLHF: a talk as one text of "\\n\\nHuman: …\\n\\nAssistant: …"."""
    parts = HH.split(value)
    if len(parts) < 1 + 2 * least or parts[0].strip():
        return []
    return [{"role": ROLES[who], "content": said.strip()} for who, said in zip(parts[1::2], parts[2::2], strict=True)]


def _asked(row: Row, used: list[str], notes: Notes) -> list[Message]:
    """What was asked: a talk, or the text of a prompt with more of it below."""
    for name in (*TALKS, *ASKED):
        if isinstance(row.get(name), list) and row[name]:
            used.append(name)
            return list(turns(row[name], notes))
    name = next((name for name in ASKED if isinstance(row.get(name), str) and row[name].strip()), "")
    if not name:
        return []
    if talk := _hh(row[name].rstrip().removesuffix("\n\nAssistant:"), least=1):
        used.append(name)
        return talk
    more = [each for each in MORE if each != name and isinstance(row.get(each), str)]
    used += [name, *more]
    return [{"role": "user", "content": joined(row[name], *(row[each] for each in more))}]
