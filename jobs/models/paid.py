"""What every order has that asks a chat model many questions within a cap, and every single call of it (ADR 0044)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import Wish
from jobs.run_states import RUN_ACTIVE, RUN_STANDS, ChunkState, Flag, RunState

NANO = Decimal(10) ** 9  # money is counted in whole billionths of a dollar: sums and comparisons stay exact everywhere


class PaidOrder(models.Model):
    """The row is the order; only `jobs.pipeline.calls` changes its state and its figures."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    # One form, one order: a double click finds the first click's row.
    order_token = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.NEW)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # looked at next; a lease while claimed
    wish = models.CharField(max_length=8, choices=Wish.choices, blank=True)
    tries = models.PositiveIntegerField(default=0)  # calls in a row that brought nothing: back-off is arithmetic on it
    trouble = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)  # grows with every visible change
    stop_after = models.PositiveIntegerField(null=True, blank=True)  # answers after which it pauses by itself: a taste

    total = models.PositiveIntegerField(default=0)  # calls, once they are known
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    flagged = models.PositiveIntegerField(default=0)

    estimate = models.JSONField(default=dict, blank=True)  # as it was confirmed
    cap_nano = models.PositiveBigIntegerField(null=True, blank=True)  # null: free, or its price is unknown
    spent_nano = models.PositiveBigIntegerField(default=0)  # by the token counts that the service gave
    held_nano = models.PositiveBigIntegerField(default=0)  # the most that calls under way, and lost answers, may cost
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)  # of the stretch that runs now: its pace gives the ETA
    started_with = models.PositiveIntegerField(default=0)  # how many were done then
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.state in RUN_ACTIVE

    @property
    def state_label(self) -> str:
        return str(RunState(self.state).label)

    @property
    def cap_usd(self) -> Decimal | None:
        return None if self.cap_nano is None else self.cap_nano / NANO

    @property
    def held_usd(self) -> Decimal:
        return self.held_nano / NANO

    @property
    def known_usd(self) -> Decimal:
        """What those calls cost whose price is known."""
        return self.spent_nano / NANO

    @property
    def seen(self) -> int:
        """Calls that nothing more is done about by itself."""
        return self.done + self.failed + self.unsure

    @property
    def left(self) -> timedelta | None:
        """How long it will still take, by the pace of this stretch."""
        made = self.seen - self.started_with
        if self.state != RunState.RUNNING or self.started_at is None or made < 3:
            return None
        return (timezone.now() - self.started_at) / made * max(0, self.total - self.seen)

    @property
    def can_pause(self) -> bool:
        return self.state == RunState.RUNNING and not self.wish

    @property
    def can_resume(self) -> bool:
        return self.state in RUN_STANDS and not self.wish

    @property
    def can_cancel(self) -> bool:
        return self.is_active and self.wish != Wish.CANCEL


class PaidCall(models.Model):
    """One question to a chat model, and what became of it."""

    position = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=ChunkState.choices, default=ChunkState.WAITING)
    answer = models.TextField(blank=True)
    flags = models.JSONField(default=list, blank=True)
    odd = models.BooleanField(default=False)  # refused, lost or flagged: a person may want to do something about it
    claimed_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)  # calls made for it
    trouble = models.TextField(blank=True)
    most_prompt_tokens = models.PositiveIntegerField(default=0)
    bound_nano = models.PositiveBigIntegerField(default=0)  # the most that one call may cost
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def flag_labels(self) -> list[Any]:
        return [Flag(flag).label for flag in self.flags]
