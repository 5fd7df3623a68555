"""The base models that the trainer pretends to have."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.utils import timezone


@dataclass(frozen=True)
class Base:
    """`shutdown`: the day from which neither it nor any model tuned on it answers."""

    uid: str
    alias: str
    born: date
    shutdown: date | None = None

    @property
    def created_at(self) -> datetime:
        return datetime(self.born.year, self.born.month, self.born.day, tzinfo=UTC)


BASES = (
    Base("sim-small-2026-06-01", "sim-small", date(2026, 6, 1)),
    Base("sim-large-2026-06-01", "sim-large", date(2026, 6, 1)),
    Base("sim-old-2025-01-01", "sim-old", date(2025, 1, 1), shutdown=date(2027, 1, 14)),
)


def living_bases() -> list[Base]:
    today = timezone.now().date()
    return [base for base in BASES if base.shutdown is None or today < base.shutdown]


def living_base(name: str) -> Base | None:
    """The base of that name or alias, as long as it has not been shut down."""
    return next((base for base in living_bases() if name in (base.uid, base.alias)), None)
