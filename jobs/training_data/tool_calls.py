"""Faults of tools, functions and the calls of them."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import orjson

from jobs.training_data.codes import Code
from jobs.training_data.report import Fault, Place, fault, printable

MOST_FUNCTIONS = 128


def tool_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    """What stands beside the messages."""
    tools = example.get("tools", [])
    if not isinstance(tools, list) or not all(map(_is_tool, tools)):
        yield fault(line, Code.TOOLS_INVALID)
    functions = example.get("functions")
    if "functions" in example and not _are_functions(functions):
        yield fault(line, Code.FUNCTIONS_INVALID, limit=MOST_FUNCTIONS)
    if "parallel_tool_calls" in example and not isinstance(example["parallel_tool_calls"], bool):
        yield fault(line, Code.PARALLEL_NOT_BOOL)


def _is_tool(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "function" and _is_function(tool.get("function"))


def _is_function(function: object) -> bool:
    if not isinstance(function, dict) or not isinstance(function.get("parameters", {}), dict):
        return False
    return isinstance(function.get("name"), str) and bool(function["name"])


def _are_functions(functions: object) -> bool:
    return isinstance(functions, list) and 1 <= len(functions) <= MOST_FUNCTIONS and all(map(_is_function, functions))


def call_faults(line: int, messages: list[Any], places: Iterable[Place] | None = None) -> Iterator[Fault]:
    """Calls that assistants make, and answers of tools to calls that were made before.

    `places` names the messages in the faults; without it they are counted from 1.
    """
    asked: set[str] = set()
    for number, message in zip(places or count(1), messages, strict=False):
        if not isinstance(message, dict):
            continue
        yield from _call_faults(line, number, message, asked)
        if message.get("role") == "tool":
            yield from _answer_faults(line, number, message.get("tool_call_id"), asked)
        elif message.get("role") == "function" and "name" not in message:
            yield fault(line, Code.NAME_INVALID, message=number)


def _call_faults(line: int, number: Place, message: dict[str, Any], asked: set[str]) -> Iterator[Fault]:
    if "tool_calls" not in message and "function_call" not in message:
        return
    if message.get("role") != "assistant":
        yield fault(line, Code.TOOL_CALLS_ROLE, message=number, role=printable(message.get("role")))
        return
    if "function_call" in message:
        yield from _function_faults(line, number, message["function_call"])
    calls = message.get("tool_calls", [])
    if not isinstance(calls, list) or ("tool_calls" in message and not calls):
        yield fault(line, Code.TOOL_CALL_INVALID, message=number)
        return
    for call in calls:
        match call:
            case {"id": str(name), "type": "function", "function": function} if name:
                asked.add(name)
                yield from _function_faults(line, number, function)
            case _:
                yield fault(line, Code.TOOL_CALL_INVALID, message=number)


def _function_faults(line: int, number: Place, function: object) -> Iterator[Fault]:
    match function:
        case {"name": str(name), "arguments": str(arguments)} if name:
            if not _is_json_object(arguments):
                yield fault(line, Code.ARGUMENTS_NOT_JSON, message=number, name=printable(name))
        case {"name": str(name), "arguments": _} if name:
            yield fault(line, Code.ARGUMENTS_NOT_TEXT, message=number, name=printable(name))
        case _:
            yield fault(line, Code.TOOL_CALL_INVALID, message=number)


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _answer_faults(line: int, number: Place, call: object, asked: set[str]) -> Iterator[Fault]:
    if not isinstance(call, str) or not call:
        yield fault(line, Code.TOOL_CALL_ID_MISSING, message=number)
    elif call not in asked:
        yield fault(line, Code.TOOL_CALL_ID_UNKNOWN, message=number, call=printable(call))
