"""Makes the bytes of a converted file out of its parent's."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import TrainingFile
from jobs.models.training_file import stored_name
from jobs.training_data.converting import legacy_to_chat


def promised_digest(parent: TrainingFile, system_prompt: str) -> str:
    """Stands for the sha256 of a version that is not made yet, so that two clicks order one conversion."""
    return hashlib.sha256(f"{parent.sha256}\n{system_prompt}".encode()).hexdigest()


def make(file: TrainingFile, write: Callable[..., None]) -> bool:
    """Convert the parent into `file` and store it through `write`. False: the team has these very bytes already.

    Raises FileNotFoundError when the parent's bytes are gone. A worker that dies here leaves a file that the
    next one overwrites.
    """
    name = stored_name(file, "")
    target = Path(settings.MEDIA_ROOT) / name
    _convert(file, target)
    with target.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    try:
        with transaction.atomic():
            write(content=name, size=target.stat().st_size, sha256=digest)
    except IntegrityError:
        target.unlink()
        _point_to_twin(file, digest, write)
        return False
    file.content.name = name
    return True


def _convert(file: TrainingFile, target: Path) -> None:
    if file.parent is None or not file.parent.content:
        raise FileNotFoundError
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        legacy_to_chat(file.parent.path, part, file.options.get("system_prompt", ""))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _point_to_twin(file: TrainingFile, digest: str, write: Callable[..., None]) -> None:
    twin = TrainingFile.objects.alive().filter(team=file.team_id, sha256=digest).values_list("uuid", flat=True).first()
    write(deleted_at=timezone.now(), check_due_at=None, report=same_as(twin) if twin else {})


def same_as(uuid: UUID) -> dict[str, str]:
    """The report of a file that turned out to be another one."""
    return {"same_as": str(uuid)}
