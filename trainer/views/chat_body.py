"""The body of a question, checked: every refusal names its parameter."""

from typing import Any

from trainer.engines.reading import ROLES, text_of
from trainer.orders import storable
from wire.errors import invalid

type Json = dict[str, Any]

MOST_STOPS, LONGEST_STOP = 4, 1000
SEEDS = (-(2**63), 2**63 - 1)
TOOLS = ("tools", "functions")
SPOKEN = ROLES - {"tool", "function"}


def model_name(body: Json) -> str:
    name = storable(str(body.get("model") or ""), "model")
    if not name:
        raise invalid("you must provide a model parameter", "model")
    return name


def messages_of(body: Json) -> list[Json]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid 'messages': expected an array with at least one message.", "messages")
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            param = f"messages[{place}].role"
            raise invalid(f"Invalid '{param}': expected one of {', '.join(sorted(ROLES))}.", param, "invalid_value")
        if not isinstance(message.get("content"), str | list | None):
            param = f"messages[{place}].content"
            raise invalid(f"Invalid type for '{param}': expected a string or an array.", param, "invalid_type")
    return messages


def limit_of(body: Json) -> int:
    """The most tokens to answer with; 0 for no limit."""
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    limit = body.get(name)
    if limit is None:
        return 0
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise invalid(f"Invalid '{name}': expected an integer >= 1.", name, "integer_below_min_value")
    return limit


def is_counted(body: Json) -> bool:
    """Whether a stream ends with its usage."""
    return _has_option(body, "include_usage")


def is_placed(body: Json) -> bool:
    """Whether a stream says its place in the queue while it waits (ours)."""
    return _has_option(body, "include_queue")


def _has_option(body: Json, name: str) -> bool:
    options = body.get("stream_options") or {}
    if not isinstance(options, dict):
        raise invalid("Invalid type for 'stream_options': expected an object.", "stream_options", "invalid_type")
    return bool(options.get(name))


def number(body: Json, name: str, most: float) -> float:
    """From 0 to `most`; 1 where none is given."""
    value = body.get(name)
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise invalid(f"Invalid '{name}': expected a number from 0 to {most:g}.", name)
    return float(value)


# --- what real models take besides --------------------------------------------------------------------


def wishes(body: Json) -> Json:
    """How a real model is to answer, as the chat process is asked for it."""
    _refuse_what_is_not_done(body)
    return {
        "temperature": number(body, "temperature", 2),
        "top_p": number(body, "top_p", 1),
        "max_tokens": limit_of(body) or None,
        "seed": _seed(body),
        "stop": _stops(body),
    }


def spoken(messages: list[Json]) -> list[dict[str, str]]:
    """Roles and texts, as chat templates take them."""
    return [_spoken(message, f"messages[{place}]") for place, message in enumerate(messages)]


def prompt_of(body: Json) -> str:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise invalid("Invalid 'prompt': expected one string.", "prompt", "invalid_type")
    return storable(prompt, "prompt")


def _spoken(message: Json, param: str) -> dict[str, str]:
    role, content = str(message["role"]), message.get("content")
    if role not in SPOKEN or message.get("tool_calls") or message.get("function_call"):
        raise invalid(f"Invalid '{param}': real models use no tools here.", param, "unsupported_value")
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise invalid(f"Invalid '{param}.content': expected text only.", f"{param}.content", "unsupported_value")
    return {"role": "system" if role == "developer" else role, "content": storable(text_of(content), param)}


def _refuse_what_is_not_done(body: Json) -> None:
    if body.get("n") not in (None, 1) or isinstance(body.get("n"), bool):
        raise invalid("Invalid 'n': one answer at a time.", "n", "unsupported_value")
    for name in TOOLS:
        if body.get(name):
            raise invalid(f"Invalid '{name}': real models use no tools here.", name, "unsupported_value")
    if body.get("logprobs"):
        raise invalid("Invalid 'logprobs': they are not given here.", "logprobs", "unsupported_value")
    form = body.get("response_format")
    if form is not None and (not isinstance(form, dict) or form.get("type") != "text"):
        raise invalid("Invalid 'response_format': text only.", "response_format", "unsupported_value")


def _seed(body: Json) -> int | None:
    seed = body.get("seed")
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, int) or not SEEDS[0] <= seed <= SEEDS[1]:
        raise invalid("Invalid 'seed': expected an integer of 64 bits.", "seed", "invalid_type")
    return seed


def _stops(body: Json) -> list[str]:
    stop = body.get("stop")
    stops = [] if stop is None else [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or len(stops) > MOST_STOPS:
        raise invalid(f"Invalid 'stop': expected at most {MOST_STOPS} strings.", "stop", "invalid_type")
    if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_STOP for one in stops):
        raise invalid(f"Invalid 'stop': expected strings of 1 to {LONGEST_STOP} characters.", "stop", "invalid_value")
    return [storable(one, "stop") for one in stops]
