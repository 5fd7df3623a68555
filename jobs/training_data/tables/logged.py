"""What went over OpenAI's wire: requests with their answers become examples; either alone is refused by name."""

from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import fault
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.ready import is_talk, messages_of
from jobs.training_data.tables.talks import TOOLS, name_left_out, with_tools
from jobs.training_data.tables.values import dumped, text

type Row = dict[str, Any]
type Message = dict[str, Any]

REQUESTS = ("request", "body", "input", "inputs", "messages")
ANSWERS = ("response", "output", "outputs", "completion")
OBJECTS = ("chat.completion", "response", "text_completion")
PARTS = {"input_text": "text", "output_text": "text"}
SETTINGS = ("model", "messages", "input", "instructions", "metadata", "store", "object", "temperature", "stream")


def is_logged(row: Row) -> bool:
    if "custom_id" in row and ("body" in row or "response" in row):
        return True
    if row.get("object") in OBJECTS and ("choices" in row or "output" in row):
        return True
    request, answer = _parts(row)
    return bool(_asked(request) and _answered(answer))


def logged(row: Row, notes: Notes, number: int) -> Row:
    """Raises RefusedError where one half is missing."""
    request, answer = _parts(row)
    asked, answered = _asked(request), _answered(answer)
    if not asked:
        raise RefusedError(fault(0, Code.ANSWERS_ALONE, number=number))
    if not answered and asked[-1].get("role") != "assistant":
        raise RefusedError(fault(0, Code.REQUESTS_ALONE, number=number))
    body = request if isinstance(request, dict) else {}
    name_left_out(body, (*SETTINGS, *ANSWERS, *TOOLS), notes)
    instructions = text(body.get("instructions"))
    first = [{"role": "system", "content": instructions}] if instructions else []
    tools = with_tools({"tools": _tools(body.get("tools"))}, notes)
    return {"messages": messages_of([*first, *asked, *answered], notes)} | tools


def _parts(row: Row) -> tuple[Any, Any]:
    """The request and the answer of a row; the row itself may be either, or both (a stored response with its input)."""
    request = next((row[key] for key in REQUESTS if row.get(key)), None)
    answer = next((row[key] for key in ANSWERS if row.get(key)), None)
    if row.get("object") in OBJECTS or "choices" in row:
        answer = row
    if isinstance(request, str | list) and ("messages" in row or "input" in row):
        request = row
    return request, answer


def _asked(request: Any) -> list[Message]:
    match request:
        case {"messages": messages} if is_talk(messages):
            return list(messages)
        case {"input": str(words)} if "model" in request or "instructions" in request or "output" in request:
            return [{"role": "user", "content": words}]
        case {"input": [*items]}:
            return _items(items)
        case [*messages] if is_talk(messages):
            return list(messages)
    return []


def _answered(answer: Any) -> list[Message]:
    match answer:
        case {"body": dict(body)}:
            return _answered(body)
        case {"choices": [{"message": {"role": "assistant"} as message}, *_others]}:
            return [{key: value for key, value in message.items() if not _is_empty(value)} | _content(message)]
        case {"output": [*items]}:
            return _items(items)
        case {"role": "assistant"}:
            return [answer]
        case [{"type": str()}, *_others]:
            return _items(answer)
        case [*messages] if is_talk(messages) and messages[-1]["role"] == "assistant":
            return list(messages)
    return []


def _is_empty(value: object) -> bool:
    return value is None or value in ("", [], {})


def _content(message: Message) -> Message:
    return {"content": message.get("content")}


def _items(items: list[Any]) -> list[Message]:
    """Items of the Responses API as messages; none where one of them is something else."""
    made: list[Message] = []
    for item in items:
        match item:
            case {"type": "function_call", "call_id": str(call), "name": str(name), "arguments": str(arguments)}:
                one = {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}
                if made and "tool_calls" in made[-1]:
                    made[-1]["tool_calls"].append(one)
                else:
                    made.append({"role": "assistant", "content": None, "tool_calls": [one]})
            case {"type": "function_call_output", "call_id": str(call), "output": output}:
                said = output if isinstance(output, str) else dumped(output).decode()
                made.append({"role": "tool", "tool_call_id": call, "content": said})
            case {"type": "reasoning"}:
                continue
            case {"role": str(role), "content": content}:
                made.append({"role": role, "content": _joined(content)})
            case _:
                return []
    return made


def _joined(content: Any) -> Any:
    """Texts alone are one text; with images they stay parts, in the words of chat."""
    if not isinstance(content, list):
        return content
    parts = [_part(each) for each in content]
    if all(isinstance(each, dict) and each.get("type") == "text" for each in parts):
        return "".join(text_ for each in parts if isinstance(text_ := each.get("text"), str))
    return parts


def _part(part: Any) -> Any:
    match part:
        case {"type": "input_text" | "output_text", "text": str(words)}:
            return {"type": "text", "text": words}
        case {"type": "input_image", "image_url": str(address)}:
            return {"type": "image_url", "image_url": {"url": address}}
    return part


def _tools(tools: Any) -> Any:
    """The Responses API has a function's name beside its type."""
    if not isinstance(tools, list):
        return tools
    return [
        {"type": "function", "function": {key: value for key, value in each.items() if key != "type"}}
        if isinstance(each, dict) and each.get("type") == "function" and "function" not in each
        else each
        for each in tools
    ]
