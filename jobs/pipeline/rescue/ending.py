"""Notices before models are switched off, 30, 14, 7 and 1 days ahead: one for each owner, day and mark, with a mail.

A mark that nobody could keep (the portal was off, the mail server away) is made up for until the next one is reached.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from jobs.models import Member, Notice, NoticeKind, RemoteModel, Role, Team
from jobs.pipeline.mail_text import address, line
from jobs.pipeline.notices import tell_ending
from jobs.pipeline.rescue import inventory
from jobs.pipeline.rescue.overview import answered, related, rows_of, unrecorded
from jobs.pipeline.rescue.steps import Step, StepState

log = logging.getLogger(__name__)

MARKS = (1, 7, 14, 30)  # days before
SHOWN = 40  # models that a mail names
MOST_OF_A_NAME = 120


def mark(days_left: int) -> int | None:
    """The mark that counts `days_left` before the end; None where it is too early or too late for any."""
    return next((days for days in MARKS if days >= days_left), None) if days_left > 0 else None


def days_left(ends_on: date) -> int:
    return (ends_on - timezone.now().date()).days


def unsigned() -> QuerySet[RemoteModel]:
    """Models that an owner still has to see to."""
    return RemoteModel.objects.filter(signed_at=None, connection__deleted_at=None)


def remind() -> int:
    """Write the notices that are missing now. Returns how many."""
    today = timezone.now().date()
    until = today + timedelta(days=max(MARKS))
    inventory.know_ends(until)
    rows = unsigned().filter(shutdown_date__gt=today, shutdown_date__lte=until)
    ends: dict[int, list[date]] = defaultdict(list)
    for team, day in rows.order_by().values_list("team", "shutdown_date").distinct():
        ends[team] += [day] if day else []
    known = set(
        Notice.objects.filter(kind=NoticeKind.ENDING, team__in=ends).values_list("user", "team", "ends_on", "days")
    )
    count = 0
    for owner in _owners(ends):
        for day in sorted(ends[owner.team_id]):
            days = mark(days_left(day))
            if days and (owner.user_id, owner.team_id, day, days) not in known:
                count += tell_ending(owner.user, owner.team, day, days)
    return count


def _owners(teams: Iterable[int]) -> QuerySet[Member]:
    rows = Member.objects.filter(team__in=teams, role=Role.OWNER, user__is_active=True)
    return rows.select_related("user", "team")


def is_wanted(notice: Notice) -> bool:
    """Looked at again at the last moment: people leave, change their minds, sign off, and days pass."""
    team, day = _about(notice)
    if mark(days_left(day)) != notice.days:
        log.error("the mail of notice %s was never sent: its days are over", notice.pk)
        return False
    owns = Member.objects.filter(team=team, user=notice.user_id, role=Role.OWNER, user__is_active=True).exists()
    return owns and notice.user.mail_ends and _models(team, day).exists()


def _about(notice: Notice) -> tuple[Team, date]:
    if notice.team is None or notice.ends_on is None:
        raise ValueError(f"notice {notice.pk} is of a job")
    return notice.team, notice.ends_on


def _models(team: Team, day: date) -> QuerySet[RemoteModel]:
    return unsigned().filter(team=team, shutdown_date=day)


class Left(NamedTuple):
    """One model, as a mail names it."""

    name: str
    connection: str
    steps: str  # that are open, with the state of those that need more than time
    link: str


def words(notice: Notice) -> tuple[str, str]:
    """What happens, for the subject, and the text of the mail."""
    team, day = _about(notice)
    models, left = _models(team, day), days_left(day)
    total, unkept = models.count(), unrecorded(models).count()
    first = related(models).annotate(kept=answered()).order_by("kept", "name", "pk")[:SHOWN]
    facts = {
        "day": day,
        "days": left,
        "total": total,
        "unrecorded": unkept,
        "models": [_left(team, row.model, row.steps) for row in rows_of(first)],
        "more": max(total - SHOWN, 0),
        "team": line(team.name, 80),
        "link": address(reverse("rescue", args=[team.slug])),
        "settings": address(reverse("settings")),
    }
    return _subject(total, left), render_to_string("mail/ending.txt", facts).strip()


def _subject(total: int, left: int) -> str:
    when = ngettext("in %(n)s day", "in %(n)s days", left) % {"n": left}
    models = ngettext("%(n)s model is switched off", "%(n)s models are switched off", total) % {"n": f"{total:,}"}
    return gettext("%(models)s %(when)s") % {"models": models, "when": when}


def _left(team: Team, model: RemoteModel, steps: Iterable[Step]) -> Left:
    link = address(reverse("rescue-model", args=[team.slug, model.uuid]))
    named = ", ".join(_step(step) for step in steps if step.is_open)
    return Left(line(model.name, MOST_OF_A_NAME), line(model.connection.name, MOST_OF_A_NAME), named, link)


def _step(step: Step) -> str:
    return str(step.label) if step.state == StepState.OPEN else f"{step.label} ({step.state_label})"
