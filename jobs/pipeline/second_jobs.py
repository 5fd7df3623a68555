"""A job at the service that bears our order's tag and is not followed: found, shown, and cancelled on a person's word.

An order may be acted on after it was taken for absent, and ordered again. Every page of a service's list that is read
tells of it; an order that was taken for absent is looked for besides, for a day (ADR 0003).
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import pricing, provider
from jobs.answers import fits
from jobs.job_json import end_of, status_of
from jobs.job_json.facts import tokens_of
from jobs.job_json.names import in_snake_case
from jobs.models import Connection, FineTuneJob, SecondJob
from jobs.pipeline import notices
from jobs.pipeline.job_pages import JobPages, filtered
from jobs.pipeline.matching import order_of, reaches_back, tag_of
from jobs.pipeline.park import blame, is_resting
from jobs.pipeline.record import backoff, move, note
from jobs.provider import Json, ProviderError
from jobs.states import CLAIMED, State

LOOKED_FOR = timedelta(days=1)  # after the last order
OFTEN_FOR, SELDOM = timedelta(hours=1), timedelta(minutes=10)
AGAIN = timedelta(seconds=30)  # a message that was lost is sent again
LEASE = timedelta(seconds=60)  # of a look: longer than its calls take
SCAN_PAGES = 30
AT_ONCE = 100
GONE = gettext_noop("The service does not have this job any more.")


# --- found --------------------------------------------------------------------------------------------


def see(connection: Connection, page: list[Json]) -> None:
    """Notice orders of ours in a page of the service's list that no row follows."""
    tagged = {remote["id"]: tag for remote in page if fits(remote["id"]) and (tag := tag_of(remote))}
    if not tagged:
        return
    followed = FineTuneJob.objects.filter(connection=connection, remote_id__in=tagged)
    strange = tagged.keys() - set(followed.values_list("remote_id", flat=True))
    if not strange:
        return
    # read after the page: a row that took its job meanwhile knows it
    ordered = FineTuneJob.objects.filter(team=connection.team_id, uuid__in={tagged[uid] for uid in strange})
    jobs = {job.uuid: job for job in ordered.select_related("connection", "team")}
    for remote in page:
        if remote["id"] in strange and (job := jobs.get(tagged[remote["id"]])):
            _place(job, remote)


def _place(job: FineTuneJob, remote: Json) -> None:
    """A job that is still asked after is found; one that is to be ordered again is asked after; else it is a second."""
    if job.state in CLAIMED or remote["id"] == job.remote_id:
        return
    now = timezone.now()
    if job.state == State.UNSURE:
        later = Q(due_at=None) | Q(due_at__gt=now)
        FineTuneJob.objects.filter(later, pk=job.pk, state=State.UNSURE).update(due_at=now)
    elif job.state in (State.NEW, State.READY):
        move(job, State.UNSURE, gettext_noop("The service shows an order that was taken for absent"), absent_since=None)
    else:
        _record(job, remote)


@transaction.atomic
def _record(job: FineTuneJob, remote: Json) -> None:
    told = {"remote": remote, "remote_status": status_of(remote)}
    _, is_new = SecondJob.objects.get_or_create(job=job, remote_id=remote["id"], defaults=told)
    if is_new:
        note(job, show=True)
        notices.tell_second(job)


# --- looked for ---------------------------------------------------------------------------------------


def _callable() -> QuerySet[Connection]:
    """Connections that may be called now."""
    rows = Connection.objects.alive().filter(parked_at=None, disabled_at=None)
    return rows.filter(Q(wait_until=None) | Q(wait_until__lte=timezone.now()))


def to_look_for() -> list[int]:
    """Take the orders whose tag is to be looked for now."""
    now = timezone.now()
    rows = FineTuneJob.objects.filter(look_due_at__lte=now)
    due = list(rows.filter(connection__in=_callable()).order_by("look_due_at").values_list("pk", flat=True)[:AT_ONCE])
    return [pk for pk in due if rows.filter(pk=pk).update(look_due_at=now + AGAIN)]


def look_for(job: FineTuneJob) -> None:
    """Look for the tag of an order that was taken for absent, and say when to do so next."""
    service = job.service
    if is_resting(service):
        return
    try:
        _look_through(job)
    except ProviderError as error:
        blame(service, error)
    FineTuneJob.objects.filter(pk=job.pk).update(look_due_at=_next_look(job))


def _look_through(job: FineTuneJob) -> None:
    order, access = order_of(job), job.service.access()
    page = filtered(access, order.uuid)
    see(job.service, page)
    knows_tags = not job.remote or tag_of(job.remote) is not None
    if not knows_tags or any(tag_of(remote) == order.uuid for remote in page):
        return  # no list would show more
    read: list[Json] = []
    for page in JobPages(access, SCAN_PAGES):
        see(job.service, page)
        read += page
        if reaches_back(read, order):
            return


def _next_look(job: FineTuneJob) -> datetime | None:
    now = timezone.now()
    age = now - (job.submitted_at or job.created_at)
    if age > LOOKED_FOR:
        return None
    return now + (SELDOM if age > OFTEN_FOR and not _is_watched(job) else _pause(job))


def _is_watched(job: FineTuneJob) -> bool:
    return job.watched_until is not None and job.watched_until > timezone.now()


def _pause(job: FineTuneJob) -> timedelta:
    about = job.service.about
    return timedelta(seconds=about.watched_seconds if _is_watched(job) else about.idle_seconds)


# --- followed and cancelled ---------------------------------------------------------------------------


def due() -> QuerySet[SecondJob]:
    """Second jobs to be looked at, or cancelled."""
    rows = SecondJob.objects.filter(due_at__lte=timezone.now(), job__connection__in=_callable())
    return rows.order_by("due_at")


def wish_cancelled(second: SecondJob) -> bool:
    """A person wants it cancelled. Returns False where that was so before, or it has ended."""
    rows = SecondJob.objects.filter(pk=second.pk, ended_at=None, cancel_wished_at=None)
    now = timezone.now()
    return rows.update(cancel_wished_at=now, due_at=now, tries=0, trouble="") == 1


def look(second: SecondJob) -> None:
    """Cancel it if a person wants that, else see how it goes on. The row is taken first: one call at a time."""
    now = timezone.now()
    if not due().filter(pk=second.pk).update(due_at=now + LEASE):
        return
    service = second.job.service
    try:
        if second.cancel_wished_at and not second.cancelled_at:
            remote = provider.cancel_job(service.access(), second.remote_id)
            _keep(second, cancelled_at=now)
        else:
            remote = provider.retrieve_job(service.access(), second.remote_id)
    except ProviderError as error:
        _failed(second, error)
    else:
        _told(second, remote)


def _told(second: SecondJob, remote: Json) -> None:
    """Store what the service says of it, the bill too."""
    status, now, service = status_of(remote) or second.remote_status, timezone.now(), second.job.service
    told: Json = {"remote": remote, "remote_status": status, "tries": 0, "trouble": ""}
    tokens = tokens_of(in_snake_case(remote))
    if tokens is not None:
        told["trained_tokens"] = tokens
        told["billed_usd"] = pricing.training_cost(service.profile, second.job.base_model, tokens, second.job.engine)
    has_ended = end_of(remote, service.about.ends, now) is not None
    told |= {"ended_at": now, "due_at": None} if has_ended else {"due_at": now + _pause(second.job)}
    _keep(second, **told)


def _failed(second: SecondJob, error: ProviderError) -> None:
    """A cancel that is refused can be wished again; a job that is gone has ended; everything else is tried later."""
    now = timezone.now()
    resting = blame(second.job.service, error)
    wished = second.cancel_wished_at is not None and second.cancelled_at is None
    if error.permanent and not resting and wished:
        _keep(second, cancel_wished_at=None, trouble=str(error), due_at=now)
    elif error.status in (404, 410):
        _keep(second, ended_at=now, trouble=GONE, due_at=None)
    else:
        tries = second.tries + 1
        _keep(second, tries=tries, trouble=str(error), due_at=now + backoff(tries, error))


def _keep(second: SecondJob, **changes: Any) -> None:
    """Store changes; the job's open page shows them."""
    visible = {name for name, value in changes.items() if getattr(second, name) != value}
    with transaction.atomic():
        SecondJob.objects.filter(pk=second.pk).update(**changes)
        if visible - {"due_at", "tries", "remote"}:
            note(second.job, show=True)
    for name, value in changes.items():
        setattr(second, name, value)
