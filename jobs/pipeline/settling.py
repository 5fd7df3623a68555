"""Settling an order whose answer was lost: found, proven absent, or decided by a person (ADR 0003)."""

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import provider
from jobs.answers import fits
from jobs.job_json import status_of
from jobs.models import FineTuneJob, User
from jobs.pipeline import second_jobs
from jobs.pipeline.job_pages import REFUSED, JobPages, filtered
from jobs.pipeline.matching import Order, brief, is_whole, might_be, order_of, reaches_back, tag_of
from jobs.pipeline.park import blame
from jobs.pipeline.record import move, note, postpone
from jobs.provider import Access, Json, ProviderError
from jobs.states import State

ASK_EVERY = timedelta(seconds=10)
ASK_AT_LEAST_EVERY = timedelta(minutes=5)
SCAN_PAGES = 30  # of 100 jobs: past these, absence is not proven
READ_ONE_BY_ONE = 20  # candidates of a leaner list: as many are asked for at each look
SHOWN = 50  # candidates that a person chooses from, the newest
NO_WORD_FOR = timedelta(minutes=10)  # a service that cannot be asked for so long: a person may decide
NO_PROOF = gettext_noop("The service has too many newer jobs to be sure that this one is not among them.")


class Look(NamedTuple):
    """What the service shows of an order."""

    found: list[Json]  # they bear its tag
    candidates: list[Json]  # they cannot be told from it
    is_proof: bool  # every job since the order was seen
    listed: frozenset[str] = frozenset()  # ids of all that was read


# --- found --------------------------------------------------------------------------------------------


def adopt(job: FineTuneJob, remote: Json, reason: str = "", by: User | None = None) -> bool:
    """Record that `remote` is this job at the service; following starts at once.

    An id that cannot be kept, or that another row has, leaves the job UNSURE for a person: it is not ordered again.
    """
    told = {"remote_id": remote["id"], "remote": remote, "remote_status": status_of(remote)}
    trouble = gettext_noop("The answer could not be read.")
    try:
        if fits(remote["id"]):
            return move(job, State.RUNNING, reason, by, candidates=[], asks_person=False, **told)
    except IntegrityError:
        trouble = gettext_noop("Another job of this connection already has that id.")
    if job.state == State.SUBMITTING:
        move(job, State.UNSURE)
    note(job, trouble=trouble, due_at=None)
    return False


# --- asking -------------------------------------------------------------------------------------------


def settle(job: FineTuneJob) -> None:
    """Ask whether the order arrived: adopt what is found, go back once it is proven absent, else ask a person."""
    try:
        look = look_for(job)
    except ProviderError as error:
        _could_not_ask(job, error)
        return
    if look.found:
        adopt(job, look.found[0], gettext_noop("Found at the service"))
        second_jobs.see(job.service, look.found)
    elif (candidates := _remembered(job, look)) or not look.is_proof:
        _ask_a_person(job, candidates, look.is_proof)
    else:
        _still_absent(job)


def look_for(job: FineTuneJob) -> Look:
    """Look for the job by its tag, then page by page for what might be it. Raises ProviderError."""
    order, access = order_of(job), job.service.access()
    if found := _tagged(filtered(access, order.uuid), order):
        return Look(found, [], is_proof=True)
    pages = JobPages(access, SCAN_PAGES)
    read: list[Json] = []
    for page in pages:
        second_jobs.see(job.service, page)
        if found := _tagged(page, order):
            return Look(found, [], is_proof=True)
        read += page
        if reaches_back(read, order):
            break
    candidates = [remote for remote in _unknown(job, read) if might_be(remote, order)]
    candidates = _completed(access, candidates, order)
    ids = frozenset(remote["id"] for remote in read)
    return Look(_tagged(candidates, order), candidates, pages.ended or reaches_back(read, order), ids)


def _tagged(page: list[Json], order: Order) -> list[Json]:
    return [remote for remote in page if tag_of(remote) == order.uuid]


def _unknown(job: FineTuneJob, listed: list[Json]) -> list[Json]:
    """Those that are no rows of ours yet."""
    ids = [remote["id"] for remote in listed if remote["id"]]
    rows = FineTuneJob.objects.filter(connection=job.service, remote_id__in=ids)
    known = set(rows.values_list("remote_id", flat=True))
    return [remote for remote in listed if remote["id"] not in known]


def _completed(access: Access, candidates: list[Json], order: Order) -> list[Json]:
    """The candidates, the newest with what a lean list leaves out: it may tell whose they are."""
    lean = [remote for remote in candidates if remote["id"] and not is_whole(remote)][:READ_ONE_BY_ONE]
    whole = {remote["id"]: remote | _retrieved(access, remote["id"]) for remote in lean}
    read = (whole.get(remote["id"], remote) for remote in candidates)
    return [remote for remote in read if might_be(remote, order)]


def _retrieved(access: Access, remote_id: str) -> Json:
    try:
        return provider.retrieve_job(access, remote_id)
    except ProviderError as error:
        if not error.permanent or error.is_wrong_key:
            raise
        return {}  # it shows nothing more of this job: a candidate as it was listed


# --- not found ----------------------------------------------------------------------------------------


def _remembered(job: FineTuneJob, look: Look) -> list[Json]:
    """The candidates, with those of before that the list does not show any more: to forget them would prove nothing."""
    gone = [known for known in job.candidates if known["id"] and known["id"] not in look.listed]
    return [brief(remote) for remote in look.candidates[:SHOWN]] + _unknown(job, gone)


def _ask_a_person(job: FineTuneJob, candidates: list[Json], is_proof: bool) -> None:
    """Show what may be it; that it never started can be said once the service had the time to list it."""
    now = timezone.now()
    asked_for = now - job.state_since
    waited = asked_for >= timedelta(seconds=settings.UNSURE_SECONDS)
    due_at = now + min(max(_pause(), asked_for / 10), ASK_AT_LEAST_EVERY)
    trouble = "" if is_proof else NO_PROOF
    told: Json = {"candidates": candidates, "asks_person": waited, "absent_since": None, "polled_at": now}
    note(job, **told, tries=0, trouble=trouble, due_at=due_at)


def _could_not_ask(job: FineTuneJob, error: ProviderError) -> None:
    """Ask later; where the service refuses to be asked, or has not answered for long, a person may decide meanwhile."""
    resting = blame(job.service, error)
    postpone(job, error)
    is_refused = error.permanent or error.status in REFUSED
    patience = timedelta(seconds=settings.UNSURE_SECONDS) if is_refused else NO_WORD_FOR
    if not resting and timezone.now() - job.state_since >= patience:
        note(job, asks_person=True)


def _still_absent(job: FineTuneJob) -> None:
    """A far side may list a job late: it is absent only after it was so in every answer for long enough.

    Time in which nobody asked proves nothing: the portal was down, or its clock was moved on.
    """
    now = timezone.now()
    enough = timedelta(seconds=settings.UNSURE_SECONDS)
    since = job.absent_since or now
    if job.absent_since and job.polled_at:
        since += max(now - job.polled_at - 2 * ASK_EVERY, timedelta())
    gone: Json = {"candidates": [], "asks_person": False}
    if now - since < enough:
        note(job, absent_since=since, polled_at=now, tries=0, trouble="", due_at=now + _pause(), **gone)
    else:
        reason = gettext_noop("The service does not have it, asked until it was certain")
        move(job, State.READY, reason, absent_since=None, look_due_at=now, **gone)


def _pause() -> timedelta:
    return min(ASK_EVERY, timedelta(seconds=settings.UNSURE_SECONDS))


# --- a person -----------------------------------------------------------------------------------------


def decide(job: FineTuneJob, remote_id: str, by: User) -> bool:
    """A person settles an UNSURE job: it is the service's `remote_id`, or, if that is empty, it never started.

    People err, too: its tag is looked for from now on (jobs.pipeline.second_jobs).
    """
    now = timezone.now()
    if remote_id:
        adopted = adopt(job, {"id": remote_id}, gettext_noop("Said by a person"), by)
        return adopted and FineTuneJob.objects.filter(pk=job.pk).update(look_due_at=now) == 1
    reason = gettext_noop("Said by a person: it did not start")
    return move(job, State.READY, reason, by, absent_since=None, candidates=[], asks_person=False, look_due_at=now)
