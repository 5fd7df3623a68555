"""Follows the archives of weights that a person ordered at our own trainer, until they are ready."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from jobs import weights_call
from jobs.engines import Engine
from jobs.models import Archive, ArchiveState, FineTuneJob, User, WeightsFormat
from jobs.pipeline.park import blame
from jobs.provider import ProviderError
from jobs.states import State
from jobs.weights_call import Json

LOOK_AGAIN = timedelta(seconds=1)
LEASE = timedelta(seconds=40)  # of one look; longer than its calls take
REST = timedelta(seconds=10)  # after trouble
AT_ONCE = 100  # rows a tick


def formats(job: FineTuneJob) -> list[str]:
    """What the trainer can make of this job's model; nothing where there are no weights, or they were deleted."""
    gone = job.tuned_models.gone().filter(step=None)
    if job.engine != Engine.TRANSFORMERS or job.state != State.SUCCEEDED or not job.remote_id or gone.exists():
        return []
    if job.connection is None or job.connection.deleted_at or not job.connection.about.bundled:
        return []
    facts = job.model_facts
    first = [] if facts.get("kind") == "full" else [WeightsFormat.ADAPTER]
    return [str(one) for one in (*first, WeightsFormat.MERGED, *([WeightsFormat.GGUF] if facts.get("gguf") else []))]


def order(job: FineTuneJob, wanted: str, user: User) -> Archive | None:
    """Have it made, or made again. None where that goes on already."""
    row, made = Archive.objects.get_or_create(job=job, format=wanted, defaults={"ordered_by": user})
    free = (
        Archive.objects.filter(pk=row.pk) if made else Archive.objects.filter(~Q(state=ArchiveState.MAKING), pk=row.pk)
    )
    begun = {"state": ArchiveState.MAKING, "stage": "", "progress": None, "trouble": "", "begun_at": None}
    if not free.update(**begun, due_at=timezone.now(), ordered_by=user):
        return None
    row.refresh_from_db()
    return row


def due() -> QuerySet[Archive]:
    now = timezone.now()
    service = "job__connection__"
    free = Q(**{f"{service}deleted_at": None, f"{service}disabled_at": None, f"{service}parked_at": None})
    awake = Q(**{f"{service}wait_until": None}) | Q(**{f"{service}wait_until__lte": now})
    return Archive.objects.filter(free, awake, due_at__lte=now).order_by("due_at")


def look(pk: int) -> bool:
    """Ask how far it is. Tells whether to look again soon."""
    if not due().filter(pk=pk).exists():
        return False
    if not Archive.objects.filter(pk=pk, due_at__lte=timezone.now()).update(due_at=timezone.now() + LEASE):
        return False
    row = Archive.objects.select_related("job__connection").get(pk=pk)
    service = row.job.service
    try:
        _told(row, _ask(row))
    except ProviderError as error:
        if error.permanent and not blame(service, error):
            _write(row, state=ArchiveState.FAILED, trouble=str(error), due_at=None)
        else:
            _write(row, trouble=str(error), due_at=timezone.now() + REST)
        return False
    return row.state == ArchiveState.MAKING


def _ask(row: Archive) -> Json:
    access, job_id = row.job.service.access(), row.job.remote_id
    told = weights_call.listed(access, job_id).get(row.format, {})
    if row.begun_at is None and told.get("status") in ("not_made", "failed"):
        weights_call.begin(access, job_id, row.format)
        told = {"status": "waiting"}
    if row.begun_at is None:
        _write(row, begun_at=timezone.now())
    return told


def _told(row: Archive, told: Json) -> None:
    error = told.get("error")
    match told.get("status"):
        case "ready":
            size = told.get("size")
            whole = size if isinstance(size, int) else None
            _write(row, state=ArchiveState.READY, size=whole, due_at=None, trouble="")
        case "failed":
            words = str(error.get("message", "")) if isinstance(error, dict) else ""
            _write(row, state=ArchiveState.FAILED, trouble=words[:2000], due_at=None)
        case _:
            progress = told.get("progress")
            done = float(progress) if isinstance(progress, int | float) else None
            stage = str(told.get("stage") or "")[:32]
            _write(row, stage=stage, progress=done, due_at=timezone.now() + LOOK_AGAIN, trouble="")


def _write(row: Archive, **fields: object) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    Archive.objects.filter(pk=row.pk).update(**fields)
