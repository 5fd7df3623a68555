"""Deletes tuned models at our own trainer, where an owner wished it: their weights, archives and rows go with them."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from jobs import provider
from jobs.engines import Engine
from jobs.models import Archive, FineTuneJob, TunedModel
from jobs.pipeline.park import blame
from jobs.provider import ProviderError

LEASE = timedelta(seconds=60)
AGAIN = timedelta(seconds=30)
AT_ONCE = 100  # rows a tick


def deletable(models: "QuerySet[TunedModel]") -> "QuerySet[TunedModel]":
    """Those with weights of their own at our trainer. No call is made over a connection that is deleted or parked."""
    service = Q(connection__profile="trainer", connection__deleted_at=None, connection__disabled_at=None)
    needed = FineTuneJob.objects.active().values("base_model")  # a job that goes on from it
    return models.filter(service, engine=Engine.TRANSFORMERS, deleted_at=None, delete_due_at=None).exclude(
        name__in=needed
    )


def wish_away(model: TunedModel) -> bool:
    """False where it cannot be, or was wished away before. Belongs into a transaction."""
    rows = deletable(TunedModel.objects.filter(pk=model.pk))
    return rows.update(delete_due_at=timezone.now(), trouble="") == 1


def due() -> "QuerySet[TunedModel]":
    now = timezone.now()
    free = Q(connection__deleted_at=None, connection__disabled_at=None, connection__parked_at=None)
    awake = Q(connection__wait_until=None) | Q(connection__wait_until__lte=now)
    return TunedModel.objects.filter(free, awake, delete_due_at__lte=now).order_by("delete_due_at")


def delete(pk: int) -> None:
    """Delete one that is due at its trainer. Already gone is gone."""
    model = due().select_related("connection").filter(pk=pk).first()
    if model is None or not due().filter(pk=pk).update(delete_due_at=timezone.now() + LEASE):
        return
    rows = TunedModel.objects.filter(pk=pk)
    try:
        provider.delete_model(model.connection.access(), model.name)
    except ProviderError as error:
        if error.status != 404:
            stays = error.permanent and not blame(model.connection, error)
            rows.update(delete_due_at=None if stays else timezone.now() + AGAIN, trouble=str(error))
            return
    rows.update(delete_due_at=None, deleted_at=timezone.now(), trouble="")
    if model.step is None:
        Archive.objects.filter(job=model.job_id).delete()
