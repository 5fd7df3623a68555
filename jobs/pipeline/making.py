"""Makes the bytes of a version out of its parent's, by the operation that its origin names.

An operation is recorded whole on the row it makes (origin and options), so that it can be repeated on another file.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import Origin, TrainingFile
from jobs.models.training_file import stored_name
from jobs.pipeline import leftovers, mending, operations
from jobs.pipeline.runs import writing

type Keep = Callable[[], None]  # keeps the worker's lease; cheap, to be called for every example or so
type Operation = Callable[[TrainingFile, list[Path], Path, Keep], object]

# Each reads the sources (the parent first, then options["with"]) and writes the target, by the row's options alone.
# Raises RefusedError where that cannot be done.
OPERATIONS: dict[str, Operation] = {
    Origin.CONVERTED: operations.convert,
    Origin.EDITED: operations.edit,
    Origin.MAPPED: operations.map_table,
    Origin.MASKED: mending.mask,
    Origin.MERGED: operations.merge,
    Origin.PROMPTED: operations.set_system_prompt,
    Origin.RECIPE: writing.write,
    Origin.REDUCED: operations.reduce,
    Origin.REPAIRED: operations.repair,
    Origin.SAMPLED: operations.sample,
    Origin.SHUFFLED: operations.shuffle,
    Origin.SPLIT: operations.split,
}


def make(file: TrainingFile, write: Callable[..., None], keep: Keep) -> bool:
    """Make `file` and store it through `write`. False: the team has these very bytes already.

    Raises FileNotFoundError when a source's bytes are gone. A worker that dies here leaves a file that the next
    one overwrites.
    """
    name = stored_name(file, "")
    target = Path(settings.MEDIA_ROOT) / name
    _write(file, target, keep)
    with target.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    try:
        with transaction.atomic():
            write(content=name, size=target.stat().st_size, sha256=digest, options=file.options)
    except IntegrityError:
        target.unlink()
        _point_to_twin(file, digest, write)
        return False
    file.content.name = name
    return True


def _write(file: TrainingFile, target: Path, keep: Keep) -> None:
    sources = sources_of(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(target)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        OPERATIONS[file.origin](file, sources, part, keep)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def sources_of(file: TrainingFile) -> list[Path]:
    """The bytes that a version is made of. Raises FileNotFoundError where any are gone."""
    if file.origin == Origin.RECIPE:  # made of a run's examples (options["run"])
        return []
    others = [UUID(one) for one in file.options.get("with", [])]
    found = {row.uuid: row for row in TrainingFile.objects.alive().filter(team=file.team_id, uuid__in=others)}
    parents = [file.parent, *(found.get(uuid) for uuid in others)]
    if not all(parent and parent.content for parent in parents):
        raise FileNotFoundError
    return [parent.path for parent in parents if parent]


def _point_to_twin(file: TrainingFile, digest: str, write: Callable[..., None]) -> None:
    twin = TrainingFile.objects.alive().filter(team=file.team_id, sha256=digest).values_list("uuid", flat=True).first()
    write(deleted_at=timezone.now(), check_due_at=None, report=same_as(twin) if twin else {})


def same_as(uuid: UUID) -> dict[str, str]:
    """The report of a file that turned out to be another one."""
    return {"same_as": str(uuid)}
