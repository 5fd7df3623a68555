"""Tuned models as services list them, ours or not, and what was done before they are switched off."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.connection import Connection
from jobs.models.evaluation import Candidate, Evaluation
from jobs.models.job import FineTuneJob
from jobs.models.questions import QuestionSet
from jobs.models.team import Anyone, Team


class Inventory(models.Model):
    """The list of tuned models over one connection: when it was read, and how far the reading is."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="inventory")
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # read next; a lease while it is read
    after = models.CharField(max_length=128, blank=True)  # the last job of the page that was read last
    pages = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)  # the last time that all of it was read

    class Meta:
        verbose_name = _("inventory")
        verbose_name_plural = _("inventories")
        indexes = [models.Index(fields=["due_at"], name="inventories_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return str(self.connection)


class RemoteModelQuerySet(models.QuerySet["RemoteModel"]):
    def visible_to(self, user: Anyone) -> "RemoteModelQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)


class RemoteModel(models.Model):
    """A tuned model that a service lists to a key, or that one of its jobs names, with the steps of its rescue."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="remote_models")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="remote_models")
    name = models.CharField(max_length=300)
    base = models.CharField(max_length=200, blank=True)
    owned_by = models.CharField(max_length=200, blank=True)  # in the service's words
    made_at = models.DateTimeField(null=True, blank=True)
    remote_job = models.CharField(max_length=128, blank=True)  # the id of the job that made it, where one names it
    raw = models.JSONField(default=dict, blank=True)  # {"model": …, "job": …} as the service listed them
    shutdown_date = models.DateField(null=True, blank=True)
    is_listed = models.BooleanField(default=False)  # in the list of models, when that was read last
    seen_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)  # when a list did not name it any more
    used_at = models.DateTimeField(null=True, blank=True)  # last used over this portal

    job = models.ForeignKey(FineTuneJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")  # archived
    archive_due_at = models.DateTimeField(null=True, blank=True)  # its job is to be taken in; a lease while it is
    archive_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    trouble = models.TextField(blank=True)  # why its job could not be taken in
    question_set = models.ForeignKey(QuestionSet, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    recording = models.ForeignKey(Candidate, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    retrained = models.ForeignKey(FineTuneJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    comparison = models.ForeignKey(Evaluation, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)
    sign_note = models.TextField(_("note"), blank=True)

    objects = RemoteModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("model at a service")
        verbose_name_plural = _("models at services")
        ordering = ["shutdown_date", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="each_remote_model_once")]
        indexes = [
            models.Index(
                fields=["archive_due_at"], name="models_to_archive", condition=models.Q(archive_due_at__isnull=False)
            ),
            models.Index(fields=["team", "shutdown_date", "name", "id"], name="rescue_of_team"),
            models.Index(fields=["shutdown_date", "team"], name="models_ending", condition=models.Q(signed_at=None)),
        ]

    def __str__(self) -> str:
        return self.name
