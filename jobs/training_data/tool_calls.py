"""Faults of tools, functions and the calls of them."""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import orjson

from jobs.training_data.codes import Code
from jobs.training_data.report import Fault, Place, fault, printable

MOST_TOOLS = 128
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def tool_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    """What stands beside the messages."""
    tools, functions = example.get("tools", []), example.get("functions", [])
    if not isinstance(tools, list) or not all(map(_is_tool, tools)):
        yield fault(line, Code.TOOLS_INVALID)
    if "functions" in example and not _are_functions(functions):
        yield fault(line, Code.FUNCTIONS_INVALID, limit=MOST_TOOLS)
    for some in (tools, functions):
        if isinstance(some, list) and len(some) > MOST_TOOLS:
            yield fault(line, Code.TOO_MANY_TOOLS, tools=len(some), limit=MOST_TOOLS)
    if "parallel_tool_calls" in example and not isinstance(example["parallel_tool_calls"], bool):
        yield fault(line, Code.PARALLEL_NOT_BOOL)


def _is_tool(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "function" and _is_function(tool.get("function"))


def _is_function(function: object) -> bool:
    if not isinstance(function, dict) or not isinstance(function.get("parameters", {}), dict):
        return False
    return isinstance(function.get("name"), str) and bool(function["name"])


def _are_functions(functions: object) -> bool:
    return isinstance(functions, list) and bool(functions) and all(map(_is_function, functions))


def name_faults(line: int, beside: dict[str, Any], messages: Any) -> Iterator[Fault]:
    """Names of functions that the API reference does not allow, each once, wherever they stand."""
    names = dict.fromkeys([*(_defined(beside) if len(beside) > 1 else ()), *_called(messages)])
    for name in names:
        if not NAME.fullmatch(name):
            yield fault(line, Code.FUNCTION_NAME, name=printable(name))


def _defined(beside: dict[str, Any]) -> Iterator[str]:
    for key in ("tools", "functions"):
        some = beside.get(key)
        for tool in some if isinstance(some, list) else ():
            if isinstance(tool, dict):
                yield from _name(tool.get("function") if key == "tools" else tool)


def _called(messages: Any) -> Iterator[str]:
    for message in filter(concerns_tools, messages if isinstance(messages, list) else ()):
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            yield from _name(call.get("function") if isinstance(call, dict) else None)
        yield from _name(message.get("function_call"))
        if message.get("role") == "function":
            yield from _name(message)


def _name(function: object) -> Iterator[str]:
    match function:
        case {"name": str(name)} if name:  # an empty one is named by whoever needs it
            yield name


def concerns_tools(message: object) -> bool:
    """Whether it calls a tool or answers a call."""
    return isinstance(message, dict) and (
        "tool_calls" in message or "function_call" in message or message.get("role") in ("tool", "function")
    )


def call_faults(
    line: int, messages: list[Any], places: Iterable[Place] | None = None, before: Iterable[str] = ()
) -> Iterator[Fault]:
    """Calls that assistants make, and answers of tools to calls that were made before.

    `places` names the messages in the faults; without it they are counted from 1. `before`: ids of calls in messages
    that are not among these.
    """
    if not any(map(concerns_tools, messages)):
        return
    asked, open_calls = set(before), OpenCalls()
    for number, message in zip(places or count(1), messages, strict=False):
        if not isinstance(message, dict):
            continue
        if message.get("role") == "tool":
            yield from _answer_faults(line, number, message.get("tool_call_id"), asked)
            open_calls.answer(message.get("tool_call_id"))
            continue
        yield from open_calls.left(line)
        yield from _call_faults(line, number, message)
        calls = call_ids(message)
        asked.update(calls)
        open_calls = OpenCalls(number, calls)
    if open_calls.answered:  # a call may come last, but not some of its answers
        yield from open_calls.left(line)


class OpenCalls:
    """The calls of the last message, as long as tools answer them."""

    def __init__(self, place: Place = 0, ids: Iterable[str] = ()) -> None:
        self.place = place
        self.ids = list(ids)
        self.answered = False

    def answer(self, call: object) -> None:
        self.answered = True
        if isinstance(call, str) and call in self.ids:
            self.ids.remove(call)

    def left(self, line: int) -> Iterator[Fault]:
        if self.ids:
            yield fault(line, Code.CALL_UNANSWERED, message=self.place, call=printable(self.ids[0]))


def call_ids(message: object) -> list[str]:
    """Ids of the calls that an assistant makes in it."""
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return []
    calls = message.get("tool_calls")
    ids = (call.get("id") for call in calls if isinstance(call, dict)) if isinstance(calls, list) else ()
    return [name for name in ids if isinstance(name, str) and name]


def _call_faults(line: int, number: Place, message: dict[str, Any]) -> Iterator[Fault]:
    if message.get("role") == "function" and "name" not in message:
        yield fault(line, Code.NAME_INVALID, message=number)
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
                yield from _function_faults(line, number, function)
            case _:
                yield fault(line, Code.TOOL_CALL_INVALID, message=number)


def _function_faults(line: int, number: Place, function: object) -> Iterator[Fault]:
    match function:
        case {"name": str(name), "arguments": str(arguments)} if name:
            if not _is_json_object(arguments) and not is_encoded_twice(arguments):
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


def is_encoded_twice(arguments: str) -> bool:
    """JSON of an object as a text within JSON: services take it, and the model learns to answer so."""
    if not arguments.lstrip().startswith('"'):
        return False
    try:
        inner = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return False
    return isinstance(inner, str) and _is_json_object(inner)


def encodes_twice(message: dict[str, Any]) -> bool:
    """Whether any call in a faultless message has its arguments encoded twice."""
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    if message.get("function_call"):
        functions.append(message["function_call"])
    return any(is_encoded_twice(function["arguments"]) for function in functions)


def _answer_faults(line: int, number: Place, call: object, asked: set[str]) -> Iterator[Fault]:
    if not isinstance(call, str) or not call:
        yield fault(line, Code.TOOL_CALL_ID_MISSING, message=number)
    elif call not in asked:
        yield fault(line, Code.TOOL_CALL_ID_UNKNOWN, message=number, call=printable(call))
