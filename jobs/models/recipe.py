"""Making data from text: a team's own recipes, each run of a recipe, and every piece of text it went through."""

from decimal import Decimal
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.engines import Engine
from jobs.models.connection import Connection
from jobs.models.paid import NANO, PaidCall, PaidOrder
from jobs.models.source import Source
from jobs.models.team import Anyone, Team
from jobs.models.training_file import TrainingFile


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


class Run(PaidOrder):
    """One order to make examples. The row is the order; only `jobs.pipeline` changes its state."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runs")
    sources = models.ManyToManyField(Source, related_name="runs", verbose_name=_("sources"))
    recipe = models.JSONField(default=dict)  # the settings, whole: the same again gives the same examples
    # Of a paid recipe alone: whom to ask.
    connection = models.ForeignKey(Connection, null=True, blank=True, on_delete=models.PROTECT, related_name="runs")
    model = models.CharField(_("model"), max_length=200, blank=True)
    engine = models.CharField(_("engine"), max_length=16, choices=Engine.choices, blank=True)  # empty: not known

    read_bytes = models.PositiveBigIntegerField(default=0)  # of the texts, while they are cut
    total_bytes = models.PositiveBigIntegerField(default=0)

    training_file = models.ForeignKey(
        TrainingFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipe run")
        verbose_name_plural = _("recipe runs")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="runs_newest_first"),
            models.Index(fields=["due_at"], name="runs_due", condition=models.Q(due_at__isnull=False)),
        ]

    @property
    def is_paid(self) -> bool:
        return bool(self.recipe.get("kind") == "summary")

    @property
    def service(self) -> Connection:
        """The connection of a paid run. Asking a free one for it is a mistake of ours."""
        if self.connection is None:
            raise ValueError(f"run {self.uuid} has no connection")
        return self.connection

    @property
    def spent_usd(self) -> Decimal | None:
        """None where the price is unknown."""
        return None if self.is_paid and self.estimate.get("usd") is None else self.spent_nano / NANO


class Chunk(PaidCall):
    """One piece of a source, and what became of it: where each example comes from, for as long as the run is kept."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="chunks")
    start = models.PositiveIntegerField()  # characters of the source's text
    end = models.PositiveIntegerField()
    line = models.PositiveIntegerField(null=True, blank=True)  # of the file that was made last

    # Of a paid run alone.
    text = models.TextField(blank=True)  # as an example shows it
    heading = models.TextField(blank=True)  # that it is under
    taken_in = models.BooleanField(default=False)  # a person wants it in spite of its flags

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
