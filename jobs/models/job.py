"""One order to train, from draft to its end."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.engines import Engine
from jobs.methods import Method
from jobs.models.connection import Connection
from jobs.models.searching import searched
from jobs.models.team import Anyone, Member, Team
from jobs.models.training_file import TrainingFile
from jobs.models.vocabulary import SearchWord, remember
from jobs.states import ACTIVE, FINAL, State


class Wish(models.TextChoices):
    """What a person asked for; the worker makes the call (views never talk to a provider)."""

    CANCEL = "cancel", _("Cancel")
    PAUSE = "pause", _("Pause")
    RESUME = "resume", _("Resume")


class JobOrigin(models.TextChoices):
    """How a row came to be."""

    ORDERED = "ordered", _("Ordered here")
    IMPORTED = "imported", _("Imported")


class JobQuerySet(models.QuerySet["FineTuneJob"]):
    def visible_to(self, user: Anyone) -> "JobQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def of(self, member: Member) -> "JobQuerySet":
        """All that a member's team has: access is asked once, not for each row; and two tables less to plan with."""
        asked = Member.objects.filter(team=member.team_id, user=member.user_id)
        return self.filter(models.Exists(asked), team=member.team_id)

    def active(self) -> "JobQuerySet":
        return self.filter(state__in=ACTIVE)

    def due(self) -> "JobQuerySet":
        return self.filter(due_at__lte=timezone.now())


class FineTuneJob(models.Model):
    """The row is the order. Only `jobs.pipeline` changes its state, by `pipeline.record`."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    # Team, connection and person have no index of their own: SQLite would take it instead of jobs_newest_first.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    # Both may be unknown of an imported job, never of an order.
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.PROTECT, related_name="jobs", db_index=False
    )
    training_file = models.ForeignKey(
        TrainingFile, null=True, blank=True, on_delete=models.PROTECT, related_name="jobs"
    )
    validation_file = models.ForeignKey(
        TrainingFile, null=True, blank=True, on_delete=models.PROTECT, related_name="validated_jobs"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False
    )
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="retries")
    # One form, one order: the form carries this, so that a double click finds the first click's job.
    order_token = models.UUIDField(default=uuid4, unique=True, editable=False)

    origin = models.CharField(max_length=8, choices=JobOrigin.choices, default=JobOrigin.ORDERED)
    imported = models.JSONField(default=dict, blank=True)  # the job JSON as a person gave it
    name = models.CharField(_("name"), max_length=120)
    note = models.TextField(_("note"), blank=True)
    base_model = models.CharField(_("base model"), max_length=200)
    engine = models.CharField(_("engine"), max_length=16, choices=Engine.choices, blank=True)  # empty: not known
    model_facts = models.JSONField(default=dict, blank=True)  # engines.facts_of the base model, as it was ordered
    suffix = models.CharField(_("suffix"), max_length=64, blank=True)
    seed = models.PositiveIntegerField(_("seed"), null=True, blank=True)
    method = models.CharField(max_length=32, choices=Method.choices, default=Method.SUPERVISED)
    # {"n_epochs": 3, "batch_size": "auto", …}: what jobs.methods.SETTINGS names, each a number or "auto"
    hyperparameters = models.JSONField(default=dict)

    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW)
    state_since = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # when it is next looked at
    tries = models.PositiveIntegerField(default=0)  # failed calls in a row: back-off is arithmetic on it
    wish = models.CharField(max_length=8, choices=Wish.choices, blank=True)
    watched_until = models.DateTimeField(null=True, blank=True)  # a page shows it: look more often
    version = models.PositiveIntegerField(default=0)  # grows with every visible change

    remote_id = models.CharField(max_length=128, blank=True, db_index=True)
    remote_status = models.CharField(max_length=64, blank=True)  # word for word
    remote = models.JSONField(default=dict, blank=True)  # the service's job JSON, as it came last
    absent_since = models.DateTimeField(null=True, blank=True)  # UNSURE: the first answer that did not show it
    # UNSURE: the service had the time to list it, or cannot be asked: a person may say that it never started
    asks_person = models.BooleanField(default=False)
    look_due_at = models.DateTimeField(null=True, blank=True)  # when its tag is next looked for, after it was absent
    candidates = models.JSONField(default=list, blank=True)  # UNSURE: jobs that may be it; ADOPTING: who is silent
    error = models.JSONField(default=dict, blank=True)  # {"code", "message", "param", "status"}: the service's own
    trouble = models.TextField(blank=True)  # the last call that failed, while we go on trying
    step = models.PositiveIntegerField(null=True, blank=True)
    total_steps = models.PositiveIntegerField(null=True, blank=True)
    trained_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    fine_tuned_model = models.CharField(max_length=300, blank=True)
    result_csv = models.TextField(blank=True)  # decoded
    estimate = models.JSONField(default=dict, blank=True)  # pricing.Estimate.as_dict(), as confirmed
    estimated_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    billed_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)  # the service began to train
    finished_at = models.DateTimeField(null=True, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    collected_at = models.DateTimeField(null=True, blank=True)  # results, checkpoints and events are all here

    # What the list's search reads (see `searched`), cut so that each fits into an entry of an index.
    words = models.TextField(blank=True, editable=False)
    ids = models.TextField(blank=True, editable=False)
    search_words = models.ManyToManyField(SearchWord, related_name="jobs", editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at", "-pk"]
        indexes = [
            # Filters and search are answered from these alone: a row is wide, its index entry is not.
            models.Index(
                fields=["team", "-created_at", "-id", "state", "created_by", "connection"], name="jobs_newest_first"
            ),
            models.Index(
                fields=["team", "-created_at", "-id", "state", "created_by", "connection", "training_file", "words"],
                name="jobs_words",
            ),
            models.Index(fields=["team", "ids"], name="jobs_ids"),
            models.Index(
                fields=[
                    *("team", "state", "-created_at", "-id", "created_by", "connection"),
                    *("training_file", "words"),
                ],
                name="jobs_of_team_by_state",
            ),
            models.Index(fields=["state", "-state_since"], name="jobs_by_state"),
            models.Index(fields=["team", "state"], name="jobs_active", condition=models.Q(state__in=sorted(ACTIVE))),
            models.Index(fields=["due_at"], name="jobs_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["look_due_at"], name="jobs_look_due", condition=models.Q(look_due_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="one_row_per_remote_job",
            ),
            models.UniqueConstraint(
                fields=["team", "remote_id"],
                condition=models.Q(connection=None) & ~models.Q(remote_id=""),
                name="one_record_per_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.words, self.ids = searched(self).values()
        with transaction.atomic():
            super().save(*args, **kwargs)
            remember(self, self.words)

    @property
    def service(self) -> Connection:
        """The connection of a job that a service has. Asking a record for it is a mistake of ours."""
        if self.connection is None:
            raise ValueError(f"job {self.uuid} has no connection")
        return self.connection

    @property
    def trained_on(self) -> TrainingFile:
        """The training file of an order; an imported job may have none."""
        if self.training_file is None:
            raise ValueError(f"job {self.uuid} has no training file")
        return self.training_file

    @property
    def state_label(self) -> str:
        """As get_state_display says it, without translating every other state too."""
        return str(State(self.state).label)

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def percent(self) -> int | None:
        """Progress as the service told it; None while it has not (we never make one up)."""
        if not self.step or not self.total_steps:
            return None
        return min(100, self.step * 100 // self.total_steps)

    @property
    def cost_usd(self) -> Decimal | None:
        """What it was billed, or, while it has not ended, what it was estimated at; None where nobody told."""
        return self.billed_usd if self.is_final or self.billed_usd is not None else self.estimated_usd

    @property
    def taken(self) -> timedelta:
        """From the order to the end, or so far."""
        return (self.finished_at or timezone.now()) - self.created_at

    @property
    def can_cancel(self) -> bool:
        return self.is_active and self.wish != Wish.CANCEL and self.state not in (State.UNSURE, State.ADOPTING)

    @property
    def can_pause(self) -> bool:
        return self._pausable and self.remote_status not in ("paused", "pausing")

    @property
    def can_resume(self) -> bool:
        return self._pausable and self.remote_status == "paused"

    @property
    def _pausable(self) -> bool:
        return self.state == State.RUNNING and not self.wish and self.service.about.can_pause

    @property
    def needs_a_person(self) -> bool:
        """UNSURE, and asking did not settle it."""
        return self.can_start_again or (self.state == State.UNSURE and bool(self.candidates))

    @property
    def can_start_again(self) -> bool:
        """UNSURE, and a person may say that it never started: before, the service may still list it."""
        return self.state == State.UNSURE and (self.due_at is None or self.asks_person)
