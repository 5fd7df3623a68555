"""What is kept of API keys."""

from django.db import models


class FaultUse(models.Model):
    """How often a scripted fault was asked of one key: some happen on the first call only."""

    key_hash = models.CharField(max_length=64)
    name = models.CharField(max_length=32)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key_hash", "name"], name="trainer_fault_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.calls}"
