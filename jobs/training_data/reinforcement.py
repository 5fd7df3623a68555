"""Faults of a reinforcement (RFT) line: {"messages": […, the question], "tools": …, and whatever its grader reads}."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.chat import messages_faults
from jobs.training_data.codes import Code
from jobs.training_data.keys import REINFORCEMENT_ROLES
from jobs.training_data.report import Fault, fault, printable
from jobs.training_data.tool_calls import name_faults, tool_faults

RESERVED_KEYS = frozenset({"messages", "tools"})


def reinforcement_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    messages = example["messages"]
    yield from tool_faults(line, {key: example[key] for key in RESERVED_KEYS & example.keys()})
    yield from name_faults(line, example, messages)
    yield from messages_faults(line, messages, REINFORCEMENT_ROLES)
    last = messages[-1] if messages and isinstance(messages, list) else None
    if isinstance(last, dict) and last.get("role") in REINFORCEMENT_ROLES and last["role"] != "user":
        yield fault(line, Code.LAST_NOT_USER, role=printable(last["role"]))


def grader_keys(example: dict[str, Any]) -> frozenset[str]:
    """What a grader's template can name: {{item.key}}."""
    return frozenset(example.keys() - RESERVED_KEYS)
