"""The texts of an example, whichever format it has: who says what, what is asked, what is answered.

`beside` holds what tells examples from each other although their texts are the same: images, sound, files, tools,
names, and what a grader reads.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from jobs.training_data.reading import BOM

# Structure, not text: a role, an id or a picture is never somebody's data, and changing one breaks the example.
STRUCTURE = frozenset({"role", "name", "type", "id", "tool_call_id", "image_url", "weight"})
NUMBERING = frozenset({"id", "_id", "uuid", "idx", "index", "metadata"})  # names a row, whatever is in it
TEXT_KEYS = NUMBERING | {"messages", "input", "preferred_output", "non_preferred_output"}
SPOKEN_PARTS = ("text", "refusal")
MESSAGE_EXTRAS = ("name", "audio")


class Spoken(NamedTuple):
    """`answer` is what the model learns to say; None where the example has none (reinforcement)."""

    texts: list[tuple[str, str]]  # role and text, in order
    asked: list[tuple[str, str]]  # those before the answer
    answer: str | None
    beside: str = ""  # canonical JSON; empty where there are only texts
    attached: str = ""  # what of it belongs to messages
    words: str = ""  # of the answer, without its calls of tools
    rejected: str = ""  # the other answer of a preference
    is_silent: bool = False  # an answer that is learnt has nothing in it


def spoken(example: dict[str, Any]) -> Spoken:
    match example:
        case {"prompt": str(prompt), "completion": str(completion)}:
            texts = [("user", prompt), ("assistant", completion)]
            return Spoken(texts, texts[:1], completion, words=completion, is_silent=not completion.strip())
        case {"input": dict(asked), "preferred_output": list(good), "non_preferred_output": list(bad)}:
            return _preference(example, asked, good, bad)
    messages = _messages(example.get("messages"))
    texts, attached = _texts(messages), _attached(messages)
    beside, last = _beside(example, attached), _answer_place(messages)
    if last is None:
        return Spoken(texts, texts, None, beside, attached)
    words, is_silent = _words(messages[last]), any(map(_is_silent, messages))
    return Spoken(texts, texts[:last], texts[last][1], beside, attached, words, is_silent=is_silent)


def _preference(example: dict[str, Any], asked: dict[str, Any], good: list[Any], bad: list[Any]) -> Spoken:
    messages, preferred, rejected = (_messages(each) for each in (asked.get("messages"), good, bad))
    every = [*messages, *preferred, *rejected]
    before, chosen, other = _texts(messages), _texts(preferred), _texts(rejected)
    attached = _attached(every)
    return Spoken(
        [*before, *chosen, *other],
        before,
        _joined(chosen),
        _beside({**example, **asked}, attached),
        attached,
        "\n".join(map(_words, preferred)),
        _joined(other),
        any(map(_is_silent, every)),
    )


def _is_silent(message: dict[str, Any]) -> bool:
    if message.get("role") != "assistant" or message.get("weight") == 0:
        return False
    return not text_of(message).strip() and next(_extras(message), None) is None


def _messages(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _answer_place(messages: list[dict[str, Any]]) -> int | None:
    """The last answer that is learnt; where none is, the last."""
    places = [at for at, each in enumerate(messages) if each.get("role") == "assistant"]
    learnt = [at for at in places if messages[at].get("weight") != 0]
    return max(learnt or places, default=None)


def _texts(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(str(each.get("role", "")), text_of(each)) for each in messages]


def text_of(message: dict[str, Any]) -> str:
    """What the message says; calls of tools as their JSON, without ids, which are drawn by lot."""
    said = _words(message)
    calls = message.get("tool_calls") or message.get("function_call")
    return f"{said}{orjson.dumps(_without_ids(calls)).decode()}" if calls else said or str(message.get("refusal") or "")


def _words(message: dict[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else "\n".join(_parts(content))


def _without_ids(calls: object) -> object:
    if not isinstance(calls, list):
        return calls
    return [{key: call[key] for key in call if key != "id"} if isinstance(call, dict) else call for call in calls]


def _parts(content: object) -> Iterator[str]:
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            yield str(part.get("text") or part.get("refusal") or "")


def _beside(example: dict[str, Any], attached: str) -> str:
    found = {key: example[key] for key in example if key not in TEXT_KEYS} if len(example) > 1 else {}
    return f"{_canonical(found)}{attached}" if found else attached


def _attached(messages: list[dict[str, Any]]) -> str:
    extras = [(at, extra) for at, message in enumerate(messages) for extra in _extras(message)]
    return _canonical(extras) if extras else ""


def _canonical(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _extras(message: dict[str, Any]) -> Iterator[object]:
    """What a message holds beside its text."""
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or part.get("type") not in SPOKEN_PARTS:
            yield part
    yield from ((key, message[key]) for key in MESSAGE_EXTRAS if message.get(key))


def _joined(texts: list[tuple[str, str]]) -> str:
    return "\x1e".join(f"{role}\x1f{text}" for role, text in texts)


def strings(value: object) -> Iterator[str]:
    """Every text in it that may hold somebody's data: what masking would change."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, below in value.items():
            if key not in STRUCTURE:
                yield from strings(below)
    elif isinstance(value, list):
        for below in value:
            yield from strings(below)


def loaded(raw: bytes) -> dict[str, Any] | None:
    """The example; None for what is none, or is nested deeper than can be written again."""
    try:
        value = orjson.loads(raw.removeprefix(BOM))
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value if isinstance(value, dict) else None
