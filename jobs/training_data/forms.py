"""Right examples in the wrong form: what can be rewritten so that nothing is guessed and nothing is lost."""

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import orjson

from jobs.training_data import python
from jobs.training_data.decoding import UnreadableError, decode
from jobs.training_data.empty_keys import without_empty
from jobs.training_data.images import right_label
from jobs.training_data.reading import Line
from jobs.training_data.report import LIMITS
from jobs.training_data.tool_calls import is_encoded_twice


class Form(StrEnum):
    """In the order in which a person reads of them. jobs/repair_words.py has the words."""

    ONE_LINE = "one_line"
    BLANK_LINES = "blank_lines"
    PYTHON = "python"
    EMPTY_KEYS = "empty_keys"
    WHOLE_NUMBERS = "whole_numbers"
    ARGUMENTS = "arguments"
    IMAGE_URLS = "image_urls"
    IMAGE_LABELS = "image_labels"


BLANKS = "\r\n\t\v\f \ufeff"
HINTS = ("null", "[]", "None", "True", "False", '"weight"', '"image_url"', '"arguments"')

type Example = dict[str, Any]


def rewritten(text: str) -> tuple[str, list[Form]]:
    """The line, and what was done to it: nothing where it is right, or wrong in another way."""
    body = text.strip(BLANKS)
    if not body:
        return "", [Form.BLANK_LINES]
    if not body.startswith("{'") and not any(hint in body for hint in HINTS):
        return text, []
    if _is_right(body):
        return text, []
    body, done = _in_json(body)
    if (example := _loaded(body)) is None:
        return text, []
    changed = _changed(example)
    if changed:
        body = json.dumps(example, ensure_ascii=False)
    return (f"{body}\n", done + changed) if done or changed else (text, [])


def _is_right(body: str) -> bool:
    """Looked at quickly: nearly every line is."""
    try:
        example = orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return False
    return not (isinstance(example, dict) and _changed(example))


def _changed(example: Example) -> list[Form]:
    return [form for form, change in CHANGES.items() if change(example)]


def _in_json(body: str) -> tuple[str, list[Form]]:
    if _loaded(body) is None and (written := python.as_json(body)) is not None:
        return written, [Form.PYTHON]
    return body, []


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


def _parts(example: Example) -> Iterator[Example]:
    for message in _messages(example):
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "image_url":
                yield part


def _functions(example: Example) -> Iterator[Example]:
    for message in _messages(example):
        calls = message.get("tool_calls")
        found = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        yield from (each for each in [*found, message.get("function_call")] if isinstance(each, dict))


def _without_empty_keys(example: Example) -> bool:
    kept, names = without_empty(example)
    if names:
        example.clear()
        example.update(kept)
    return bool(names)


def _with_whole_numbers(example: Example) -> bool:
    found = [each for each in _messages(example) if type(each.get("weight")) is float and each["weight"] in (0, 1)]
    for message in found:
        message["weight"] = int(message["weight"])
    return bool(found)


def _with_plain_arguments(example: Example) -> bool:
    found = [each for each in _functions(example) if isinstance(each.get("arguments"), str)]
    twice = [each for each in found if is_encoded_twice(each["arguments"])]
    for function in twice:
        function["arguments"] = json.loads(function["arguments"])
    return bool(twice)


def _with_image_urls(example: Example) -> bool:
    found = [part for part in _parts(example) if isinstance(part.get("image_url"), str)]
    for part in found:
        part["image_url"] = {"url": part["image_url"]}
    return bool(found)


def _with_image_labels(example: Example) -> bool:
    found = [part["image_url"] for part in _parts(example) if isinstance(part.get("image_url"), dict)]
    labels = [(image, right_label(image["url"])) for image in found if isinstance(image.get("url"), str)]
    for image, label in labels:
        image["url"] = label or image["url"]
    return any(label for _image, label in labels)


CHANGES: dict[Form, Callable[[Example], bool]] = {  # each changes the example, and says whether it did
    Form.EMPTY_KEYS: _without_empty_keys,
    Form.WHOLE_NUMBERS: _with_whole_numbers,
    Form.ARGUMENTS: _with_plain_arguments,
    Form.IMAGE_URLS: _with_image_urls,
    Form.IMAGE_LABELS: _with_image_labels,
}
