"""Takes a file's bytes away; its row stays for the history. Refused while anything needs them."""

from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs.models import FineTuneJob, TrainingFile
from jobs.pipeline.looking import drop_sidecars
from jobs.training_data.editing import without_texts


def erase(file: TrainingFile, also: Callable[[TrainingFile], object]) -> bool:
    """Delete `file`, unless it is needed or gone already. `also` joins the transaction that marks it deleted."""
    with transaction.atomic():
        options = without_texts(file.options)
        gone = free(file).update(deleted_at=timezone.now(), content="", check_due_at=None, options=options)
        if gone:
            also(file)
            transaction.on_commit(partial(_drop_bytes, file), robust=True)
    return bool(gone)


def free(file: TrainingFile) -> QuerySet[TrainingFile]:
    """The file, unless an active job or a version on its way needs its bytes."""
    jobs = FineTuneJob.objects.active().filter(Q(training_file=OuterRef("pk")) | Q(validation_file=OuterRef("pk")))
    unmade = TrainingFile.objects.alive().filter(parent=OuterRef("pk"), content="", check_due_at__isnull=False)
    return TrainingFile.objects.alive().filter(~Exists(jobs), ~Exists(unmade), pk=file.pk)


def _drop_bytes(file: TrainingFile) -> None:
    """The bytes, and what was made of them beside them."""
    if name := file.content.name:
        file.content.storage.delete(name)
        drop_sidecars(name)
