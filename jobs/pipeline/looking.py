"""Looks at a file that was checked and found good: what was found goes into its report, all lines beside its bytes."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from jobs.models import TrainingFile
from jobs.training_data.findings import hashes, look_apart, sidecar
from jobs.training_data.indexing import index_path
from jobs.training_data.report import Progress, Report


def look(file: TrainingFile, report: Report, progress: Callable[[Progress], None]) -> Report:
    """The report with findings and statistics. A look that breaks off keeps no file from being used."""
    try:
        looked = look_apart(file.path, progress, personal=file.team.privacy)
    except ChildProcessError:
        return unfinished(report)
    report.findings, report.statistics = looked.findings, looked.statistics
    return report


def unfinished(report: Report) -> Report:
    """The report of a file at which the look broke off."""
    report.statistics = {"failed": True}
    return report


def left_by(file: TrainingFile) -> Report | None:
    """The report of a check that was stored before its worker died, so that only the look is left to do."""
    stored = TrainingFile.objects.values_list("report", flat=True).get(pk=file.pk)
    if not stored.get("ok") or stored.get("statistics"):
        return None
    report = Report.from_dict(stored)
    return report if report.bytes == file.size else None


def drop_sidecars(name: str) -> None:
    """What the check and the look left goes with the bytes. `name` as under MEDIA_ROOT."""
    path = Path(settings.MEDIA_ROOT) / name
    for beside in (index_path(path), sidecar(path), hashes(path)):
        beside.unlink(missing_ok=True)
