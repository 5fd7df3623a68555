"""Makes rows of training files: bytes that came in, and conversions that are ordered."""

import hashlib
import json
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import Origin, Team, TrainingFile, User

LONGEST_NAME = 200
LONGEST_STEM = 180
ENDING = ".jsonl"
ENDINGS = (ENDING, ".json", ".csv", ".tsv", ".xlsx", ".txt")


class Stored(NamedTuple):
    file: TrainingFile
    is_new: bool  # the team did not have these bytes yet


def clean_name(name: str) -> str:
    """The name a file came with: no path, nothing unprintable, composed Hangul, at most 200 characters."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(char for char in last if char.isprintable()).strip()
    if len(printable) > LONGEST_NAME:
        path = PurePosixPath(printable)
        printable = path.stem[:LONGEST_STEM] + (path.suffix if path.suffix.lower() in ENDINGS else ENDING)
    return printable or f"file{ENDING}"


def store(
    team: Team,
    user: User,
    content: "File[bytes]",
    *,
    name: str,
    sha256: str,
    also: Callable[[TrainingFile], object] | None = None,
) -> Stored:
    """Keep `content` (a temporary upload is moved, not copied) as a file of `team` that is due for its check.

    `also` joins the transaction. The same bytes twice give the file that is there.
    """
    if twin := _twin(team, sha256):
        return Stored(twin, is_new=False)
    row = TrainingFile(team=team, uploaded_by=user, name=clean_name(name), sha256=sha256, size=content.size)
    row.check_due_at = timezone.now()
    row.content.save(row.name, content, save=False)
    try:
        with transaction.atomic():
            row.save()
            if also:
                also(row)
    except IntegrityError:  # another upload of the same bytes was faster
        row.content.delete(save=False)
        return Stored(TrainingFile.objects.alive().get(team=team, sha256=sha256), is_new=False)
    except BaseException:
        row.content.delete(save=False)
        raise
    return Stored(row, is_new=True)


def _twin(team: Team, sha256: str) -> TrainingFile | None:
    return TrainingFile.objects.alive().filter(team=team, sha256=sha256).first()


def order_version(
    parent: TrainingFile,
    user: User | None,
    origin: Origin,
    options: dict[str, Any],
    *,
    name: str,
    also: Callable[[TrainingFile], object],
) -> Stored:
    """Order a version of `parent`, which the check makes first (`pipeline.making`). Ordered twice, it is made once."""
    if made := TrainingFile.objects.alive().filter(parent=parent, origin=origin, options=options).first():
        return Stored(made, is_new=False)
    row = TrainingFile(team=parent.team, uploaded_by=user, name=name, parent=parent, origin=origin, options=options)
    return _ordered(row, also)


def order_made(team: Team, user: User | None, origin: Origin, options: dict[str, Any], *, name: str) -> Stored:
    """Order a file that has no parent: `options` say what it is made of. Ordered twice, it is made once."""
    row = TrainingFile(team=team, uploaded_by=user, name=name, origin=origin, options=options)
    return _ordered(row, lambda _row: None)


def _ordered(row: TrainingFile, also: Callable[[TrainingFile], object]) -> Stored:
    row.sha256, row.size = _promised_digest(row), 0
    row.check_due_at = timezone.now()
    try:
        with transaction.atomic():
            row.save()
            also(row)
    except IntegrityError:
        return Stored(TrainingFile.objects.alive().get(team=row.team, sha256=row.sha256), is_new=False)
    return Stored(row, is_new=True)


def _promised_digest(row: TrainingFile) -> str:
    """Stands for the sha256 of a version that is not made yet, so that two clicks order one."""
    told = json.dumps([row.parent.sha256 if row.parent else "", row.origin, row.options], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def order_conversion(
    parent: TrainingFile, user: User, system_prompt: str, also: Callable[[TrainingFile], object]
) -> Stored:
    """Order a chat version of a legacy file."""
    options = {"system_prompt": system_prompt}
    name = version_name(parent.name, "chat")
    return order_version(parent, user, Origin.CONVERTED, options, name=name, also=also)


def version_name(name: str, word: str, *, keep_ending: bool = False) -> str:
    """`essays.jsonl`, `chat` → `essays-chat.jsonl`. What a table was called keeps its ending only if it stays one."""
    path = PurePosixPath(name)
    known = path.suffix.lower() in ENDINGS
    ending = path.suffix if known and keep_ending else ENDING
    return f"{(path.stem if known else name)[:LONGEST_STEM]}-{word}{ending}"
