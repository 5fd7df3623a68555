"""An order that its service refused: why, what still works there, where to go on, and what it left behind."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.db.models import Q
from django.utils import timezone

from jobs import pricing
from jobs.forms.job import OrderForm
from jobs.models import FineTuneJob, JobOrigin, RemoteFile, RemoteModel
from jobs.models.connection import TRAINING_NOT_AVAILABLE
from jobs.pipeline import copies
from jobs.states import State
from jobs.views.copies import is_reachable, size
from jobs.views.listings import fingerprint
from jobs.views.rescue import replacing

WAYS = 3  # other connections that are offered


def is_refused(job: FineTuneJob) -> bool:
    """Its service said no before anything was trained."""
    return job.state == State.FAILED and job.origin == JobOrigin.ORDERED and not job.remote_id


@dataclass(frozen=True)
class NoTraining:
    """This account may train no more: what is left of the service, and where else the order may go."""

    last_end: date | None  # when the last base of the catalog is switched off
    last_order: date | None  # from when nobody may order there
    models: int  # of the team over this connection that still answer
    first_end: date | None  # of those
    ways: list[dict[str, Any]]  # OrderForm's offers, one of each connection

    @property
    def is_over(self) -> bool:
        """The last base is off: nothing answers there any more."""
        return self.last_end is not None and self.last_end <= timezone.now().date()


def no_training(job: FineTuneJob) -> NoTraining | None:
    """None where the service refused something else, or nothing."""
    if job.connection is None or not is_refused(job) or job.error.get("code") != TRAINING_NOT_AVAILABLE:
        return None
    bases = pricing.bases(job.connection.profile)
    alive = Q(shutdown_date=None) | Q(shutdown_date__gt=timezone.now().date())
    rows = RemoteModel.objects.filter(alive, connection=job.connection).values_list("shutdown_date", flat=True)
    models = list(rows)
    return NoTraining(
        last_end=max((base.shutdown for base in bases if base.shutdown), default=None),
        last_order=max((base.no_new_jobs for base in bases if base.no_new_jobs), default=None),
        models=len(models),
        first_end=min(filter(None, models), default=None),
        ways=_ways(job) if job.training_file and not job.training_file.deleted_at else [],
    )


def _ways(job: FineTuneJob) -> list[dict[str, Any]]:
    """The first fitting base of each other connection, real ones first."""
    form, file = OrderForm(team=job.team), job.training_file
    offers = replacing.usable(form, method=file.method if file else "", but=job.connection_id)
    first: dict[int, dict[str, Any]] = {}
    for offer in offers:
        first.setdefault(offer["connection"].pk, offer)
    return list(first.values())[:WAYS]


# --- what it left behind ------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftBehind:
    """Copies of its files at the service that its order brought there."""

    rows: list[dict[str, Any]]
    seen: str

    @property
    def is_busy(self) -> bool:
        return any(row["copy"].delete_due_at and row["reachable"] for row in self.rows)

    @property
    def free(self) -> int:
        return sum(row["free"] for row in self.rows)

    @property
    def kept(self) -> int:
        """Copies that lie there and are not on their way out."""
        return sum(bool(row["copy"].remote_id) and not row["copy"].delete_due_at for row in self.rows)


def copies_of(job: FineTuneJob) -> list[RemoteFile]:
    """Of a refused order: its files' copies there, and those that were deleted since."""
    if not is_refused(job):
        return []
    files = [pk for pk in (job.training_file_id, job.validation_file_id) if pk]
    there = ~Q(remote_id="") | Q(deleted_at__gte=job.created_at)
    rows = RemoteFile.objects.filter(there, connection=job.connection_id, training_file__in=files)
    shown = rows.select_related("connection", "training_file").annotate(needed=copies.needing()).order_by("pk")
    return list(shown.defer("training_file__report", "training_file__options", "connection__models_seen"))


def left_behind(job: FineTuneJob) -> LeftBehind | None:
    """None where there is nothing, and was nothing."""
    rows = [_row(copy) for copy in copies_of(job)]
    seen = fingerprint((row["copy"].pk, row["state"], row["copy"].trouble) for row in rows)
    return LeftBehind(rows, seen) if rows else None


def _row(copy: RemoteFile) -> dict[str, Any]:
    reachable, state = is_reachable(copy), _state(copy)
    bytes_there = size(copy.raw.get("bytes"), copy.training_file.size)
    free = reachable and state == "there"
    return {"copy": copy, "state": state, "reachable": reachable, "free": free, "size": bytes_there}


def _state(copy: RemoteFile) -> str:
    if not copy.remote_id:
        return "deleted"
    if copy.delete_due_at:
        return "going"
    return "needed" if cast(Any, copy).needed else "there"
