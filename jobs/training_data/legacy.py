"""Faults of a {"prompt": …, "completion": …} line of 2023."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.keys import LEGACY_KEYS, unknown_keys
from jobs.training_data.pair_names import labels
from jobs.training_data.report import Fault, fault


def legacy_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    told = labels(example)
    for key in told:
        yield fault(line, Code.LABELLED, key=key)
    if told:  # the cause; the rest may be as it should be for KTO
        return
    yield from unknown_keys(line, example, LEGACY_KEYS)
    if all(_are_messages(example.get(key)) for key in LEGACY_KEYS):
        yield fault(line, Code.LEGACY_MESSAGES)
        return
    for key in LEGACY_KEYS:
        if key not in example:
            yield fault(line, Code.LEGACY_KEY_MISSING, key=key)
        elif not isinstance(example[key], str):
            yield fault(line, Code.LEGACY_NOT_TEXT, key=key)
    completion = example.get("completion")
    if isinstance(completion, str) and not completion.strip():
        yield fault(line, Code.LEGACY_EMPTY)


def _are_messages(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and "role" in each for each in value)
