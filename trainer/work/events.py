"""Events of real jobs, each written once."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from trainer.models import Job, TrainingEvent

type Json = dict[str, Any]


def note(
    job: Job, key: str, message: str, data: Json | None = None, level: str = "info", when: datetime | None = None
) -> None:
    """Write an event, unless there is one of that key already."""
    row = TrainingEvent(job=job, key=key, message=message, data={} if data is None else data, level=level)
    row.created_at = when or timezone.now()
    TrainingEvent.objects.bulk_create([row], ignore_conflicts=True)
