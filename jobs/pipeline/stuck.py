"""Jobs that do not get on, and why: what staff look at first."""

from datetime import timedelta

from django.db.models import Case, Q, TextChoices, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models import FineTuneJob, JobQuerySet
from jobs.states import ACTIVE, CLAIMED, State

OVERDUE = timedelta(minutes=10)
UNSETTLED = timedelta(minutes=10)
SILENT = timedelta(minutes=15)


class Why(TextChoices):
    """Why a job is stuck: the first that holds, in this order."""

    DISABLED = "disabled", _("Its connection is disabled by staff")
    PARKED = "parked", _("Its connection is parked: the key was refused")
    CLAIM = "claim", _("A worker took it and did not come back")
    PERSON = "person", _("Unsure whether it started: a person of the team must decide")
    UNSURE = "unsure", _("Unsure whether it started for more than 10 minutes")
    WAITS = "waits", _("The service asked to be left alone for a while")
    OVERDUE = "overdue", _("Due for more than 10 minutes, and nobody looks")
    SILENT = "silent", _("Trains, but was not looked at for more than 15 minutes")


def _holds() -> dict[Why, Q]:
    now = timezone.now()
    active, unsure = Q(state__in=ACTIVE), Q(state=State.UNSURE)
    overdue = Q(due_at__lt=now - OVERDUE)
    unseen = Q(polled_at__lt=now - SILENT) | Q(polled_at=None, state_since__lt=now - SILENT)
    return {
        Why.DISABLED: active & Q(connection__disabled_at__isnull=False),
        Why.PARKED: active & Q(connection__parked_at__isnull=False),
        Why.CLAIM: Q(state__in=CLAIMED, due_at__lt=now),
        Why.PERSON: unsure & (Q(due_at=None) | Q(asks_person=True)),
        Why.UNSURE: unsure & Q(state_since__lt=now - UNSETTLED),
        Why.WAITS: overdue & Q(connection__wait_until__gt=now),
        Why.OVERDUE: overdue,
        Why.SILENT: Q(state=State.RUNNING) & unseen,
    }


def explained(jobs: JobQuerySet) -> JobQuerySet:
    """The same jobs, each with `stuck`: a Why, or empty while it gets on."""
    reasons = [When(holds, then=Value(why.value)) for why, holds in _holds().items()]
    return jobs.annotate(stuck=Case(*reasons, default=Value("")))


def stuck(jobs: JobQuerySet) -> JobQuerySet:
    """Those that are stuck, each with its `stuck`. Ended ones count while their results are long due."""
    # each from an index of its own: with OR the whole table would be read
    active = FineTuneJob.objects.order_by().filter(state__in=ACTIVE).values("pk")
    late = FineTuneJob.objects.order_by().filter(due_at__lt=timezone.now() - OVERDUE).values("pk")
    return explained(jobs.filter(pk__in=active.union(late))).exclude(stuck="")  # type: ignore[misc]  # annotated
