"""What is no fault of an example, but a person should know of it."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.report import Format


def remarks(kind: Format, example: dict[str, Any]) -> Iterator[Code]:
    """Warnings of a good example."""
    if kind == "chat":
        if example["messages"][-1]["role"] != "assistant":
            yield Code.LAST_NOT_ASSISTANT
        answers = [message for message in example["messages"] if message["role"] == "assistant"]
    elif kind == "preference":
        preferred, rejected = example["preferred_output"], example["non_preferred_output"]
        if preferred == rejected:
            yield Code.SAME_ANSWERS
        answers = preferred + rejected
    else:
        return
    if any(answer.get("content") == "" for answer in answers):
        yield Code.EMPTY_ANSWERS
