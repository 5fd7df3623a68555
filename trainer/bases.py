"""The base models that the trainer has: simulated ones, and real ones, each a folder with its base.json."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from trainer import base_folders
from trainer.models import Engine, Worker

log = logging.getLogger(__name__)

type Json = dict[str, Any]

BUILT_IN = Path(__file__).parent / "engines" / "transformers" / "built_in"
SINCE_A_WORKER = timedelta(days=7)  # without one for longer, nobody is to order what will not be trained
KEPT_TO_OURSELVES = {"sha256", "source", "terms_accepted"}


@dataclass(frozen=True)
class Base:
    """`shutdown`: the day from which neither it nor any model tuned on it answers.

    `folder` and `about`, its base.json, are of real bases only.
    """

    uid: str
    alias: str
    born: date
    shutdown: date | None = None
    engine: str = Engine.SIMULATED
    folder: Path | None = None
    about: Json = field(default_factory=dict, compare=False)

    @property
    def created_at(self) -> datetime:
        return datetime(self.born.year, self.born.month, self.born.day, tzinfo=UTC)

    @property
    def is_real(self) -> bool:
        return self.engine == Engine.TRANSFORMERS


BASES = (
    Base("sim-small-2026-06-01", "sim-small", date(2026, 6, 1)),
    Base("sim-large-2026-06-01", "sim-large", date(2026, 6, 1)),
    Base("sim-old-2025-01-01", "sim-old", date(2025, 1, 1), shutdown=date(2027, 1, 14)),
)


def living_bases(issued: bool = False) -> list[Base]:
    """What may be tuned and talked to now. `issued`: for an issued key, which reaches real bases, too."""
    today = timezone.now().date()
    simulated = [base for base in BASES if base.shutdown is None or today < base.shutdown]
    return simulated + (real_bases() if issued and _has_a_worker() else [])


def living_base(name: str, issued: bool = False) -> Base | None:
    """The base of that name or alias, as long as it has not been shut down."""
    return next((base for base in living_bases(issued) if name in (base.uid, base.alias)), None)


def _has_a_worker() -> bool:
    return Worker.objects.filter(seen_at__gt=timezone.now() - SINCE_A_WORKER).exists()


def real_bases() -> list[Base]:
    """The folders that may be trained: what is built in, then what has been pulled, by name."""
    folders = (folder for root in (BUILT_IN, pulled()) for folder in base_folders.listed(root))
    return [base for folder in folders if (base := _read(folder))]


def pulled() -> Path:
    return Path(settings.TRAINER_DIR) / "bases"


def _read(folder: Path) -> Base | None:
    try:
        changed = tuple(path.stat().st_mtime_ns for path in (folder, folder / "base.json", folder / "config.json"))
    except OSError:
        return None
    return _parsed(folder, changed)


@lru_cache(maxsize=256)
def _parsed(folder: Path, _changed: tuple[int, ...]) -> Base | None:
    """The base in that folder, read again only when a file came, went or was replaced; None where it is broken."""
    try:
        about = base_folders.read(folder)
    except base_folders.BadBaseError as error:
        log.warning("a base is not offered", extra={"reason": str(error)})
        return None
    return Base(folder.name, folder.name, _born(about), engine=Engine.TRANSFORMERS, folder=folder, about=about)


def _born(about: Json) -> date:
    try:
        return datetime.fromisoformat(about["pulled_at"]).date()
    except ValueError:
        return date(2026, 12, 1)


def measured_speeds() -> dict[str, float]:
    """Tokens a second by base: of the fastest worker that has trained it."""
    found: dict[str, float] = {}
    for speeds in Worker.objects.values_list("speeds", flat=True):
        found |= {base: max(speed, found.get(base, 0.0)) for base, speed in speeds.items()}
    return found


def shown(base: Base) -> Json:
    """What a real base's base.json says, less what is of no use to others."""
    return {name: value for name, value in base.about.items() if name not in KEPT_TO_OURSELVES}
