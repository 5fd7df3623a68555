"""What people are told of their jobs, each thing once: a mark in the header, and a mail if they want one (ADR 0020).

A notice is for whoever ordered the job, while they are an active member of its team.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from jobs.models import AuditEntry, FineTuneJob, JobOrigin, MailMe, Notice, NoticeKind, NoticeQuerySet, Team, User
from jobs.states import State

UNSURE_FOR = timedelta(minutes=10)
MAIL_AFTER = timedelta(seconds=10)  # by then the results are fetched, and the mail can tell the cost
AT_ONCE = 500  # rows a tick


def tell_of_end(job: FineTuneJob, state: State, finished_at: datetime | None) -> None:
    """Tell that `job` ends as `state`. Call it in the transaction that ends it: neither is without the other.

    An imported job that had ended before its import is no news.
    """
    if job.origin == JobOrigin.IMPORTED and finished_at:
        imported = job.transitions.values_list("at", flat=True).first()
        if imported and finished_at <= imported:
            return
    _tell(job, NoticeKind.ENDED, state)


def tell_unsure() -> None:
    """Tell of jobs that nobody has been sure about for ten minutes, each job once in its life."""
    told = Notice.objects.filter(job=OuterRef("pk"), kind=NoticeKind.UNSURE)
    since = timezone.now() - UNSURE_FOR
    here = FineTuneJob.objects.filter(created_by__is_active=True, created_by__memberships__team=F("team"))
    for job in here.filter(~Exists(told), state=State.UNSURE, state_since__lte=since)[:AT_ONCE]:
        with transaction.atomic():
            _tell(job, NoticeKind.UNSURE, State.UNSURE)


def tell_second(job: FineTuneJob) -> None:
    """Tell that the service has a job of this order that is not followed. Call it in the transaction that stores it."""
    _tell(job, NoticeKind.SECOND, State.UNSURE)


def _tell(job: FineTuneJob, kind: NoticeKind, state: State) -> None:
    person = listener(job)
    if person is None:
        return
    due = timezone.now() + MAIL_AFTER if wants_mail(person, job, state) else None
    _, is_new = Notice.objects.get_or_create(user=person, job=job, kind=kind, defaults={"mail_due_at": due})
    if is_new:
        _tell_tabs(person)


def tell_ending(person: User, team: Team, ends_on: date, days: int) -> bool:
    """Tell an owner that models of `team` are switched off on `ends_on`, once for each mark of days before it."""
    due = timezone.now() if person.mail_ends else None
    about = {"user": person, "team": team, "ends_on": ends_on, "days": days, "kind": NoticeKind.ENDING}
    with transaction.atomic():
        _, is_new = Notice.objects.get_or_create(**about, defaults={"mail_due_at": due})
        if is_new:
            _tell_tabs(person)
    return is_new


def listener(job: FineTuneJob) -> User | None:
    """Who is told of `job`: who ordered it, while they are an active member of its team."""
    return User.objects.filter(pk=job.created_by_id or 0, is_active=True, memberships__team=job.team_id).first()


def wants_mail(person: User, job: FineTuneJob, state: State) -> bool:
    """Whether `person` wants a mail about `job` being in `state`. A cancel of their own is no news to them."""
    if state in (State.FAILED, State.UNSURE):
        return person.mail_me != MailMe.NEVER
    return person.mail_me == MailMe.ALWAYS and not (state == State.CANCELLED and _has_cancelled(person, job))


def _has_cancelled(person: User, job: FineTuneJob) -> bool:
    acts = AuditEntry.objects.filter(team=job.team_id, actor=person, action="job.cancelled", subject_id=str(job.uuid))
    return acts.exists()


def see(person: User, notices: NoticeQuerySet) -> None:
    """Mark those of `notices` as seen that are `person`'s and not seen yet; every open tab hears of it."""
    unseen = notices.unseen().filter(user=person)
    if not unseen.exists():  # asked first: most pages have none, and reading locks nothing
        return
    with transaction.atomic():
        if unseen.update(seen_at=timezone.now()):
            _tell_tabs(person)


def _tell_tabs(person: User) -> None:
    User.objects.filter(pk=person.pk).update(notices_version=F("notices_version") + 1)
