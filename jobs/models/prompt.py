"""Prompts that a team keeps, to say them again: in the playground, and as questions."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.team import Anyone, Team


class SavedPromptQuerySet(models.QuerySet["SavedPrompt"]):
    def visible_to(self, user: Anyone) -> "SavedPromptQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def alive(self) -> "SavedPromptQuerySet":
        return self.filter(deleted_at=None)


class SavedPrompt(models.Model):
    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="prompts")
    name = models.CharField(_("name"), max_length=120)
    system_prompt = models.TextField(_("System prompt"), blank=True)
    text = models.TextField(_("Message"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)  # its texts are empty then

    objects = SavedPromptQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved prompt")
        verbose_name_plural = _("saved prompts")
        ordering = ["-changed_at", "-pk"]
        indexes = [
            models.Index(
                fields=["team", "-changed_at", "-id"],
                name="prompts_newest_first",
                condition=models.Q(deleted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name
