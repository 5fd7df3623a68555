"""The playground's conversations, kept per user and job."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import FineTuneJob
from jobs.models.team import Anyone


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: Anyone) -> "ConversationQuerySet":
        """One's own, in teams one is still in."""
        return self.filter(user_id=user.pk or 0, job__team__members__user_id=user.pk or 0)


class Conversation(models.Model):
    """One person's talk with the models of one job; `model` tells the columns apart."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="conversations")
    system_prompt = models.TextField(blank=True)
    temperature = models.FloatField(default=1.0)
    max_tokens = models.PositiveIntegerField(default=500)
    history = models.PositiveIntegerField(default=10)  # how many of the last messages go along
    left = models.CharField(max_length=300, blank=True)  # model of the first column
    right = models.CharField(max_length=300, blank=True)  # of the second; empty: one column

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [models.UniqueConstraint(fields=["user", "job"], name="one_conversation_per_user_and_job")]

    def __str__(self) -> str:
        return f"{self.user} · {self.job}"


class Message(models.Model):
    """What was said. A user's message has no model: every column heard it."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=10)  # "user" or "assistant"
    model = models.CharField(max_length=300, blank=True)
    content = models.TextField()
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    stopped = models.BooleanField(default=False)  # the person pressed stop, or the stream broke
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.content[:40]
