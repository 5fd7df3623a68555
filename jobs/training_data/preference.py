"""Faults of a preference (DPO) line: {"input": {"messages": […]}, "preferred_output": …, "non_preferred_output": …}.

Text only, and one assistant message in each output: so the services document it. Azure takes outputs of several
messages, of assistants and tools, with at least one assistant among them; that is noted, not refused.
"""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.chat import message_faults, messages_faults
from jobs.training_data.codes import Code
from jobs.training_data.images import count_images
from jobs.training_data.keys import INPUT_KEYS, OUTPUT_KEYS, PREFERENCE_KEYS, SAME_WORD, meant, unknown_keys
from jobs.training_data.pair_names import other_names
from jobs.training_data.report import Fault, fault, printable
from jobs.training_data.tool_calls import call_faults, call_ids, name_faults, tool_faults

OUTPUT_ROLES = ("assistant", "tool")


def preference_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    if (named := other_names(example)) and not _need_renaming_only(example, *named):
        yield fault(line, Code.PREFERENCE_OTHER_NAMES, keys=printable(", ".join(named)))
        return
    yield from unknown_keys(line, example, PREFERENCE_KEYS)
    misspelt = {meant(key, PREFERENCE_KEYS) for key in example.keys() - set(PREFERENCE_KEYS)}
    for key in PREFERENCE_KEYS:
        if key in OUTPUT_KEYS and key in example:
            yield from _output_faults(line, key, example)
        elif key in example:
            yield from _input_faults(line, example)
        elif key not in misspelt:
            yield fault(line, Code.PREFERENCE_KEY_MISSING, key=key)
    yield from name_faults(line, _beside(example), [m for key in PREFERENCE_KEYS for m in _messages(example, key)])


def _need_renaming_only(example: dict[str, Any], *names: str) -> bool:
    return bool(_messages(example, "input")) and all(SAME_WORD.get(name) in OUTPUT_KEYS for name in names)


def _beside(example: dict[str, Any]) -> dict[str, Any]:
    return example["input"] if isinstance(example.get("input"), dict) else {}


def _messages(example: dict[str, Any], key: str) -> list[Any]:
    some = _beside(example).get("messages") if key == "input" else example.get(key)
    return some if isinstance(some, list) else []


def _input_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    match example["input"]:
        case {"messages": list(asked)} if asked:
            yield from unknown_keys(line, example["input"], INPUT_KEYS)
            yield from tool_faults(line, example["input"])
            yield from messages_faults(line, asked)
            if count_images(asked):
                yield fault(line, Code.PREFERENCE_IMAGE, key="input")
        case _:
            yield fault(line, Code.PREFERENCE_INPUT_INVALID)


def _output_faults(line: int, key: str, example: dict[str, Any]) -> Iterator[Fault]:
    output = example[key]
    if not _is_output(output):
        yield fault(line, Code.PREFERENCE_OUTPUT_INVALID, key=key)
        return
    places = [key if len(output) == 1 else f"{key} {number}" for number in range(1, len(output) + 1)]
    for place, message in zip(places, output, strict=True):
        yield from message_faults(line, place, message)
    before = [call for message in _messages(example, "input") for call in call_ids(message)]
    yield from call_faults(line, output, places, before)
    if count_images(output):
        yield fault(line, Code.PREFERENCE_IMAGE, key=key)


def _is_output(output: object) -> bool:
    if not isinstance(output, list) or not all(isinstance(message, dict) for message in output):
        return False
    roles = [message.get("role") for message in output]
    return "assistant" in roles and all(role in OUTPUT_ROLES for role in roles)
