"""Faults of a chat line: {"messages": […], "tools": …, "parallel_tool_calls": …, "functions": …}."""

from collections.abc import Collection, Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.images import image_faults, too_many_images
from jobs.training_data.keys import CHAT_KEYS, ONE_SERVICE_KEYS, ROLES, meant, unknown_keys, unknown_message_keys
from jobs.training_data.pair_names import labels
from jobs.training_data.report import Fault, Place, fault, printable
from jobs.training_data.tool_calls import call_faults, name_faults, tool_faults

ALLOWED_KEYS = frozenset({*CHAT_KEYS, *ONE_SERVICE_KEYS})
TEXT_PARTS = ("text", "refusal", "input_text", "output_text")  # the last two are of another API: their form is shown
COMMON_KEYS = frozenset({"role", "content"})


def chat_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    if not example.keys() <= ALLOWED_KEYS:
        labelled = labels(example)
        yield from (fault(line, Code.LABELLED, key=key) for key in labelled)
        yield from unknown_keys(line, example, CHAT_KEYS, [*ONE_SERVICE_KEYS, *labelled])
    if len(example) > 1:
        yield from tool_faults(line, example)
        yield from _weight_faults(line, example)
    messages = example["messages"]
    yield from name_faults(line, example, messages)
    yield from messages_faults(line, messages)
    if messages and isinstance(messages, list):
        yield from _answer_faults(line, messages)


def messages_faults(line: int, messages: Any, roles: Collection[str] = ROLES) -> Iterator[Fault]:
    """Each message on its own, and the calls and images of all of them."""
    if not isinstance(messages, list):
        yield fault(line, Code.MESSAGES_NOT_LIST)
    elif not messages:
        yield fault(line, Code.MESSAGES_EMPTY)
    elif not all(map(plain_message, messages)):
        for number, message in enumerate(messages, 1):
            yield from message_faults(line, number, message, roles)
        yield from too_many_images(line, messages)
        yield from call_faults(line, messages)


def _weight_faults(line: int, example: dict[str, Any]) -> Iterator[Fault]:
    """Together takes a weight of the example, any number."""
    if "weight" in example and (isinstance(example["weight"], bool) or not isinstance(example["weight"], int | float)):
        yield fault(line, Code.KEY_UNKNOWN, key="weight")


def _answer_faults(line: int, messages: list[Any]) -> Iterator[Fault]:
    answers = [each for each in messages if isinstance(each, dict) and each.get("role") == "assistant"]
    if answers:
        if all(answer.get("weight") == 0 for answer in answers):
            yield fault(line, Code.NOTHING_TO_TRAIN)
    elif all(isinstance(each, dict) and each.get("role") in ROLES for each in messages):
        yield fault(line, Code.NO_ASSISTANT)  # else a misspelt role was named already


def plain_message(message: Any) -> bool:
    """A role and a text, as nearly every message is: nothing can be wrong with it."""
    return (
        type(message) is dict
        and message.keys() == COMMON_KEYS
        and message["role"] in ("system", "user", "assistant")
        and type(message["content"]) is str
    )


def message_faults(line: int, number: Place, message: Any, roles: Collection[str] = ROLES) -> Iterator[Fault]:
    """`number` counts the messages from 1, or names the place of a message that stands alone."""
    if plain_message(message):
        return
    if not isinstance(message, dict):
        yield fault(line, Code.MESSAGE_NOT_OBJECT, message=number)
        return
    role = message.get("role")
    yield from unknown_message_keys(line, number, message)
    yield from _role_faults(line, number, role, roles)
    yield from _content_faults(line, number, message)
    if "name" in message and not (isinstance(message["name"], str) and message["name"]):
        yield fault(line, Code.NAME_INVALID, message=number)
    if "weight" in message and role != "assistant":
        yield fault(line, Code.WEIGHT_ROLE, message=number, role=printable(role))
    elif "weight" in message and not is_weight(message["weight"]):
        yield fault(line, Code.WEIGHT_VALUE, message=number, value=printable(message["weight"]))


def is_weight(value: object) -> bool:
    """1.0 is a whole number in JSON, and how data frames write one."""
    return type(value) in (int, float) and value in (0, 1)


def _role_faults(line: int, number: Place, role: object, roles: Collection[str]) -> Iterator[Fault]:
    if not isinstance(role, str):
        yield fault(line, Code.ROLE_MISSING, message=number)
    elif role not in roles:
        if suggestion := meant(role, roles):
            yield fault(line, Code.ROLE_MISSPELT, message=number, role=printable(role), suggestion=suggestion)
        else:
            yield fault(line, Code.ROLE_UNKNOWN, message=number, role=printable(role))


def _content_faults(line: int, number: Place, message: dict[str, Any]) -> Iterator[Fault]:
    content = message.get("content")
    calls = message.get("role") == "assistant" and (message.get("tool_calls") or message.get("function_call"))
    if content is None and not calls and not message.get("refusal"):
        yield fault(line, Code.CONTENT_MISSING, message=number)
    elif content == []:
        yield fault(line, Code.CONTENT_EMPTY, message=number)
    elif isinstance(content, list):
        for at, part in enumerate(content, 1):
            yield from _part_faults(line, number, at, part, message.get("role"))
    elif content is not None and not isinstance(content, str):
        yield fault(line, Code.CONTENT_TYPE, message=number)


def _part_faults(line: int, number: Place, at: int, part: object, role: object) -> Iterator[Fault]:
    match part:
        case {"type": "text", "text": str()} | {"type": "refusal", "refusal": str()}:
            return
        case {"type": "image_url", "image_url": {"url": str()} as image}:
            if role != "user":
                yield fault(line, Code.IMAGE_NOT_ALLOWED, message=number, role=printable(role))
            yield from image_faults(line, number, at, image)
        case {"type": "image_url" | "input_image" | "image"}:
            yield fault(line, Code.IMAGE_URL_TEXT, message=number, part=at)
        case {"type": str(kind)} if kind not in TEXT_PARTS:
            yield fault(line, Code.PART_TYPE_UNKNOWN, message=number, part=at, kind=printable(kind))
        case _:
            yield fault(line, Code.PART_INVALID, message=number, part=at)
