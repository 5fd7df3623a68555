"""A chat model's reply, read whatever it is."""

from typing import Any, NamedTuple

from jobs.answers import storable


class Reply(NamedTuple):
    """`model`: the name that the service answers by. A count is None where the service gives none."""

    text: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str = ""


def read(answer: dict[str, Any]) -> Reply:
    """The first choice and the usage, as far as the service gives them in the shape of OpenAI's API."""
    choices, usage = answer.get("choices"), answer.get("usage")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = first.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    counted = usage if isinstance(usage, dict) else {}
    prompt, completion = (_count(counted.get(key)) for key in ("prompt_tokens", "completion_tokens"))
    text = storable(content).strip() if isinstance(content, str) else ""
    reason, model = (storable(value)[:300] if isinstance(value, str) else "" for value in _names(first, answer))
    return Reply(text, reason, prompt, completion, model)


def _names(choice: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
    return choice.get("finish_reason"), answer.get("model")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
