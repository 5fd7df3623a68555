"""What a job's JSON tells, as plain values: today's shape, that of 2023's `/v1/fine-tunes`, or another service's.

Sources: OpenAI's API reference of 2026 and of 2023; for others' names see `names`. Whatever is missing or odd is left
out; only what cannot be the JSON of one job is refused.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jobs import moments
from jobs.end_words import ALL_ENDS, is_known
from jobs.job_json import names
from jobs.job_json.ends import CLOCKS_DIFFER, End, end_of, finish_of, status_of
from jobs.job_json.names import Json, first, in_snake_case, name_of, text, whole
from jobs.job_json.reasons import error_of, reason_of
from jobs.job_json.refusals import ORDER, NotAJobError
from jobs.states import State

FIT_ID = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:]{0,127}")  # what a URL's path and our column take
SHAPES = {"fine_tuning.job", "fine-tune"}
DATED = re.compile(r"(?:^|-)\d{4}(?:-\d\d){5}$")  # how a model's name ended in 2023
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
NOT_YET = (None, 0, "", "0")
ZEROS = ("0001-01-01", "1970-01-01T00:00:00")  # Go, .NET and Unix write no time like this
MOST_TOKENS = 10**12  # more than any service can train in a job: a count that is none


@dataclass(frozen=True)
class Told:
    """What a job's JSON tells. Empty or None: it does not."""

    remote_id: str
    status: str = ""
    end: End | None = None
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
    kind: str = ""  # its `object`, where that is none of OpenAI's

    @property
    def name(self) -> str:
        """What a person would call it: the suffix they gave, also where only the model's name still tells it."""
        parts = self.fine_tuned_model.split(":")
        made = parts[3] if len(parts) > 3 else parts[2] if len(parts) == 3 else ""
        return self.suffix or DATED.sub("", made) or self.remote_id[:120]

    @property
    def has_ended(self) -> bool:
        return self.end is not None

    @property
    def notes(self) -> list[tuple[str, dict[str, str]]]:
        """What a person should know of it, by the codes of `notes.WORDS`, each with what its words name."""
        odd = bool(self.created_at and self.finished_at and self.finished_at < self.created_at)
        is_unknown = bool(self.status) and not is_known(self.status, ALL_ENDS)
        found: list[tuple[bool, str, dict[str, str]]] = [
            (bool(self.kind), "other_object", {"object": self.kind}),
            (is_unknown, "unknown_status", {"status": self.status}),
            (is_unknown and bool(self.end), "ended_by_time", {}),
            (self.odd_times, "odd_time", {}),
            (odd and not self.odd_times, "ends_before", {}),
        ]
        return [(code, params) for is_so, code, params in found if is_so]


def checked_id(remote_id: str) -> str:
    """A job's id that can be asked after. Raises NotAJobError."""
    if len(remote_id) > 128:
        raise NotAJobError("id_too_long")
    if remote_id.startswith(("file-", "ft:")):
        raise NotAJobError("other_id")
    if not FIT_ID.fullmatch(remote_id):
        raise NotAJobError("id_unfit")
    return remote_id


def read(raw: Json, now: datetime) -> Told:
    """What `raw` tells of its job. Raises NotAJobError where it is not one."""
    named = in_snake_case(raw)
    _see_that_it_is_a_job(raw)
    kind = raw.get("object")
    return _read(named, checked_id(_id(named)), now, kind[:60] if isinstance(kind, str) and kind not in SHAPES else "")


def read_known(raw: Json, remote_id: str, now: datetime) -> Told:
    """The same of a job whose id is known, however odd the rest is."""
    return _read(in_snake_case(raw), checked_id(remote_id), now, "")


def _read(named: Json, remote_id: str, now: datetime, kind: str) -> Told:
    end = end_of(named, ALL_ENDS, now)
    created, odd_creation = _time(first(named, names.CREATED), now)
    finished, odd_finish = _time(finish_of(named) if end else first(named, names.FINISHED), now)
    succeeded = end is not None and end.state == State.SUCCEEDED
    return Told(
        remote_id=remote_id,
        status=status_of(named),
        end=end,
        base_model=name_of(first(named, names.BASE), 200),
        fine_tuned_model=model_of(named, succeeded=succeeded),
        suffix=text(first(named, names.SUFFIX), 64),
        seed=whole(first(named, ("seed", "random_seed")), 2**31),
        method=_method(named),
        hyperparameters=_settings(named),
        trained_tokens=tokens_of(named),
        error=reason_of(named) if end and end.state == State.FAILED else error_of(named),
        created_at=created,
        finished_at=finished,
        odd_times=odd_creation or odd_finish,
        training_files=_ids(named, ("training_file", "training_files", "training_file_id", "training_file_ids")),
        validation_files=_ids(named, ("validation_file", "validation_files", "validation_file_ids")),
        result_files=result_files_of(named),
        tag=tag(named),
        events=_events(named.get("events"), now),
        kind=kind,
    )


def looks_like_a_job(raw: Json) -> bool:
    """Tell whether an object is a job by what it has, whatever it is called."""
    named = in_snake_case(raw)
    trained = first(named, (*names.BASE, "training_file", "training_files", "training_file_ids", "dataset"))
    return bool(_id(named) and status_of(named) and trained and named.get("object") != "batch")


def _see_that_it_is_a_job(raw: Json) -> None:
    kind = raw.get("object")
    if kind == ORDER:
        raise NotAJobError("order")
    if isinstance(kind, str) and kind not in SHAPES and not looks_like_a_job(raw):
        raise NotAJobError("other_object", object=kind[:60])
    if not _id(in_snake_case(raw)):
        raise NotAJobError("no_id")


def _id(named: Json) -> str:
    """Its id; or the end of a path that names it: `accounts/a/supervisedFineTuningJobs/abc`."""
    found = first(named, names.IDS)
    if found is None:
        paths = (named.get(name) for name in names.PATHS)
        found = next((path.rpartition("/")[2] for path in paths if isinstance(path, str) and "/" in path), "")
    return found if isinstance(found, str) else ""


def tag(raw: Json) -> str:
    """The uuid of our own order in a job's metadata; empty where there is none."""
    metadata = raw.get("metadata")
    return text(metadata.get("texthelper_job"), 64) if isinstance(metadata, dict) else ""


# --- facts that the poll wants alone --------------------------------------------------------------------


def model_of(named: Json, *, succeeded: bool) -> str:
    """The tuned model's name. Some services promise one with the order: it counts once the job has succeeded."""
    return name_of(first(named, (*names.TUNED, *(names.PROMISED if succeeded else ()))), 300)


def tokens_of(named: Json) -> int | None:
    return whole(first(named, names.TOKENS), MOST_TOKENS)


def result_files_of(named: Json) -> list[str]:
    return _ids(named, ("result_files", "result_file", "result_file_id", "result_file_ids"))


# --- the rest -------------------------------------------------------------------------------------------


def _method(named: Json) -> str:
    method = first(named, ("method", "training_method"))
    word = first(method, ("type", "method")) if isinstance(method, dict) else None
    return {"sft": "supervised"}.get(str(word), text(word, 32))


def _settings(named: Json) -> Json:
    """The hyperparameters, wherever the shape keeps them: plain values only."""
    method = named.get("method")
    inner = method.get(str(method.get("type"))) if isinstance(method, dict) else None
    places = [inner.get("hyperparameters") if isinstance(inner, dict) else None]
    places += [named.get(name) for name in names.SETTINGS]
    loose = {ours: named[theirs] for theirs, ours in names.LOOSE.items() if theirs in named}
    found = next((place for place in places if isinstance(place, dict)), loose)
    return {str(key)[:64]: value for key, value in found.items() if isinstance(value, str | int | float)}


def _time(value: object, now: datetime) -> tuple[datetime | None, bool]:
    """A time; None where none is told. What cannot be is now, and odd."""
    if value in NOT_YET or (isinstance(value, str) and value.startswith(ZEROS)):
        return None, False
    found = moments.moment(value)
    if found is None or not EARLIEST <= found <= now + CLOCKS_DIFFER:
        return now, True
    return min(found, now), False


def _ids(named: Json, places: tuple[str, ...]) -> list[str]:
    """File ids under the first of these names that has any; some services list whole file objects."""
    given = first(named, places)
    items = given if isinstance(given, list) else [given]
    found = [first(item, ("id", "file_id")) if isinstance(item, dict) else item for item in items]
    return [item for item in found if isinstance(item, str) and FIT_ID.fullmatch(item)]


def _events(given: object, now: datetime) -> list[Json]:
    events = [in_snake_case(event) for event in given if isinstance(event, dict)] if isinstance(given, list) else []
    return [
        {
            "created_at": _time(first(event, names.CREATED), now)[0] or now,
            "level": text(event.get("level"), 32),
            "message": text(first(event, ("message", "name")), 10_000),
        }
        for event in events
    ]
