"""Tools and calls of tools as other programs write them, in OpenAI's words."""

import json
from collections.abc import Iterator
from typing import Any

from jobs.training_data.tables.values import DECODER, dumped

type Message = dict[str, Any]


def tools_of(value: object) -> list[Any]:
    """A list of tools: given as a text of JSON, as bare functions, or as they should be. None where it is no list."""
    if isinstance(value, str):
        value = loaded(value)
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return []
    return [_tool(each) for each in value]


def _tool(value: object) -> object:
    match value:
        case {"name": str(), **rest} if "function" not in rest and "type" not in rest:
            return {"type": "function", "function": value}
        case {"function": {"name": str()} as function, **rest} if "type" not in rest:
            return {"type": "function", "function": function}
    return value


def loaded(text: str) -> Any:
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def calls_of(value: object) -> list[Message]:
    """The calls in a turn such as {"name": …, "arguments": {…}}, one or a list of them; none where it is no call."""
    value = loaded(value) if isinstance(value, str) else value
    calls = value if isinstance(value, list) else [value]
    made = [_call(each) for each in calls]
    return [each for each in made if each] if all(made) else []


def _call(value: object) -> Message | None:
    match value:
        case {"function": {"name": str()} as function}:
            return _call(function)
        case {"name": str(name), **rest}:
            arguments = rest.get("arguments", rest.get("parameters", {}))
            return {"name": name, "arguments": arguments_text(arguments)}
    return None


def arguments_text(value: object) -> str:
    """The API wants arguments as a text of JSON."""
    if isinstance(value, str):
        return value if value.strip() else "{}"
    return dumped(value if value is not None else {}).decode()


class Ids:
    """Gives each call of a talk an id, and each answer the id of the call it answers, in their order."""

    def __init__(self) -> None:
        self.made = 0
        self.open: list[str] = []

    def calling(self, calls: list[Message], content: str | None = None) -> Message:
        names = [f"call_{self.made + place}" for place in range(1, len(calls) + 1)]
        made = [{"id": name, "type": "function", "function": call} for name, call in zip(names, calls, strict=True)]
        self.made += len(calls)
        self.open = names
        return {"role": "assistant", "content": content or None, "tool_calls": made}

    def answering(self, content: str) -> Iterator[Message]:
        """One answer; or several, where the text is a list with one for each open call."""
        each = loaded(content) if len(self.open) > 1 else None
        if isinstance(each, list) and len(each) == len(self.open):
            for value in each:
                yield self._answer(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        else:
            yield self._answer(content)

    def _answer(self, content: str) -> Message:
        call = self.open.pop(0) if self.open else f"call_{self.made}"
        return {"role": "tool", "tool_call_id": call, "content": content}


def completed(messages: list[Message]) -> list[Message]:
    """Messages whose calls lack an id, or hold arguments that are no text, as transformers have them, completed.

    Where nothing is missing they come back as they are.
    """
    if not any(_is_lacking(message) for message in messages):
        return messages
    ids, out = Ids(), []
    for message in messages:
        calls = message.get("tool_calls")
        if isinstance(calls, list) and (made := calls_of(calls)):
            named = ids.calling(made)
            out.append({**message, "content": message.get("content"), "tool_calls": named["tool_calls"]})
        elif message.get("role") == "tool" and isinstance(content := message.get("content"), str):
            out += ids.answering(content)
        else:
            out.append(message)
    return out


def _is_lacking(message: Message) -> bool:
    calls = message.get("tool_calls")
    if message.get("role") == "tool":
        return not message.get("tool_call_id")
    return isinstance(calls, list) and any(
        isinstance(call, dict) and (not call.get("id") or not isinstance(_arguments(call), str)) for call in calls
    )


def _arguments(call: Message) -> object:
    function = call.get("function")
    return function.get("arguments") if isinstance(function, dict) else None
