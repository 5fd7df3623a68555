"""A job's JSON as a person has it, read into plain values: today's shape, or that of 2023's `/v1/fine-tunes`.

Source of both shapes: OpenAI's API reference of 2026 and of 2023. Whatever is missing or odd is left out; only what
cannot be the JSON of one job is refused.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type Json = dict[str, Any]

LIMIT = 1024 * 1024  # bytes; the longest real one seen has 60 KB
DEEPEST = 32  # levels of brackets; real ones have five
FIT_ID = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:]{0,127}")  # what a URL's path and our column take
ORDER = "texthelper.order"  # our own download of an order that no service has
SHAPES = {"fine_tuning.job", "fine-tune"}
WORDS = {  # every status that the API has had, in both shapes
    *("validating_files", "queued", "running", "pausing", "paused", "succeeded", "failed", "cancelled"),
    *("pending", "created"),
}
ENDS = {"succeeded", "failed", "cancelled"}
DATED = re.compile(r"(?:^|-)\d{4}(?:-\d\d){5}$")  # how a model's name ended in 2023
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)
MOST_TOKENS = 10**12
NUL = _("There is a NUL character in it. Download the JSON again, or take it out.")
TOO_DEEP = _("Brackets are nested too deep for a job's JSON.")


class NotAJobError(ValueError):
    """What was given is not the JSON of one job; `reason` says why, and what to do."""

    def __init__(self, reason: str | Promise) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Told:
    """What a job's JSON tells. Empty or None: it does not."""

    remote_id: str
    status: str = ""
    base_model: str = ""
    fine_tuned_model: str = ""
    suffix: str = ""
    seed: int | None = None
    method: str = ""
    hyperparameters: Json = field(default_factory=dict)
    trained_tokens: int | None = None
    error: Json = field(default_factory=dict)
    created_at: datetime | None = None
    finished_at: datetime | None = None
    odd_times: bool = False  # one lay in the future, or could not be read: now stands in its place
    training_files: list[str] = field(default_factory=list)
    validation_files: list[str] = field(default_factory=list)
    result_files: list[str] = field(default_factory=list)
    tag: str = ""  # the uuid of the order that made it, where this or another portal of ours did
    events: list[Json] = field(default_factory=list)  # 2023: [{"created_at": datetime, "level": str, "message": str}]

    @property
    def name(self) -> str:
        """What a person would call it: the suffix they gave, also where only the model's name still tells it."""
        parts = self.fine_tuned_model.split(":")
        made = parts[3] if len(parts) > 3 else parts[2] if len(parts) == 3 else ""
        return self.suffix or DATED.sub("", made) or self.remote_id[:120]

    @property
    def has_ended(self) -> bool:
        return self.status in ENDS

    @property
    def is_unknown_word(self) -> bool:
        return bool(self.status) and self.status not in WORDS


# --- from bytes to an object --------------------------------------------------------------------------


def parse(content: bytes) -> Json:
    """The one object that `content` is, as it came. Raises NotAJobError."""
    if len(content) > LIMIT:
        raise NotAJobError(_("The JSON is larger than 1 MB. The JSON of one job has a few kilobytes."))
    if not content.strip():
        raise NotAJobError(_("It is empty. Give the JSON of a job, as it was downloaded."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAJobError(_("It is not encoded as UTF-8. Open it in a text editor and save it as UTF-8.")) from None
    value = _decoded(text)
    if isinstance(value, list) or (isinstance(value, dict) and value.get("object") == "list"):
        raise NotAJobError(_("This is a list. Import one job at a time: give the object of one job, {…}, alone."))
    if not isinstance(value, dict):
        raise NotAJobError(_("This is not a job's JSON: it must be an object, {…}, with the job's id."))
    return value


def _decoded(text: str) -> Any:
    if "\0" in text:
        raise NotAJobError(NUL)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "depth limit" in str(error):
            raise NotAJobError(TOO_DEEP) from None
        reason = _("This is not JSON (line %(line)s, column %(column)s). Give the file as it was downloaded.")
        raise NotAJobError(reason % {"line": error.lineno, "column": error.colno}) from None
    _see_that_it_can_be_kept(value)
    return value


def _see_that_it_can_be_kept(value: Any) -> None:
    """No level deeper than DEEPEST, and no NUL in a text or a key: not every database takes them."""
    level = [value]
    for _depth in range(DEEPEST + 1):
        if not level:
            return
        if any(isinstance(item, str) and "\0" in item for item in level):
            raise NotAJobError(NUL)
        level = [inner for item in level for inner in _inside(item)]
    raise NotAJobError(TOO_DEEP)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def checked_id(remote_id: str) -> str:
    """A job's id that can be asked after. Raises NotAJobError."""
    if len(remote_id) > 128:
        raise NotAJobError(_("The job's id is too long: at most 128 characters are possible."))
    if remote_id.startswith(("file-", "ft:")):
        raise NotAJobError(_("This is the id of a file or a model. A job's id begins with ftjob- or, in 2023, ft-."))
    if not FIT_ID.fullmatch(remote_id):
        raise NotAJobError(_("This cannot be a job's id: it holds letters, digits and - . _ : only."))
    return remote_id


# --- from an object to values -------------------------------------------------------------------------


def read(raw: Json, now: datetime) -> Told:
    """What `raw` tells of its job. Raises NotAJobError where it is not one."""
    _see_that_it_is_a_job(raw)
    created, odd_creation = _time(raw.get("created_at"), now)
    status = _text(raw.get("status"), 64)
    finished, odd_finish = _time(raw.get("finished_at") or (raw.get("updated_at") if status in ENDS else None), now)
    error = raw.get("error")
    return Told(
        remote_id=checked_id(str(raw["id"])),
        status=status,
        base_model=_text(raw.get("model"), 200),
        fine_tuned_model=_text(raw.get("fine_tuned_model"), 300),
        suffix=_text(raw.get("user_provided_suffix") or raw.get("suffix"), 64),
        seed=_whole(raw.get("seed"), 2**31),
        method=_method(raw),
        hyperparameters=_settings(raw),
        trained_tokens=_whole(raw.get("trained_tokens"), MOST_TOKENS),
        error=error if isinstance(error, dict) and error.get("message") else {},
        created_at=created,
        finished_at=finished,
        odd_times=odd_creation or odd_finish or bool(created and finished and finished < created),
        training_files=_ids(raw, "training_file"),
        validation_files=_ids(raw, "validation_file"),
        result_files=_ids(raw, "result_file"),
        tag=tag(raw),
        events=_events(raw.get("events"), now),
    )


def read_known(raw: Json, remote_id: str, now: datetime) -> Told:
    """The same of a job whose id is known, however odd the rest is."""
    return read(raw | {"object": "fine_tuning.job", "id": remote_id}, now)


def _see_that_it_is_a_job(raw: Json) -> None:
    kind = raw.get("object")
    if kind == ORDER:
        raise NotAJobError(
            _("This is an order that no service had taken when it was downloaded: there is nothing to be found of it.")
        )
    if isinstance(kind, str) and kind not in SHAPES:
        words = _("This is not a job's JSON: its object is “%(object)s”, a job's is “fine_tuning.job” or “fine-tune”.")
        raise NotAJobError(words % {"object": kind[:60]})
    if not isinstance(raw.get("id"), str) or not raw["id"]:
        raise NotAJobError(_("The JSON has no id. A job's id begins with ftjob- or, in 2023, ft-."))


def tag(raw: Json) -> str:
    """The uuid of our own order in a job's metadata; empty where there is none."""
    metadata = raw.get("metadata")
    return _text(metadata.get("texthelper_job"), 64) if isinstance(metadata, dict) else ""


def _text(value: object, longest: int) -> str:
    return value[:longest] if isinstance(value, str) else ""


def _whole(value: object, below: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below else None


def _method(raw: Json) -> str:
    method = raw.get("method")
    return _text(method.get("type"), 32) if isinstance(method, dict) else ""


def _settings(raw: Json) -> Json:
    """The hyperparameters, wherever the shape keeps them: plain values only."""
    method = raw.get("method")
    inner = method.get(str(method.get("type"))) if isinstance(method, dict) else None
    places = (inner.get("hyperparameters") if isinstance(inner, dict) else None, raw.get("hyperparameters"))
    found = next((place for place in (*places, raw.get("hyperparams")) if isinstance(place, dict)), {})
    return {str(key)[:64]: value for key, value in found.items() if isinstance(value, str | int | float)}


def _time(value: object, now: datetime) -> tuple[datetime | None, bool]:
    """A Unix time; None where none is told. What cannot be is now, and odd."""
    if value is None:
        return None, False
    if not isinstance(value, int | float) or isinstance(value, bool):
        return now, True
    try:
        moment = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return now, True
    if not EARLIEST <= moment <= now + CLOCKS_DIFFER:
        return now, True
    return min(moment, now), False


def _ids(raw: Json, name: str) -> list[str]:
    """File ids under a name in the singular or the plural; 2023 listed whole file objects."""
    given = raw.get(name) or raw.get(f"{name}s") or []
    found = [
        item.get("id") if isinstance(item, dict) else item for item in (given if isinstance(given, list) else [given])
    ]
    return [item for item in found if isinstance(item, str) and FIT_ID.fullmatch(item)]


def _events(given: object, now: datetime) -> list[Json]:
    events = [event for event in given if isinstance(event, dict)] if isinstance(given, list) else []
    return [
        {
            "created_at": _time(event.get("created_at"), now)[0] or now,
            "level": _text(event.get("level"), 32),
            "message": _text(event.get("message"), 10_000),
        }
        for event in events
    ]
