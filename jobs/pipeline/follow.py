"""Following jobs at a service: poll, wishes, ends. A job ends once, by what the service says of that very job.

Nothing that a service sends can stop the poll: words we do not know are kept and shown as they came.
"""

import logging
import random
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import provider
from jobs.job_json import End, end_of, status_of
from jobs.job_json.ends import finish_of
from jobs.job_json.facts import model_of
from jobs.job_json.names import in_snake_case
from jobs.job_json.reasons import reason_of
from jobs.models import Connection, FineTuneJob, Wish
from jobs.pipeline import second_jobs
from jobs.pipeline.collect import UNEXPLAINED, collect, may_do_without
from jobs.pipeline.events import read_events, time_of
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
ENDED_BY_TIME = gettext_noop("The service says when it ended, by a word that this portal does not know")
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
    until = timezone.now() + LEASE  # from here on: however long a list takes, each sweep gets some of them done
    for job in _changed(jobs, listed):
        if timezone.now() >= until:  # the rows are due again by now: what is left is another sweep's
            break
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
    """Nothing is to be done for it as long as the service says what it said.

    What it says may not have been applied: a job is adopted with its JSON, and may have ended or begun by then.
    """
    if job.state != State.RUNNING or job.wish or job.tries or job.trouble or _is_watched(job):
        return False
    has_begun = job.started_at is not None or job.remote.get("status") != "running"
    return has_begun and _end_by(job, job.remote) is None


def _end_by(job: FineTuneJob, remote: Json) -> End | None:
    return end_of(remote, job.service.about.ends, timezone.now())


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


def _follow_one(access: Access, job: FineTuneJob, listed: Json | None) -> None:
    try:
        if job.state == State.RUNNING:
            _poll(access, job, listed)
        else:  # it had ended: what was missing then may be there by now
            note(job, remote=_itself(access, job, job.remote))
        if job.state in FINAL:
            _tail(access, job)
            collect(access, job)
    except ProviderError as error:
        blame(job.service, error)
        postpone(job, error)
    except Exception:  # one job's odd answer must not keep the others from being followed
        log.exception("following job %s failed", job.uuid)
        postpone(job, ProviderError(gettext_noop("The answer could not be read.")))


def _poll(access: Access, job: FineTuneJob, listed: Json | None) -> None:
    """Apply what a list or the answer to a wish says while the job goes on; an end is taken from the job itself."""
    wished = bool(job.wish)
    remote = (_grant(access, job) if wished else None) or listed
    if remote is None or _end_by(job, remote):
        remote = _itself(access, job, remote)
    changed = status_of(remote) != job.remote_status
    # first: a service whose events cannot be had still ends its jobs
    apply(job, remote, trouble=job.trouble if wished else "")  # that a wish was refused is shown until the next look
    if job.state == State.RUNNING and (changed or _is_watched(job)):
        _tail(access, job)


def _itself(access: Access, job: FineTuneJob, known: Json | None) -> Json:
    """What the service says of this one job; what `known` says stays where it leaves something out.

    Lists are leaner at some services, and some forget a job that their lists still show.
    """
    try:
        remote = provider.retrieve_job(access, job.remote_id)
    except ProviderError as error:
        if known is None or error.is_wrong_key or not error.permanent:
            raise
        return known
    return remote | {name: value for name, value in (known or {}).items() if remote.get(name) is None}


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


def apply(job: FineTuneJob, remote: Json, trouble: str = "") -> None:
    """Store what the service says of a job; end it if the service says so."""
    status = status_of(remote) or job.remote_status
    told: dict[str, Any] = {"remote": remote, "remote_status": status, "polled_at": timezone.now(), "tries": 0}
    if status == "running" and job.started_at is None:
        told["started_at"] = timezone.now()
    if end := _end_by(job, remote):
        _end(job, end, in_snake_case(remote), told)
    else:
        note(job, **told, trouble=trouble, due_at=next_look(job))


def _end(job: FineTuneJob, end: End, named: Json, told: dict[str, Any]) -> None:
    told |= {"finished_at": time_of(finish_of(named)), "wish": ""}
    if end.state == State.FAILED:
        told["error"] = reason_of(named) or ({} if end.word_is_known else {"message": UNEXPLAINED})
    if model := model_of(named, succeeded=end.state == State.SUCCEEDED):
        told["fine_tuned_model"] = model
    move(job, end.state, "" if end.word_is_known else ENDED_BY_TIME, **told)
