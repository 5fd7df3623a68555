"""Signs of life, written where something that should happen again and again has happened."""

from django.utils import timezone

from jobs.models import Pulse


def beat(name: str) -> None:
    """Note that `name` happened now: one UPDATE; two firsts at once make one row."""
    now = timezone.now()
    if not Pulse.objects.filter(name=name).update(at=now):
        Pulse.objects.bulk_create(
            [Pulse(name=name, at=now)], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
        )
