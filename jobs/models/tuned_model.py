"""The models that came of it."""

from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.engines import Engine
from jobs.models.connection import Connection
from jobs.models.job import FineTuneJob
from jobs.models.team import Anyone, Team


class TunedModelQuerySet(models.QuerySet["TunedModel"]):
    def visible_to(self, user: Anyone) -> "TunedModelQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def alive(self) -> "TunedModelQuerySet":
        """Those that nobody has deleted over this portal, or is about to."""
        return self.filter(deleted_at=None, delete_due_at=None)

    def gone(self) -> "TunedModelQuerySet":
        """The others."""
        return self.exclude(deleted_at=None, delete_due_at=None)


class TunedModel(models.Model):
    """The model that a job, or one of its checkpoints, made, and where it can be called."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="tuned_models")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="tuned_models")
    job = models.ForeignKey(FineTuneJob, on_delete=models.PROTECT, related_name="tuned_models")
    name = models.CharField(max_length=300)
    base = models.CharField(max_length=200)
    engine = models.CharField(_("engine"), max_length=16, choices=Engine.choices, blank=True)  # empty: not known
    step = models.PositiveIntegerField(null=True, blank=True)  # null: the job's final model
    shutdown_date = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # An owner wished it away from our own trainer: when the worker looks next. Null once it is gone, or was refused.
    delete_due_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True)  # why deleting it did not work

    objects = TunedModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("tuned model")
        verbose_name_plural = _("tuned models")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="each_model_once")]
        indexes = [
            models.Index(
                fields=["delete_due_at"], name="models_to_delete", condition=models.Q(delete_due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name
