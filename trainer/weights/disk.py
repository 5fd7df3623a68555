"""Room that bases and runs take on the trainer's disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from trainer.bases import real_bases
from trainer.models import Job
from wire.errors import WireError

GB = 1000**3
KINDS = {"checkpoints": "weights", "exports": "archives"}  # of a run's folder; everything else is what training needs


@dataclass
class Taken:
    """Bytes of one base or one job. Of a base only `weights` counts."""

    name: str
    org: str = ""
    base: str = ""
    model: str = ""
    weights: int = 0
    archives: int = 0
    training: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.archives + self.training


def size_of(folder: Path) -> int:
    """Bytes of the plain files in a folder, at any depth. Files that go meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat(follow_symlinks=False).st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def of_bases() -> list[Taken]:
    return [Taken(base.uid, weights=size_of(base.folder)) for base in real_bases() if base.folder]


def of_jobs(org: str = "") -> list[Taken]:
    """The jobs that have a folder, largest first; of one organization, or of all."""
    found = {path.name: path for path in _runs().iterdir() if path.is_dir()} if _runs().is_dir() else {}
    rows = Job.objects.filter(uid__in=found) if not org else Job.objects.filter(uid__in=found, org=org)
    taken = [_taken(found[job.uid], Taken(job.uid, job.org, job.base, job.tuned_name)) for job in rows]
    return sorted(taken, key=lambda one: one.total, reverse=True)


def _runs() -> Path:
    return Path(settings.TRAINER_DIR) / "runs"


def _taken(folder: Path, taken: Taken) -> Taken:
    for path in folder.iterdir():
        kind = KINDS.get(path.name, "training")
        size = size_of(path) if path.is_dir() else path.stat().st_size
        setattr(taken, kind, getattr(taken, kind) + size)
    return taken


def check_room(org: str) -> None:
    """Raises the 400 of an organization whose models take all the room that it may have."""
    limit = settings.TRAINER_DISK_PER_KEY * GB
    used = sum(one.total for one in of_jobs(org)) if limit else 0
    if limit and used >= limit:
        message = (
            f"Your models take {used / GB:.1f} GB of the {limit / GB:.1f} GB that one key may have on this trainer. "
            "Delete models that you do not need any more."
        )
        raise WireError(400, message, "disk_limit_exceeded")


def free() -> int:
    """Bytes left on the disk of TRAINER_DIR, or of the nearest folder above it that is there."""
    folder = Path(settings.TRAINER_DIR)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
