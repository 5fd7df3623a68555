"""Takes in what is known of a tuned model: the job that made it is imported, followed and collected as any other."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import job_json
from jobs.models import FineTuneJob, JobOrigin, RemoteModel, User
from jobs.pipeline import adopt
from jobs.states import State

AT_ONCE = 50  # a tick
LEASE = timedelta(seconds=60)
OTHER_TEAM = gettext_noop("Its job was ordered in another team of this portal, and is kept there.")


def can_be_archived(models: QuerySet[RemoteModel]) -> QuerySet[RemoteModel]:
    """Those whose job a list named, and that is not here."""
    return models.filter(job=None, archive_due_at=None).exclude(remote_job="")


def order(models: QuerySet[RemoteModel], by: User) -> int:
    """Have workers take the jobs of `models` in. Returns how many."""
    now = timezone.now()
    return can_be_archived(models).update(archive_due_at=now, archive_by=by, trouble="")


def look_again(models: Iterable[RemoteModel], by: User) -> int:
    """Records of jobs that no connection knew are looked for once more. Returns how many."""
    jobs = [model.job for model in models if model.job and model.job.state == State.RECORDED]
    return sum(adopt.look_again(job, by) for job in jobs if job.origin == JobOrigin.IMPORTED)


def due() -> QuerySet[RemoteModel]:
    return RemoteModel.objects.filter(archive_due_at__lte=timezone.now()).order_by("archive_due_at", "pk")


def take_in(pk: int) -> FineTuneJob | None:
    """Import the job of one that is due; the tick follows it from there. Two workers make one job."""
    until = timezone.now() + LEASE
    if not due().filter(pk=pk).update(archive_due_at=until):
        return None
    model = RemoteModel.objects.select_related("team", "connection", "archive_by").get(pk=pk)
    mine = RemoteModel.objects.filter(pk=pk, archive_due_at=until)
    raw = model.raw.get("job") or {"id": model.remote_job, "model": model.base, "fine_tuned_model": model.name}
    known = job_json.read_known(raw, model.remote_job, timezone.now())
    by = model.archive_by
    try:
        with transaction.atomic():
            job, _is_new = adopt.take_in(model.team, by, known, raw, model.connection)
            mine.update(job=job, archive_due_at=None)
    except adopt.OtherTeamsError:
        mine.update(trouble=OTHER_TEAM, archive_due_at=None)
        return None
    return job
