"""Following jobs at a service: poll, events, wishes. Only succeeded, failed and cancelled end a job.

Nothing that a service sends can stop the poll: words we do not know are kept and shown as they came.
"""

import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import provider
from jobs.answers import fits
from jobs.models import Connection, FineTuneJob, JobEvent, Metric, Wish
from jobs.pipeline import second_jobs
from jobs.pipeline.collect import collect, may_do_without, moment
from jobs.pipeline.job_pages import JobPages
from jobs.pipeline.park import blame, is_resting
from jobs.pipeline.record import grant, move, note, postpone, put_off
from jobs.provider import Access, Json, ProviderError
from jobs.states import FINAL, State

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # a worker that takes a due job has so long before another one does
LIST_FROM = 5  # so many due jobs of one connection are asked for by list pages
LIST_PAGES = 101
PACE = timedelta(seconds=1)  # for each watched job of a connection
UNREAD = ("imported", "result_csv", "estimate", "note", "words", "ids")  # wide, and no part of following
EVENT_PAGES = 100
MOST_STEPS = 2**31
ENDS = {"succeeded": State.SUCCEEDED, "failed": State.FAILED, "cancelled": State.CANCELLED}
CALLS = {Wish.CANCEL: "cancel_job", Wish.PAUSE: "pause_job", Wish.RESUME: "resume_job"}


def to_follow() -> Q:
    """Rows that this module looks after: training, or ended with results still to be fetched."""
    return Q(state=State.RUNNING) | Q(state__in=FINAL, collected_at=None)


def follow(connection: Connection) -> None:
    """Look at every due job of one connection."""
    if is_resting(connection):
        return
    jobs = _take_due(connection)
    if not jobs:
        return
    try:
        access = connection.access()
        listed = _listed(connection, access, [job for job in jobs if job.state == State.RUNNING])
    except ProviderError as error:
        blame(connection, error)
        for job in jobs:
            postpone(job, error)
        return
    for job in _changed(jobs, listed):
        _follow_one(access, job, listed.get(job.remote_id))
    _pace([job for job in jobs if job.state == State.RUNNING and _is_watched(job) and not job.tries])


def _pace(watched: list[FineTuneJob]) -> None:
    """Every watched job costs a call for its events: where pages show many, each is looked at less often."""
    if len(watched) * PACE > timedelta(seconds=watched[0].service.about.watched_seconds if watched else 0):
        put_off(watched, timezone.now() + len(watched) * PACE)


def _changed(jobs: list[FineTuneJob], listed: dict[str, Json]) -> list[FineTuneJob]:
    """Put off those that are as they were and that nobody watches, a hundred in one write; return the others."""
    same = [job for job in jobs if _is_quiet(job) and listed.get(job.remote_id) == job.remote]
    for some in batched(same, provider.PAGE, strict=False):
        put_off(some, next_look(some[0]))
    quiet = {job.pk for job in same}
    return [job for job in jobs if job.pk not in quiet]


def _is_quiet(job: FineTuneJob) -> bool:
    return job.state == State.RUNNING and not (job.wish or job.tries or job.trouble or _is_watched(job))


def _take_due(connection: Connection) -> list[FineTuneJob]:
    """Claim due rows, all at once: whoever moves the due time first has the row, so that each goes to one worker."""
    rows = FineTuneJob.objects.due().filter(to_follow(), connection=connection).exclude(remote_id="")
    until = timezone.now() + LEASE * random.uniform(1, 1.1)  # noqa: S311 - a moment that no other sweep takes for its own
    rows.update(due_at=until)
    taken = list(FineTuneJob.objects.filter(to_follow(), connection=connection, due_at=until).defer(*UNREAD))
    for job in taken:
        job.connection = connection
    return taken


def _listed(connection: Connection, access: Access, jobs: list[FineTuneJob]) -> dict[str, Json]:
    """The remote JSON of many jobs by a few list calls; empty for few jobs, which are asked for one by one."""
    if len(jobs) < LIST_FROM:
        return {}
    wanted = {job.remote_id for job in jobs}
    found: dict[str, Json] = {}
    for page in JobPages(access, LIST_PAGES):
        found |= {remote["id"]: remote for remote in page if remote["id"] in wanted}
        second_jobs.see(connection, [remote for remote in page if remote["id"] not in wanted])
        if len(found) == len(wanted):
            break
    return found


def _follow_one(access: Access, job: FineTuneJob, remote: Json | None) -> None:
    try:
        if job.state == State.RUNNING:
            _poll(access, job, remote)
        if job.state in FINAL:
            _tail(access, job)
            collect(access, job)
    except ProviderError as error:
        blame(job.service, error)
        postpone(job, error)
    except Exception:  # one job's odd answer must not keep the others from being followed
        log.exception("following job %s failed", job.uuid)
        postpone(job, ProviderError(gettext_noop("The answer could not be read.")))


def _poll(access: Access, job: FineTuneJob, remote: Json | None) -> None:
    if job.wish:
        remote = _grant(access, job) or remote
    remote = remote or provider.retrieve_job(access, job.remote_id)
    changed = remote.get("status") != job.remote_status
    apply(job, remote)  # first: a service whose events cannot be had still ends its jobs
    if job.state == State.RUNNING and (changed or _is_watched(job)):
        _tail(access, job)


def _tail(access: Access, job: FineTuneJob) -> None:
    try:
        read_events(access, job)
    except ProviderError as error:
        if not may_do_without(job, error):
            raise


def _grant(access: Access, job: FineTuneJob) -> Json | None:
    """Make the call that a person wished for. A refusal is shown, and the wish is over."""
    try:
        answer: Json = getattr(provider, CALLS[Wish(job.wish)])(access, job.remote_id)
    except ProviderError as error:
        if error.is_wrong_key or not (error.permanent or (error.status or 0) >= 500):
            raise
        if error.permanent:
            grant(job, str(error))
        else:  # wished again at the next look; meanwhile the job may have ended by itself
            note(job, trouble=str(error))
        return None
    grant(job)
    return answer


def _is_watched(job: FineTuneJob) -> bool:
    return job.watched_until is not None and job.watched_until > timezone.now()


def next_look(job: FineTuneJob) -> datetime:
    """Soon while a page shows the job, else about once a minute, spread by a fifth either way."""
    about = job.service.about
    if _is_watched(job):
        return timezone.now() + timedelta(seconds=about.watched_seconds)
    return timezone.now() + timedelta(seconds=about.idle_seconds * random.uniform(0.8, 1.2))  # noqa: S311


# --- what came ----------------------------------------------------------------------------------------


def apply(job: FineTuneJob, remote: Json) -> None:
    """Store what the service says of a job; end it if the service says so."""
    status = remote.get("status")
    status = status[:64] if isinstance(status, str) and status else job.remote_status
    told: dict[str, Any] = {"remote": remote, "remote_status": status, "polled_at": timezone.now(), "tries": 0}
    if status == "running" and job.started_at is None:
        told["started_at"] = timezone.now()
    if status in ENDS:
        _end(job, ENDS[status], remote, told)
    else:
        note(job, **told, trouble="" if not job.wish else job.trouble, due_at=next_look(job))


def _end(job: FineTuneJob, state: State, remote: Json, told: dict[str, Any]) -> None:
    error = remote.get("error")
    told |= {"finished_at": moment(remote.get("finished_at")), "wish": ""}
    if state == State.FAILED:
        told["error"] = error if isinstance(error, dict) else {"message": str(error or "")}
    model = remote.get("fine_tuned_model")
    if isinstance(model, str):
        told["fine_tuned_model"] = model[:300]
    move(job, state, **told)


# --- events -------------------------------------------------------------------------------------------


def read_events(access: Access, job: FineTuneJob) -> None:
    """Read events newest first until one that is known, and store them with the numbers they carry."""
    new: list[Json] = []
    after = ""
    for _ in range(EVENT_PAGES):
        page, more = provider.list_events(access, job.remote_id, after=after)
        page = [event for event in page if fits(event["id"])]
        ids = [event["id"] for event in page]
        known = set(job.events.filter(remote_id__in=ids).values_list("remote_id", flat=True))
        new += [event for event in page if event["id"] not in known]
        if known or not more or not page:
            break
        after = ids[-1]
    if new:
        _store(job, list(reversed(new)))


def _store(job: FineTuneJob, events: list[Json]) -> None:
    rows = [
        JobEvent(
            job=job,
            remote_id=event["id"],
            created_at=moment(event.get("created_at")),
            level=str(event.get("level") or "")[:32],
            type=str(event.get("type") or "")[:64],
            message=str(event.get("message") or ""),
            data=event.get("data"),
        )
        for event in events
    ]
    steps = [_numbers(event.get("data")) for event in events if event.get("type") == "metrics"]
    steps = [numbers for numbers in steps if 0 <= numbers.get("step", -1) < MOST_STEPS]
    latest = max((numbers["step"] for numbers in steps), default=job.step or 0)
    totals = [n["total_steps"] for n in steps if 0 <= n.get("total_steps", -1) < MOST_STEPS]
    total = int(totals[-1]) if totals else job.total_steps
    with transaction.atomic():  # an event that is known is not read again: its numbers must be there too
        JobEvent.objects.bulk_create(rows, ignore_conflicts=True)
        store_metrics(job, steps)
        note(job, show=True, step=int(latest) or None, total_steps=total)


def _numbers(data: object) -> dict[str, float]:
    """Every number in a metrics event, whatever it is called: steps, losses, rewards."""
    if not isinstance(data, dict):
        return {}
    return {
        str(name): value
        for name, value in data.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    }


def store_metrics(job: FineTuneJob, steps: Iterable[dict[str, float]]) -> None:
    """Store each step's numbers; a step told again, with more of them, is completed."""
    told: dict[int, dict[str, float]] = {}
    for numbers in steps:
        values = {name: value for name, value in numbers.items() if name not in ("step", "total_steps")}
        told[int(numbers["step"])] = told.get(int(numbers["step"]), {}) | values
    for known in job.metrics.filter(step__in=told):
        told[known.step] = known.values | told[known.step]
    rows = [Metric(job=job, step=step, values=values) for step, values in told.items()]
    Metric.objects.bulk_create(rows, update_conflicts=True, unique_fields=["job", "step"], update_fields=["values"])
