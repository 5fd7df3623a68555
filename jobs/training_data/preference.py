"""Faults of a preference (DPO) line: {"input": {"messages": […]}, "preferred_output": …, "non_preferred_output": …}.

Text only, and exactly one assistant message in each output: so the services document it.
"""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.chat import message_faults, messages_faults
from jobs.training_data.codes import Code
from jobs.training_data.images import count_images
from jobs.training_data.keys import INPUT_KEYS, OUTPUT_KEYS, PREFERENCE_KEYS, meant, unknown_keys
from jobs.training_data.report import Fault, fault
from jobs.training_data.tool_calls import call_faults, tool_faults


def preference_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(line, example, PREFERENCE_KEYS)
    misspelt = {meant(key, PREFERENCE_KEYS) for key in example.keys() - set(PREFERENCE_KEYS)}
    for key in PREFERENCE_KEYS:
        if key in example:
            yield from (_output_faults(line, key, example[key]) if key in OUTPUT_KEYS else _input_faults(line, example))
        elif key not in misspelt:
            yield fault(line, Code.PREFERENCE_KEY_MISSING, key=key)


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


def _output_faults(line: int, key: str, output: object) -> Iterator[Fault]:
    match output:
        case [{"role": "assistant"} as answer]:
            yield from message_faults(line, key, answer)
            yield from call_faults(line, [answer], [key])
            if count_images([answer]):
                yield fault(line, Code.PREFERENCE_IMAGE, key=key)
        case _:
            yield fault(line, Code.PREFERENCE_OUTPUT_INVALID, key=key)
