"""When something that should happen again and again happened last."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Pulse(models.Model):
    """The tick writes one of these: a fresh one shows that beat, broker, worker and database work together."""

    name = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("pulse")
        verbose_name_plural = _("pulses")

    def __str__(self) -> str:
        return f"{self.name} · {self.at:%Y-%m-%d %H:%M:%S}"
