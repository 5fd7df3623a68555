"""What a chat model answered, read whatever it is, and what is odd about it."""

from typing import Any, NamedTuple

from jobs.answers import storable
from jobs.run_states import Flag

GRAM = 8  # characters: so long a run in common is no chance
COPIED = 0.8  # of the answer, when it is as long as this share of the text
AS_LONG = 0.5


class Said(NamedTuple):
    text: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None


def read(answer: dict[str, Any]) -> Said:
    """The first choice and the usage, as far as the service told them in the shape of OpenAI's API."""
    choices, usage = answer.get("choices"), answer.get("usage")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = first.get("message")
    text = message.get("content") if isinstance(message, dict) else None
    told = usage if isinstance(usage, dict) else {}
    prompt, completion = (_count(told.get(key)) for key in ("prompt_tokens", "completion_tokens"))
    said = storable(text).strip() if isinstance(text, str) else ""
    return Said(said, str(first.get("finish_reason") or ""), prompt, completion)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def flags_of(said: Said, text: str) -> list[str]:
    """What is odd: nothing said, cut off by the limit, or the text itself given back."""
    if not said.text:
        return [Flag.EMPTY.value]
    found = [Flag.CUT.value] if said.finish_reason == "length" else []
    return found + ([Flag.COPY.value] if is_copy(said.text, text) else [])


def is_copy(answer: str, text: str) -> bool:
    """Whether an answer that is at least half as long as the text consists of it, whatever its white space."""
    answer, text = "".join(answer.split()), "".join(text.split())
    if len(answer) < GRAM or len(answer) < AS_LONG * len(text):
        return False
    grams = [answer[i : i + GRAM] for i in range(len(answer) - GRAM + 1)]
    known = {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}
    return sum(gram in known for gram in grams) >= COPIED * len(grams)
