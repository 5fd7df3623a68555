"""What is no fault of an example, but a person should know of it."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.images import wrong_labels
from jobs.training_data.keys import reasoning_keys
from jobs.training_data.report import Format
from jobs.training_data.tool_calls import encodes_twice


def remarks(kind: Format, example: dict[str, Any]) -> Iterator[Code]:
    """Warnings of a good example."""
    messages = example.get("messages", [])
    if kind == "chat":
        if messages[-1]["role"] != "assistant":
            yield Code.LAST_NOT_ASSISTANT
        if "weight" in example:
            yield Code.EXAMPLE_WEIGHT
        answers = [message for message in messages if message["role"] == "assistant"]
    elif kind == "preference":
        preferred, rejected = example["preferred_output"], example["non_preferred_output"]
        if preferred == rejected:
            yield Code.SAME_ANSWERS
        if len(preferred) > 1 or len(rejected) > 1:
            yield Code.OUTPUT_OF_SEVERAL
        answers = preferred + rejected
        messages = [*example["input"]["messages"], *answers]
    else:
        answers = []
    if any(answer.get("content") == "" for answer in answers):
        yield Code.EMPTY_ANSWERS
    yield from _of_messages(messages)


def _of_messages(messages: list[dict[str, Any]]) -> Iterator[Code]:
    calling = [each for each in messages if "tool_calls" in each or "function_call" in each]
    if any(map(encodes_twice, calling)):
        yield Code.ARGUMENTS_TWICE
    if any(isinstance(each.get("content"), list) and wrong_labels(each) for each in messages):
        yield Code.IMAGE_LABEL
    if any(len(each) > 2 and reasoning_keys(each) for each in messages):
        yield Code.REASONING
