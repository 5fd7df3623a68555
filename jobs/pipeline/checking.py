"""Checks a stored file under a lease: a worker that dies is replaced when the lease runs out."""

import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.utils import timezone

from jobs.models import FileState, Origin, TrainingFile
from jobs.pipeline import fetching, looking, making, repairs
from jobs.training_data.apart import check_apart
from jobs.training_data.codes import Code
from jobs.training_data.estimating import Estimate
from jobs.training_data.indexing import build
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import Fault, Progress, Report, fault
from jobs.training_data.tables.kinds import is_table, unreadable
from jobs.training_data.tables.shapes import NAMES

LEASE = timedelta(seconds=60)
WRITE_SECONDS = 1.0


class LeaseLostError(Exception):
    """Somebody else checks the file now, or it was deleted."""


class Lease:
    """One worker's right to check one file. `check_due_at` holds it, and tells whose it is."""

    def __init__(self, file: TrainingFile) -> None:
        self.pk = file.pk
        self.until: datetime | None = None
        self.told = 0.0

    def claim(self) -> bool:
        now = timezone.now()
        self.until = now + LEASE
        waiting = TrainingFile.objects.alive().filter(pk=self.pk, state=FileState.CHECKING, check_due_at__lte=now)
        return waiting.update(check_due_at=self.until) == 1

    def write(self, **fields: object) -> None:
        """Store `fields`, if the lease is still ours. Raises LeaseLostError."""
        if not TrainingFile.objects.alive().filter(pk=self.pk, check_due_at=self.until).update(**fields):
            raise LeaseLostError
        self.until = fields.get("check_due_at", self.until)  # type: ignore[assignment]

    def progress(self, done: Progress) -> None:
        """Keep the lease, and let the page know; at most once a second."""
        self.keep(checked_bytes=done.bytes_done, checked_lines=done.lines)

    def estimated(self, about: Estimate) -> None:
        """Let the page show it until the report is there."""
        self.write(report={"estimate": msgspec.to_builtins(about)}, check_due_at=timezone.now() + LEASE)

    def keep(self, **fields: object) -> None:
        if (now := time.monotonic()) - self.told < WRITE_SECONDS:
            return
        self.told = now
        self.write(**fields, check_due_at=timezone.now() + LEASE)


def check(file: TrainingFile) -> None:
    """Check `file` from its first byte to its last and store the report. Does nothing where another worker does."""
    lease = Lease(file)
    if lease.claim():
        with suppress(LeaseLostError):  # whoever took it stores the report
            _check(file, lease)


def _check(file: TrainingFile, lease: Lease) -> None:
    try:
        if file.content or _make(file, lease):
            report = looking.left_by(file) or _report(file, lease)
            found = repairs.look(file, lease.keep)
            _store(lease, looking.look(file, report, lease.progress) if report.ok else report, repair=found)
    except FileNotFoundError:
        _store(lease, _only(fault(0, Code.BYTES_MISSING)))
    except RefusedError as refused:
        _store(lease, _only(refused.fault))


def _make(file: TrainingFile, lease: Lease) -> bool:
    if file.origin == Origin.FETCHED:
        return fetching.make(file, lease.write, lease.keep)
    return making.make(file, lease.write, lease.keep)


def _report(file: TrainingFile, lease: Lease) -> Report:
    """Stored at once when it is good, so that a worker that dies in the look leaves it to the next one."""
    if kind := is_table(file.path, file.name):
        return _only(unreadable(kind) or fault(0, Code.TABLE, kind=NAMES[kind]))
    report = check_apart(file.path, lease.progress, lease.estimated)
    with suppress(OSError):  # a page that needs the index makes it
        build(file.path)
    if report.ok:
        lease.write(report=report.as_dict(), checked_bytes=0, checked_lines=0)
    return report


def stop(file: TrainingFile) -> bool:
    """End the check: its worker loses the lease, and so ends its processes. False: it is over already.

    What was found good, and only looked at, stays good.
    """
    checking = TrainingFile.objects.alive().filter(pk=file.pk, state=FileState.CHECKING)
    good = looking.left_by(file)
    report = looking.unfinished(good) if good else _only(fault(0, Code.CHECK_STOPPED))
    return checking.update(**_fields(report)) == 1


def again(file: TrainingFile) -> bool:
    """Have it checked once more, by the rules of today. False: it is being checked, or gone."""
    checked = TrainingFile.objects.alive().filter(pk=file.pk).exclude(state=FileState.CHECKING)
    return (
        checked.update(
            state=FileState.CHECKING, report={}, checked_bytes=0, checked_lines=0, check_due_at=timezone.now()
        )
        == 1
    )


def _only(found: Fault) -> Report:
    """The report of a file that could not be read, or not be made, for one reason."""
    return Report(faults=[found], fault_count=1, fault_counts={found.code: 1})


def _store(lease: Lease, report: Report, **beside: object) -> None:
    """`beside`: what the report holds that the check does not know."""
    fields = _fields(report)
    fields["report"] |= beside
    lease.write(**fields, checked_bytes=report.bytes, checked_lines=report.lines)


def _fields(report: Report) -> dict[str, Any]:
    return {
        "state": FileState.READY if report.ok else FileState.INVALID,
        "format": report.format,
        "examples": report.examples,
        "tokens": report.tokens,
        "report": report.as_dict(),
        "check_due_at": None,
    }
