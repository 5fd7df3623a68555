"""Celery's side: a message for the moment when a webhook is due, or for a worker that trains.

A lost one is found by the sweep.
"""

import threading
from datetime import datetime
from functools import partial
from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import transaction

from trainer import hooks
from trainer.models import Delivery, Engine, Export, Job
from trainer.weights import exporting, forgetting
from trainer.work import heartbeat, queue, shift
from trainer.work.lease import free_own

SWEEP_SECONDS = 30
TRAIN_QUEUE = "train"
one_shift = threading.Lock()


def expect(job: Job) -> None:
    """Come back when this job ends, for each endpoint that waits for it. A broker that is away does no harm."""
    for delivery in job.deliveries.all():
        if delivery.due_at:
            transaction.on_commit(partial(_come_back, delivery.pk, delivery.due_at), robust=True)


def nudge(job: Job) -> None:
    """Send a worker to the queue, if there may be something new in it."""
    if job.engine == Engine.TRANSFORMERS:
        transaction.on_commit(train.delay, robust=True)


def _come_back(pk: int, due_at: datetime) -> None:
    deliver.apply_async((pk,), eta=due_at)


@shared_task
def deliver(pk: int) -> None:
    delivery = Delivery.objects.select_related("endpoint", "job__training_file", "job__training").filter(pk=pk).first()
    again = hooks.deliver(delivery) if delivery else None
    if again:
        _come_back(pk, again)


@shared_task
def sweep() -> None:
    """Send what was not sent when it was due; wake a worker where jobs wait and it does not train."""
    for pk in hooks.due():
        deliver.delay(pk)
    for job in queue.settle():
        expect(job)
    if queue.needs_a_worker():
        train.apply_async(expires=SWEEP_SECONDS)
    exporting.expire()
    for export in exporting.left():
        send_export(export)
    forgetting.sweep()


# Acknowledged before it runs: a training outlasts every broker's patience, and the message holds nothing.
@shared_task(bind=True, acks_late=False)
def train(self: "Task[[], None]") -> None:
    """Train what waits, job by job, until nothing does. The worker's other thread is there for archives."""
    if not one_shift.acquire(blocking=False):
        return
    try:
        for job in shift.work(str(self.request.hostname)):
            expect(job)
    finally:
        one_shift.release()


def send_export(export: Export) -> None:
    """To the worker with torch where it is needed. Packing alone goes to any worker, whatever is being trained."""
    if exporting.needs_torch(export):
        make_export.apply_async((export.pk,), queue=TRAIN_QUEUE)
    else:
        make_export.delay(export.pk)


@shared_task(acks_late=False)
def make_export(pk: int) -> None:
    exporting.make(pk)


@worker_ready.connect
def begin(sender: Any, **_more: Any) -> None:
    """Take up what this worker was killed at, show that it lives, and look at the queue."""
    if TRAIN_QUEUE in sender.app.amqp.queues.consume_from:
        free_own(sender.hostname)
        heartbeat.start(sender.hostname)
        train.delay()


@worker_shutting_down.connect
def finish(**_more: Any) -> None:
    """Have what is being trained save its state."""
    shift.stopping.set()
