"""What is kept of API keys, and who did what to keys and bases."""

from django.db import models
from django.utils import timezone


class FaultUse(models.Model):
    """How often a scripted fault was asked of one key: some happen on the first call only."""

    key_hash = models.CharField(max_length=64)
    name = models.CharField(max_length=32)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key_hash", "name"], name="trainer_fault_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.calls}"


class IssuedKey(models.Model):
    """A key that reaches real bases. The key itself is not kept.

    `org` is the organization that it acts for: from then on no open key acts for that one.
    """

    key_hash = models.CharField(max_length=64, unique=True)
    org = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=80, db_index=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class TrainerAct(models.Model):
    """Who issued or revoked a key, pulled or removed a base. Written once, never changed."""

    action = models.CharField(max_length=40)  # key.issued, base.pulled …
    subject = models.CharField(max_length=80)
    by = models.CharField(max_length=80)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by}: {self.action} {self.subject}"
