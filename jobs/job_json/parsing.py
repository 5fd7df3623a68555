"""From bytes to the object of one job: JSON as it was saved, whatever lies around it, or as a program prints it."""

import re
from typing import Any, NamedTuple

import orjson

from jobs.answers import storable
from jobs.job_json.facts import looks_like_a_job
from jobs.job_json.names import IDS, Json, first
from jobs.job_json.printed import NotPrintedError, read_printed
from jobs.job_json.reasons import reason_of
from jobs.job_json.refusals import NotAJobError

LIMIT = 1024 * 1024  # bytes; the longest real one seen has 60 KB
DEEPEST = 32  # levels of brackets; real ones have five
BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
OPENS = re.compile(r"""^[ \t]*(?=\{\s*(?:"|\}|$)|\[\s*(?:\{|\]|$))""", re.MULTILINE)  # not "[INFO]", "{ [5 bytes data]"
PRINTED = re.compile(r"""\A\s*(?:[A-Za-z_][\w.]*\s*[\[({]|\{\s*(?:'|:?[A-Za-z_]\w*\s*(?::|=>)|"[^"\n]*"\s*=>))""")
WEB_PAGE = re.compile(r"\A\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
WRAPPERS = ("job", "data", "result", "output", "response", "body", "fine_tuning_job", "fine_tune", "finetuned_model")
IDS_NAMED = 5


class Parsed(NamedTuple):
    """`raw`: the object as it came. `notes`: what had to be done to get at it, by the codes of `notes.WORDS`."""

    raw: Json
    notes: tuple[str, ...] = ()


def parse(content: bytes) -> Parsed:
    """The one job that `content` is. Raises NotAJobError."""
    if len(content) > LIMIT:
        raise NotAJobError("too_large")
    if not content.strip():
        raise NotAJobError("empty")
    text, notes = _text(content)
    if "\0" in text:
        raise NotAJobError("nul")
    value, more = _value(text)
    _see_that_it_can_be_kept(value)
    if isinstance(value, dict) and (inner := _unwrapped(value)) is not value:
        value, more = inner, (*more, "unwrapped")
    return Parsed(_one_job(value), (*notes, *more))


# --- from bytes to text ---------------------------------------------------------------------------------


def _text(content: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-8; UTF-16 with its mark, as PowerShell writes it; CP949, where what it gives is JSON."""
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace"), ("utf16",)
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp949")
        orjson.loads(text)
    except ValueError:
        raise NotAJobError("not_utf8") from None
    return text, ("cp949",)


# --- from text to a value -------------------------------------------------------------------------------


def _value(text: str) -> tuple[Any, tuple[str, ...]]:
    try:
        return orjson.loads(text), ()
    except orjson.JSONDecodeError as error:
        if "depth limit" in str(error):
            raise NotAJobError("too_deep") from None
        if WEB_PAGE.match(text):
            raise NotAJobError("web_page") from None
        found = _among_other_lines(text)
        if found is not None:
            return found, ("text_left_out",)
        if PRINTED.match(text):
            return _printed(text), ("printed",)
        raise NotAJobError("not_json", error.lineno, column=error.colno) from None


def _among_other_lines(text: str) -> Any:
    """The object among headers, a prompt or a fence of Markdown; None where none begins and ends with a line."""
    opens = OPENS.search(text)
    if not opens:
        return None
    whole = text[opens.end() :]
    last = max(whole.rfind("}"), whole.rfind("]")) + 1
    try:
        return orjson.loads(whole[:last])
    except orjson.JSONDecodeError as error:
        _see_that_it_is_the_only_one(whole[:last], error, text.count("\n", 0, opens.end()))
        return None


def _see_that_it_is_the_only_one(text: str, error: orjson.JSONDecodeError, lines_before: int) -> None:
    """JSON Lines, or objects one after the other: the first is whole, and another begins where it ends."""
    before, after = text[: error.pos], text[error.pos :].lstrip(", \n\r\t")
    try:
        whole = orjson.loads(before)
    except orjson.JSONDecodeError:
        return
    if isinstance(whole, dict) and after.startswith("{"):
        raise NotAJobError("several", lines_before + error.lineno)


def _printed(text: str) -> Any:
    try:
        value = read_printed(text)
    except NotPrintedError as place:
        line = text.count("\n", 0, place.at) + 1
        column = place.at - text.rfind("\n", 0, place.at)
        raise NotAJobError("printed", line, column=column) from None
    _see_that_it_can_be_kept(value)
    return storable(value)


def _see_that_it_can_be_kept(value: Any) -> None:
    """No level deeper than DEEPEST, and no NUL in a text or a key: not every database takes them."""
    level = [value]
    for _depth in range(DEEPEST + 1):
        if not level:
            return
        if any(isinstance(item, str) and "\0" in item for item in level):
            raise NotAJobError("nul")
        level = [inner for item in level for inner in _inside(item)]
    raise NotAJobError("too_deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


# --- from a value to a job ------------------------------------------------------------------------------


def _unwrapped(value: Json) -> Json:
    """What lies in {"job": {…}} and the like, twice at most; the object itself where it is a job or nothing is."""
    for _twice in range(2):
        if looks_like_a_job(value) or first(value, IDS):
            return value
        inner = [value[name] for name in WRAPPERS if isinstance(value.get(name), dict)]
        if not inner or not (looks_like_a_job(inner[0]) or any(name in inner[0] for name in WRAPPERS)):
            return value
        value = inner[0]
    return value


def _one_job(value: Any) -> Json:
    """The object of one job. Lists, events and errors get words of their own."""
    items = value if isinstance(value, list) else value.get("data") if isinstance(value, dict) else None
    if isinstance(value, list) or (isinstance(value, dict) and (value.get("object") == "list" or _holds_jobs(items))):
        raise _of_list([item for item in items if isinstance(item, dict)] if isinstance(items, list) else [])
    if not isinstance(value, dict):
        raise NotAJobError("not_an_object")
    if not first(value, IDS) and not looks_like_a_job(value) and isinstance(value.get("error"), dict | str):
        raise NotAJobError("error_answer", said=str(reason_of(value).get("message") or "–")[:300])
    return value


def _holds_jobs(items: Any) -> bool:
    return isinstance(items, list) and any(isinstance(item, dict) and looks_like_a_job(item) for item in items)


def _of_list(items: list[Json]) -> NotAJobError:
    kinds = {str(item.get("object")) for item in items}
    if items and all(kind.endswith("event") for kind in kinds):
        return NotAJobError("events")
    if items and all(kind.endswith("checkpoint") for kind in kinds):
        return NotAJobError("checkpoints")
    ids = [item["id"] for item in items if isinstance(item.get("id"), str)]
    return NotAJobError("list", ids=[*ids[:IDS_NAMED], *(["…"] if len(ids) > IDS_NAMED else [])])
