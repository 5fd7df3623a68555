"""The end of weights: with the last name that needs them; and of a run, with the last of its models."""

import shutil
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from trainer.engines.runs import weights_of
from trainer.models import ENDED, Engine, Export, File, Job, TunedModel

LOOKED_BACK = timedelta(days=2)  # at models that were deleted: what a killed process has left of them


def forget(model: TunedModel) -> None:
    """Delete what only `model`, which is marked deleted, needed. Can be done again."""
    job = model.job
    if job.engine == Engine.TRANSFORMERS:
        _drop_weights(model)
        if job.training.status in ENDED and not _living(job):
            shutil.rmtree(job.training.folder, ignore_errors=True)
            Export.objects.filter(job=job).delete()
    for file in (job.training_file, job.validation_file):
        if file and file.deleted_at:
            drop_bytes(file)


def _drop_weights(model: TunedModel) -> None:
    step, folder = _step(model), weights_of(model)
    if step is None or folder is None or any(_step(other) == step for other in _living(model.job)):
        return
    for export in Export.objects.filter(job=model.job, step=step).select_related("job"):
        export.archive.unlink(missing_ok=True)
        export.delete()
    shutil.rmtree(folder, ignore_errors=True)


def _step(model: TunedModel) -> int | None:
    step: int | None = model.job.training.model_step if model.step is None else model.step
    return step


def _living(job: Job) -> "list[TunedModel]":
    return list(TunedModel.objects.filter(job=job, deleted_at=None).select_related("job__training"))


def drop_bytes(file: File) -> bool:
    """Delete the bytes of a deleted file, unless a job needs them: one that goes on, or a simulated model's answers."""
    jobs = Job.objects.filter(Q(training_file=file) | Q(validation_file=file))
    going_on = jobs.filter(engine=Engine.TRANSFORMERS).exclude(training__status__in=ENDED)
    living = TunedModel.objects.filter(job=OuterRef("pk"), deleted_at=None)
    answering = jobs.filter(engine=Engine.SIMULATED).filter(Exists(living))
    if going_on.exists() or answering.exists():
        return False
    file.path.unlink(missing_ok=True)
    return True


def sweep() -> None:
    """Do what a process that was killed in the midst of it, or a job that needed a file until now, has left."""
    since = timezone.now() - LOOKED_BACK
    for model in TunedModel.objects.filter(deleted_at__gt=since).select_related("job__training", "job__training_file"):
        forget(model)
    for file in File.objects.filter(deleted_at__gt=since, job=None):
        if file.path.exists():
            drop_bytes(file)
