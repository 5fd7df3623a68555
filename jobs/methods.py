"""How a job trains: what its file must be, and which settings it takes.

Source of names and ranges: OpenAI's API reference, copies of November 2026.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Method(models.TextChoices):
    """In the service's words. An imported job may have been trained by a method that cannot be ordered here."""

    SUPERVISED = "supervised", _("Supervised")
    DPO = "dpo", _("DPO (preferences)")
    REINFORCEMENT = "reinforcement", _("Reinforcement (RFT)")


# What can be ordered here, and the format of the files that it trains on. RFT cannot: it needs a grader, which has no
# form here, and its last base was switched off on 2026-10-23.
TRAINS_ON: dict[str, str] = {Method.SUPERVISED: "chat", Method.DPO: "preference"}

SETTINGS: dict[str, tuple[str, ...]] = {
    Method.SUPERVISED: ("n_epochs", "batch_size", "learning_rate_multiplier"),
    Method.DPO: ("n_epochs", "batch_size", "learning_rate_multiplier", "beta"),
}

# Of our own trainer's real bases, and not OpenAI's: left out of an order where a person left them alone.
OWN_SETTINGS = ("lora_r", "lora_alpha", "early_stopping")


def method_for(file_format: str) -> Method | None:
    """The method that trains on files of that format; None where none can be ordered."""
    return next((Method(method) for method, taken in TRAINS_ON.items() if taken == file_format), None)
