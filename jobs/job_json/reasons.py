"""Why a job failed: an object, a text, a list, under this name or that one."""

from typing import Any

import orjson

from jobs.job_json.names import text

type Json = dict[str, Any]

# Where a job or an error keeps the reason, the most telling first.
OF_JOBS = ("error", "errors", "failure_reason", "failure_message", "error_message", "last_error", "failure_details")
OF_JOBS_TOO = ("status_details", "status_detail", "status_message", "status_reason", "status_info", "exception")
OF_JOBS_LAST = ("detail", "reason", "message")
WORDS = ("message", "msg", "error_message", "detail", "details", "reason", "description", "failure_reason", "title")
WORDS_TOO = ("error_description", "text", "status_message")
NESTED = ("error", "errors", "inner_error", "innererror", "cause", "last_error")
CODES = ("code", "error_code", "type", "reason_code")
FIELDS = ("param", "parameter", "field", "loc", "target")
LONGEST = 4000
DEEPEST = 6
CODES_OF_SUCCESS = ("", "0", "ok", "none", "null", "success", "succeeded", "20000")


def error_of(raw: Json) -> Json:
    """{"code", "message", "param"}, as far as a place that is for errors alone says them; empty where none does.

    `raw`: by snake_case names.
    """
    return next((found for name in OF_JOBS if (found := _read(raw.get(name), 0))), {})


def reason_of(raw: Json) -> Json:
    """The same of a job that is known to have failed: what else it says of itself is the reason, too."""
    status = raw.get("status")
    said = [raw.get(name) for name in OF_JOBS_TOO]
    said += [status if isinstance(status, dict) else None]  # Fireworks: {"code": "INVALID_ARGUMENT", "message": "…"}
    said += [raw.get(name) for name in OF_JOBS_LAST]
    found = error_of(raw)
    if found.get("message"):
        return found
    return next((told for value in said if (told := _read(value, 0)).get("message")), {}) | found


def _read(value: object, depth: int) -> Json:
    if depth > DEEPEST:
        return {}
    if isinstance(value, str):
        return _of_text(value.strip(), depth)
    if isinstance(value, list):
        return _of_list(value, depth)
    return _of_object(value, depth) if isinstance(value, dict) else {}


def _of_text(words: str, depth: int) -> Json:
    """The words; or, where they are JSON once more, what that says."""
    if words[:1] in ("{", "["):
        try:
            return _read(orjson.loads(words), depth + 1) or {"message": words[:LONGEST]}
        except orjson.JSONDecodeError:
            pass
    return {"message": words[:LONGEST]} if words.casefold() not in CODES_OF_SUCCESS else {}


def _of_list(items: list[Any], depth: int) -> Json:
    """All of them, in one text; code and field of the first that has them."""
    read = [found for found in (_read(item, depth + 1) for item in items[:20]) if found]
    words = "; ".join(found["message"] for found in read if found.get("message"))[:LONGEST]
    joined = {name: found[name] for found in reversed(read) for name in ("code", "param") if name in found}
    return joined | ({"message": words} if words else {})


def _of_object(value: Json, depth: int) -> Json:
    inner = next((found for name in NESTED if (found := _read(value.get(name), depth + 1))), {})
    words = next((said for name in (*WORDS, *WORDS_TOO) if (said := _words(value.get(name), depth))), "")
    own = {"code": _short(value, CODES), "message": words, "param": _short(value, FIELDS)}
    told = inner | {name: said for name, said in own.items() if said}
    return told if told.get("message") or told.get("code") else {}


def _words(value: object, depth: int) -> str:
    return text(_read(value, depth + 1).get("message"), LONGEST)


def _short(value: Json, names: tuple[str, ...]) -> str:
    """A code or a field's name; one that says that all is well says nothing."""
    found = next((value[name] for name in names if value.get(name) not in (None, "", [], {})), "")
    parts = [str(part) for part in found] if isinstance(found, list) else [str(found)]
    said = ".".join(parts)[:200] if not isinstance(found, dict | bool) else ""
    return "" if said.casefold() in CODES_OF_SUCCESS else said
