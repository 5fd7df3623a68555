"""Making data from text: a team's own recipes, each run of a recipe, and every piece of text it went through."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.engines import Engine
from jobs.models.connection import Connection
from jobs.models.job import Wish
from jobs.models.source import Source
from jobs.models.team import Anyone, Team
from jobs.models.training_file import TrainingFile
from jobs.run_states import RUN_ACTIVE, RUN_STANDS, ChunkState, Flag, RunState

NANO = Decimal(10) ** 9  # money is counted in whole billionths of a dollar: sums and comparisons stay exact everywhere


class SavedRecipeQuerySet(models.QuerySet["SavedRecipe"]):
    def visible_to(self, user: Anyone) -> "SavedRecipeQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)


class SavedRecipe(models.Model):
    """A recipe with the settings that a team wants again."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="recipes")
    name = models.CharField(_("name"), max_length=80)
    recipe = models.JSONField(default=dict)  # as training_data.recipes has it
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedRecipeQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipe")
        verbose_name_plural = _("recipes")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_recipe_of_a_name")]

    def __str__(self) -> str:
        return self.name


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: Anyone) -> "RunQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def due(self) -> "RunQuerySet":
        return self.filter(due_at__lte=timezone.now())


class Run(models.Model):
    """One order to make examples. The row is the order; only `jobs.pipeline.runs` changes its state."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runs")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # One form, one order: a double click finds the first click's run.
    order_token = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    sources = models.ManyToManyField(Source, related_name="runs", verbose_name=_("sources"))
    recipe = models.JSONField(default=dict)  # the settings, whole: the same again gives the same examples
    # Of a paid recipe alone: whom to ask.
    connection = models.ForeignKey(Connection, null=True, blank=True, on_delete=models.PROTECT, related_name="runs")
    model = models.CharField(_("model"), max_length=200, blank=True)
    engine = models.CharField(_("engine"), max_length=16, choices=Engine.choices, blank=True)  # empty: not known

    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.NEW)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # looked at next; a lease while claimed
    wish = models.CharField(max_length=8, choices=Wish.choices, blank=True)
    tries = models.PositiveIntegerField(default=0)  # calls in a row that brought nothing: back-off is arithmetic on it
    trouble = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)  # grows with every visible change
    stop_after = models.PositiveIntegerField(null=True, blank=True)  # answers after which it pauses by itself: a taste

    total = models.PositiveIntegerField(default=0)  # chunks, once they are known
    read_bytes = models.PositiveBigIntegerField(default=0)  # of the texts, while they are cut
    total_bytes = models.PositiveBigIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    flagged = models.PositiveIntegerField(default=0)

    estimate = models.JSONField(default=dict, blank=True)  # as it was confirmed
    cap_nano = models.PositiveBigIntegerField(null=True, blank=True)  # null: free, or its price is unknown
    spent_nano = models.PositiveBigIntegerField(default=0)  # by the tokens that the service told
    held_nano = models.PositiveBigIntegerField(default=0)  # the most that calls under way, and lost answers, may cost
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)

    training_file = models.ForeignKey(
        TrainingFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)  # of the stretch that runs now: its pace gives the ETA
    started_with = models.PositiveIntegerField(default=0)  # how many were done then
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipe run")
        verbose_name_plural = _("recipe runs")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="runs_newest_first"),
            models.Index(fields=["due_at"], name="runs_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paid(self) -> bool:
        return bool(self.recipe.get("kind") == "summary")

    @property
    def is_active(self) -> bool:
        return self.state in RUN_ACTIVE

    @property
    def state_label(self) -> str:
        return str(RunState(self.state).label)

    @property
    def service(self) -> Connection:
        """The connection of a paid run. Asking a free one for it is a mistake of ours."""
        if self.connection is None:
            raise ValueError(f"run {self.uuid} has no connection")
        return self.connection

    @property
    def cap_usd(self) -> Decimal | None:
        return None if self.cap_nano is None else self.cap_nano / NANO

    @property
    def spent_usd(self) -> Decimal | None:
        """None where the price is unknown."""
        return None if self.is_paid and self.estimate.get("usd") is None else self.spent_nano / NANO

    @property
    def held_usd(self) -> Decimal:
        return self.held_nano / NANO

    @property
    def seen(self) -> int:
        """Chunks that nothing more is done about by itself."""
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


class Chunk(models.Model):
    """One piece of a source, and what became of it: where each example comes from, for as long as the run is kept."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    position = models.PositiveIntegerField()
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="chunks")
    start = models.PositiveIntegerField()  # characters of the source's text
    end = models.PositiveIntegerField()
    line = models.PositiveIntegerField(null=True, blank=True)  # of the file that was made last
    state = models.CharField(max_length=8, choices=ChunkState.choices, default=ChunkState.WAITING)

    # Of a paid run alone.
    text = models.TextField(blank=True)  # as an example shows it
    heading = models.TextField(blank=True)  # that it is under
    answer = models.TextField(blank=True)
    flags = models.JSONField(default=list, blank=True)
    odd = models.BooleanField(default=False)  # refused, lost or flagged: a person may want to do something about it
    taken_in = models.BooleanField(default=False)  # a person wants it in spite of its flags
    claimed_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)  # calls made for it
    trouble = models.TextField(blank=True)
    most_prompt_tokens = models.PositiveIntegerField(default=0)
    bound_nano = models.PositiveBigIntegerField(default=0)  # the most that one call may cost
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("piece of text")
        verbose_name_plural = _("pieces of text")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="each_chunk_once")]
        indexes = [
            models.Index(fields=["run", "state", "position"], name="chunks_by_state"),
            models.Index(fields=["run", "position"], name="chunks_odd", condition=models.Q(odd=True)),
            models.Index(
                fields=["claimed_until"], name="chunks_claimed", condition=models.Q(claimed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} · {self.position}"

    @property
    def flag_labels(self) -> list[Any]:
        return [Flag(flag).label for flag in self.flags]
