"""Events of real jobs, each written once."""

from typing import Any

from trainer.models import Job, TrainingEvent

type Json = dict[str, Any]


NOTHING: Json = {}  # in most events; in some OpenAI has null


def note(
    job: Job, key: str, message: str, data: Json | None = NOTHING, level: str = "info", kind: str = "message"
) -> None:
    """Write an event, unless there is one of that key already."""
    row = TrainingEvent(job=job, key=key, message=message, data=data, level=level, type=kind)
    TrainingEvent.objects.bulk_create([row], ignore_conflicts=True)
