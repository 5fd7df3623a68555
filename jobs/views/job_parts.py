"""What a job's page shows beside its plain fields: timeline, remaining time, ids."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs import job_json
from jobs.end_words import is_known
from jobs.models import FineTuneJob, JobOrigin
from jobs.moments import moment
from jobs.pipeline.collect import UNEXPLAINED
from jobs.states import FINAL, State

BAD = {State.FAILED, State.CANCELLED}
FOLLOWED = {State.RUNNING, State.SUCCEEDED, *BAD}


def eta(job: FineTuneJob, finish: object) -> timedelta | None:
    """How long the training will still take: as the service says (`finish`, by its clock), else by the pace so far.

    None if that is unknown.
    """
    if job.state != State.RUNNING or job.remote_status != "running":
        return None
    now = timezone.now()
    try:
        if (told := moment(finish)) and told > now:
            return told - now
        if not (job.started_at and job.step and job.total_steps):
            return None
        return (now - job.started_at) / job.step * max(0, job.total_steps - job.step)
    except OverflowError:  # longer than a timedelta can say: the service told nonsense
        return None


def waits_until(job: FineTuneJob) -> datetime | None:
    """When the job is tried again, after its back-off or its connection's Retry-After; None where it does not wait."""
    if job.due_at is None or job.connection is None:
        return None
    until = max(filter(None, (job.due_at, job.connection.wait_until)))
    return until if until > timezone.now() else None


def unsure_facts(job: FineTuneJob) -> dict[str, Any]:
    """What the page of a job says whose answer was lost: how long it is waited for, and what it may be."""
    wait = timedelta(seconds=settings.UNSURE_SECONDS)
    choices = [
        {
            **{name: candidate.get(name) for name in ("id", "model", "status")},
            "made": moment(candidate.get("created_at")),
            "file": candidate.get("training_file"),
        }
        for candidate in job.candidates
        if candidate.get("id")
    ]
    return {"wait": wait, "until": job.state_since + wait, "choices": choices}


class Passed(NamedTuple):
    """A state that the job came to, as its page tells it."""

    after: str
    at: datetime
    reason: str
    by: str | None  # a person's name

    @property
    def label(self) -> str:
        return str(State(self.after).label)


def history(job: FineTuneJob) -> list[Passed]:
    """The job's states, oldest first."""
    return [Passed(*row) for row in job.transitions.values_list("after", "at", "reason", "by__username")]


def timeline(job: FineTuneJob, transitions: Iterable[Passed]) -> list[dict[str, Any]]:
    """The job's stations, each with label, time and kind: "done", "now", "unsure", "bad" or "" (still ahead).

    transitions: the job's, oldest first.
    """
    if job.origin == JobOrigin.IMPORTED:
        return _imported_stations(job)
    reached: dict[str, datetime] = {}
    for transition in transitions:
        reached[transition.after] = transition.at  # the last time it was reached
    stations: list[tuple[str, datetime | None]] = [
        (_("Ordered"), job.created_at),
        (_("Uploaded"), reached.get(State.READY)),
        (_("Started"), reached.get(State.RUNNING)),
        (_("Training"), job.started_at),
    ]
    if job.state in BAD:
        stations = [station for station in stations if station[1]]
    end = job.get_state_display() if job.state in FINAL else _("Done")
    stations.append((end, job.finished_at if job.state in FINAL else None))
    last = max((i for i, (_label, at) in enumerate(stations) if at), default=0)
    return [
        {"label": label, "at": at, "kind": _kind(job, index, last), "is_training": index == 3 and job.state not in BAD}
        for index, (label, at) in enumerate(stations)
    ]


def _imported_stations(job: FineTuneJob) -> list[dict[str, Any]]:
    """Of a job that was not ordered here: what is known of its life, and the search for it."""
    is_by_id = job.imported.keys() == {"id"} and not job.connection_id  # then nobody knows when it was ordered
    first = _("Imported") if is_by_id else _("Ordered")
    known: list[tuple[str, datetime | None]] = [(first, job.created_at), (_("Training"), job.started_at)]
    past = [{"label": label, "at": at, "kind": "done", "is_training": False} for label, at in known if at]
    if job.state == State.RUNNING:
        past = [*past[:1], {"label": _("Training"), "at": job.started_at, "kind": "now", "is_training": True}]
    kind = {State.RUNNING: "", State.ADOPTING: "now"}.get(State(job.state), "bad" if job.state in BAD else "done")
    last = _("Done") if job.state == State.RUNNING else job.get_state_display()
    at = job.finished_at if job.state != State.RUNNING else None
    return [*past, {"label": last, "at": at, "kind": kind, "is_training": False}]


def file_ids(job: FineTuneJob) -> list[tuple[str, str]]:
    """What the service calls the job's files: as it told of this very job, for its copies may be others by now."""
    files = (
        (_("Training file"), job.remote.get("training_file"), job.training_file_id),
        (_("Validation file"), job.remote.get("validation_file"), job.validation_file_id),
    )
    untold = [row for _label, told, row in files if row and not told]
    copies: dict[int, str] = {}
    if untold and job.connection:
        copies = dict(
            job.connection.remote_files.filter(training_file__in=untold).values_list("training_file", "remote_id")
        )
    named = ((label, told or copies.get(row or 0)) for label, told, row in files)
    return [(label, str(file_id)) for label, file_id in named if file_id]


def imported_facts(job: FineTuneJob) -> dict[str, Any]:
    """What the page of an imported job says of it beside what it says of every job."""
    told = job_json.read_known(job.remote or job.imported, job.remote_id, timezone.now())
    named = [
        (_("Training file"), told.training_files),
        (_("Validation file"), told.validation_files),
        (_("Result file"), told.result_files),
    ]
    return {
        "at": job.transitions.values_list("at", flat=True).first(),
        "files": [(label, file_id) for label, ids in named for file_id in ids],
        "file_is_missing": bool(job.connection_id and told.training_files and not job.training_file_id),
        "is_by_id": job.imported.keys() == {"id"},
    }


def odd_word(job: FineTuneJob) -> dict[str, Any]:
    """The service's word for where the job is, if it means nothing to us; empty where it does."""
    if (
        not job.connection
        or job.state not in FOLLOWED
        or is_known(job.remote_status or "running", job.connection.about.ends)
    ):
        return {}
    return {"text": job.remote_status, "is_unexplained": job.error.get("message") == UNEXPLAINED}


def _kind(job: FineTuneJob, index: int, last: int) -> str:
    if job.state in FINAL:
        return "bad" if index == last and job.state in BAD else "done"
    # a running job is at its training or waits for it; an order is at the station it has not reached yet
    now = (3 if job.step else max(last, 2)) if job.state == State.RUNNING else last + 1
    if index == now:
        return "unsure" if job.state == State.UNSURE else "now"
    return "done" if index < now else ""


def told_settings(job: FineTuneJob) -> dict[str, Any]:
    """The hyperparameters as the service settled them ("auto" becomes a number), else as ordered."""
    method = job.remote.get("method")
    own = method.get(job.method) if isinstance(method, dict) else None
    inner = own.get("hyperparameters") if isinstance(own, dict) else None
    for told in (inner, job.remote.get("hyperparameters")):
        if isinstance(told, dict):
            return {**job.hyperparameters, **told}
    return {**job.hyperparameters}
