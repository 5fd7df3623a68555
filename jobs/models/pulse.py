"""When something that should happen again and again happened last."""

from django.db import models


class Pulse(models.Model):
    """The tick writes one of these: a fresh one shows that beat, broker, worker and database work together."""

    name = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} · {self.at:%Y-%m-%d %H:%M:%S}"
