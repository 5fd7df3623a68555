"""Celery's side: a message for the moment when a webhook is due. A lost one is found by the sweep."""

from datetime import datetime
from functools import partial

from celery import shared_task
from django.db import transaction

from trainer import hooks
from trainer.models import Delivery, Job


def expect(job: Job) -> None:
    """Come back when this job ends, for each endpoint that waits for it. A broker that is away does no harm."""
    for delivery in job.deliveries.all():
        if delivery.due_at:
            transaction.on_commit(partial(_come_back, delivery.pk, delivery.due_at), robust=True)


def _come_back(pk: int, due_at: datetime) -> None:
    deliver.apply_async((pk,), eta=due_at)


@shared_task
def deliver(pk: int) -> None:
    delivery = Delivery.objects.select_related("endpoint", "job__training_file").filter(pk=pk).first()
    again = hooks.deliver(delivery) if delivery else None
    if again:
        _come_back(pk, again)


@shared_task
def sweep() -> None:
    """Send what was not sent when it was due."""
    for pk in hooks.due():
        deliver.delay(pk)
