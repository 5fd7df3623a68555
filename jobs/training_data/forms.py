"""Right examples in the wrong form: what can be rewritten so that nothing is guessed and nothing is lost."""

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import orjson

from jobs.training_data import python
from jobs.training_data.chat import plain_message
from jobs.training_data.decoding import UnreadableError, decode
from jobs.training_data.empty_keys import without_empty
from jobs.training_data.images import right_label
from jobs.training_data.objects import on_one_line
from jobs.training_data.plain import DECODER
from jobs.training_data.reading import Line
from jobs.training_data.report import LIMITS
from jobs.training_data.tool_calls import is_encoded_twice


class Form(StrEnum):
    """In the order in which a person reads of them. jobs/repair_words.py has the words."""

    ONE_LINE = "one_line"
    BLANK_LINES = "blank_lines"
    PYTHON = "python"
    ENCODED_TWICE = "encoded_twice"
    EMPTY_KEYS = "empty_keys"
    WHOLE_NUMBERS = "whole_numbers"
    ARGUMENTS = "arguments"
    IMAGE_URLS = "image_urls"
    IMAGE_LABELS = "image_labels"


BLANKS = "\r\n\t\v\f \ufeff"

type Example = dict[str, Any]


class Written(NamedTuple):
    """A line in the right form, and what was done to it; `is_object`: the line is one, right or not."""

    text: str
    done: list[Form]
    is_object: bool = True


def rewritten(text: str) -> Written:
    """Nothing is done where the line is right, or wrong in another way."""
    body = text.strip(BLANKS)
    if not body:
        return Written("", [Form.BLANK_LINES])
    if _is_plain(body):
        return Written(text, [])
    quick = _parsed(body)
    if quick is not None and not _changed(quick):
        return Written(text, [])
    body, done = (body, []) if quick is not None else _as_object(body)
    if (example := _loaded(body)) is None:
        return Written(text, [], is_object=quick is not None)
    changed = _changed(example)
    return Written(f"{json.dumps(example, ensure_ascii=False) if changed else body}\n", done + changed)


def _is_plain(body: str) -> bool:
    """Nearly every line is: roles and texts, and nothing else."""
    try:
        DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return True


def _parsed(body: str) -> Example | None:
    """Quickly, without a look at what the check would refuse."""
    try:
        example = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return example if isinstance(example, dict) else None


def _as_object(body: str) -> tuple[str, list[Form]]:
    """The object in JSON, where the line holds it in Python, or in JSON within a text."""
    only_a_comma = _parsed(body.rstrip(", \t")) is not None
    if not only_a_comma and (written := python.as_json(body)) is not None:
        return written, [Form.PYTHON]
    try:
        inner = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body, []
    return (on_one_line(inner), [Form.ENCODED_TWICE]) if isinstance(inner, str) else (body, [])


def _changed(example: Example) -> list[Form]:
    emptied = [Form.ENCODED_TWICE] if _with_list_of_messages(example) else []
    emptied += [Form.EMPTY_KEYS] if _without_empty_keys(example) else []
    odd = [message for message in _messages(example) if not plain_message(message)]
    return emptied + [form for form, change in CHANGES.items() if odd and change(odd)]


def _loaded(body: str) -> Example | None:
    """Only what the check reads without a fault: a key that stands twice must not go. Numbers keep all their digits."""
    raw = body.encode("utf-8", "surrogatepass")
    try:
        decode(Line(1, raw, True, False, len(raw)), LIMITS)
        example: Example = json.loads(body)
    except (UnreadableError, ValueError, RecursionError):
        return None
    return example


def _messages(example: Example) -> Iterator[Example]:
    asked = example.get("input")
    lists = [example.get(key) for key in ("messages", "preferred_output", "non_preferred_output")]
    lists.append(asked.get("messages") if isinstance(asked, dict) else None)
    for some in lists:
        yield from (each for each in some if isinstance(each, dict)) if isinstance(some, list) else ()


def _parts(messages: list[Example]) -> Iterator[Example]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "image_url":
                yield part


def _functions(messages: list[Example]) -> Iterator[Example]:
    for message in messages:
        calls = message.get("tool_calls")
        found = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        yield from (each for each in [*found, message.get("function_call")] if isinstance(each, dict))


def _without_empty_keys(example: Example) -> bool:
    kept, names = without_empty(example)
    if names:
        example.clear()
        example.update(kept)
    return bool(names)


def _with_list_of_messages(example: Example) -> bool:
    """As a column of a table holds them."""
    if not isinstance(example.get("messages"), str):
        return False
    try:
        messages = json.loads(example["messages"])
    except (ValueError, RecursionError):
        return False
    if isinstance(messages, list):
        example["messages"] = messages
    return isinstance(messages, list)


def _with_whole_numbers(messages: list[Example]) -> bool:
    found = [each for each in messages if type(each.get("weight")) is float and each["weight"] in (0, 1)]
    for message in found:
        message["weight"] = int(message["weight"])
    return bool(found)


def _with_plain_arguments(messages: list[Example]) -> bool:
    found = [each for each in _functions(messages) if isinstance(each.get("arguments"), str)]
    twice = [each for each in found if is_encoded_twice(each["arguments"])]
    for function in twice:
        function["arguments"] = json.loads(function["arguments"])
    return bool(twice)


def _with_image_urls(messages: list[Example]) -> bool:
    found = [part for part in _parts(messages) if isinstance(part.get("image_url"), str)]
    for part in found:
        part["image_url"] = {"url": part["image_url"]}
    return bool(found)


def _with_image_labels(messages: list[Example]) -> bool:
    found = [part["image_url"] for part in _parts(messages) if isinstance(part.get("image_url"), dict)]
    labels = [(image, right_label(image["url"])) for image in found if isinstance(image.get("url"), str)]
    for image, label in labels:
        image["url"] = label or image["url"]
    return any(label for _image, label in labels)


CHANGES: dict[Form, Callable[[list[Example]], bool]] = {  # each changes the messages, and says whether it did
    Form.WHOLE_NUMBERS: _with_whole_numbers,
    Form.ARGUMENTS: _with_plain_arguments,
    Form.IMAGE_URLS: _with_image_urls,
    Form.IMAGE_LABELS: _with_image_labels,
}
