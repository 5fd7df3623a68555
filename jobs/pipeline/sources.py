"""Stores texts that came in, and reads them under a lease: a worker that dies is replaced when the lease runs out."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import Source, SourceState, Team, User
from jobs.pipeline import leftovers
from jobs.pipeline.runs.acts import forget
from jobs.pipeline.storing import LONGEST_STEM, clean_name
from jobs.training_data.texts.apart import read_apart
from jobs.training_data.texts.codes import TextCode
from jobs.training_data.texts.found import Found, Said

LEASE = timedelta(seconds=60)
WRITE_SECONDS = 1.0
AT_ONCE = 100  # texts a tick


class Stored(NamedTuple):
    source: Source
    is_new: bool  # the team did not have these bytes yet


def store(
    team: Team, user: User, content: "File[bytes]", *, name: str, sha256: str, also: Callable[[Source], object]
) -> Stored:
    """Keep `content` as a text of `team` that is due to be read. `also` joins the transaction.

    The same bytes twice give the text that is there.
    """
    if twin := _twin(team, sha256):
        return Stored(twin, is_new=False)
    kind = PurePosixPath(name).suffix.lower().removeprefix(".")
    row = Source(team=team, uploaded_by=user, name=_name(name, kind), kind=kind, sha256=sha256, size=content.size)
    row.due_at = timezone.now()
    row.content.save(row.name, content, save=False)
    try:
        with transaction.atomic():
            row.save()
            also(row)
    except IntegrityError:  # another upload of the same bytes was faster
        row.content.delete(save=False)
        return Stored(Source.objects.alive().get(team=team, sha256=sha256), is_new=False)
    except BaseException:
        row.content.delete(save=False)
        raise
    return Stored(row, is_new=True)


def _twin(team: Team, sha256: str) -> Source | None:
    return Source.objects.alive().filter(team=team, sha256=sha256).first()


def _name(name: str, kind: str) -> str:
    """A name of at most 200 characters, which keeps its ending."""
    stem = clean_name(PurePosixPath(name.replace("\\", "/")).stem + ".jsonl").removesuffix(".jsonl")
    return f"{stem[:LONGEST_STEM] or 'text'}.{kind}"


def due() -> list[int]:
    """Texts that wait to be read, or whose reading worker is gone; who waits longest comes first."""
    rows = Source.objects.alive().filter(due_at__lte=timezone.now()).order_by("due_at")
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def order_reading(source: Source, encoding: str, also: Callable[[], object]) -> bool:
    """Have it read anew, as `encoding` (empty: recognised). False while it is being read, or once it is deleted."""
    waiting = Source.objects.alive().filter(pk=source.pk).exclude(state=SourceState.CHECKING)
    with transaction.atomic():
        ordered = waiting.update(
            state=SourceState.CHECKING, chosen_encoding=encoding, due_at=timezone.now(), read_pages=0, of_pages=0
        )
        if ordered:
            also()
    return ordered == 1


class LeaseLostError(Exception):
    """Somebody else reads it now, or it was deleted."""


class Lease:
    """One worker's right to read one text. `due_at` holds it, and tells whose it is."""

    def __init__(self, source: Source) -> None:
        self.pk = source.pk
        self.until: datetime | None = None
        self.told = 0.0

    def claim(self) -> bool:
        now = timezone.now()
        self.until = now + LEASE
        waiting = Source.objects.alive().filter(pk=self.pk, state=SourceState.CHECKING, due_at__lte=now)
        return waiting.update(due_at=self.until) == 1

    def write(self, **fields: object) -> None:
        """Store `fields`, if the lease is still ours. Raises LeaseLostError."""
        if not Source.objects.alive().filter(pk=self.pk, due_at=self.until).update(**fields):
            raise LeaseLostError
        self.until = fields.get("due_at", self.until)  # type: ignore[assignment]

    def keep(self, said: Said) -> None:
        """Keep the lease, and let the page know; at most once a second."""
        if (now := time.monotonic()) - self.told < WRITE_SECONDS:
            return
        self.told = now
        self.write(read_pages=said.pages, of_pages=said.of, due_at=timezone.now() + LEASE)


def read(source: Source) -> None:
    """Read the text out of `source`. Does nothing where another worker does."""
    lease = Lease(source)
    if not lease.claim():
        return
    source.refresh_from_db()
    leftovers.clear(source.path)
    part = Path(f"{source.path}.{lease.until:%H%M%S%f}.part")
    try:
        _store(source, lease, part, _found(source, lease, part))
    except LeaseLostError:
        pass  # whoever took it stores what it finds
    finally:
        part.unlink(missing_ok=True)


def _found(source: Source, lease: Lease, part: Path) -> Found:
    try:
        return read_apart(source.path, source.kind, part, source.chosen_encoding, lease.keep)
    except ChildProcessError:  # killed: too much memory, most likely
        return Found(fault=TextCode.BROKEN.value)


def _store(source: Source, lease: Lease, part: Path, found: Found) -> None:
    """The text gets a name of its own before the row names it, so that no reader sees half of it."""
    old, name = source.text_path, ""
    if not found.fault:
        lease.write(due_at=timezone.now() + LEASE)  # whoever has it now has taken the half away
        name = f"sources/{source.uuid.hex[:2]}/{source.uuid.hex}-{found.sha256[:12]}.txt"
        part.replace(Path(settings.MEDIA_ROOT) / name)
    lease.write(
        state=SourceState.INVALID if found.fault else SourceState.READY,
        encoding=found.encoding,
        text_path=name,
        text_sha256=found.sha256,
        characters=found.characters,
        sentences=found.sentences,
        notes=found.notes,
        headings=found.headings,
        fault=found.fault,
        fault_params=found.params,
        read_at=timezone.now(),
        due_at=None,
    )
    if old and old != name:
        (Path(settings.MEDIA_ROOT) / old).unlink(missing_ok=True)


def delete(source: Source, also: Callable[[], object]) -> bool:
    """Take the bytes and the text away; the row stays for the history. `also` joins the transaction."""
    files = [Path(settings.MEDIA_ROOT) / name for name in (source.content.name, source.text_path) if name]
    with transaction.atomic():
        gone = Source.objects.alive().filter(pk=source.pk)
        if not gone.update(deleted_at=timezone.now(), content="", text_path="", due_at=None):
            return False
        also()
        forget(source)
        transaction.on_commit(lambda: _drop(files), robust=True)
    return True


def _drop(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
