"""Which kind of example a line is, and the faults of that kind."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.chat import chat_faults
from jobs.training_data.codes import Code
from jobs.training_data.keys import CHAT_KEYS, LEGACY_KEYS, PREFERENCE_KEYS, meant
from jobs.training_data.legacy import legacy_faults
from jobs.training_data.report import Fault, Format, fault, printable

ESSENTIAL_KEYS = ("messages", *LEGACY_KEYS)
KEYS_SHOWN = 5


def example_faults(line: int, example: dict[str, Any]) -> tuple[Format, Iterator[Fault]]:
    if "messages" in example:
        return "chat", chat_faults(line, example)
    if not example.keys().isdisjoint(LEGACY_KEYS):
        return "legacy", legacy_faults(line, example)
    return "unknown", _unknown_faults(line, example)


def _unknown_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    if not example.keys().isdisjoint(PREFERENCE_KEYS):
        yield fault(line, Code.PREFERENCE_FORMAT)
        return
    shown = sorted(example)[:KEYS_SHOWN]
    misspelt = [(key, word) for key in shown if key not in CHAT_KEYS and (word := meant(key, ESSENTIAL_KEYS))]
    for key, word in misspelt:
        yield fault(line, Code.KEY_MISSPELT, key=printable(key), suggestion=word)
    if not misspelt:
        yield fault(line, Code.UNKNOWN_FORMAT, keys=printable(", ".join(shown)))
