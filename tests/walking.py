"""What beat and worker would do, step by step in the test's own thread: the tick, without a broker."""

from datetime import timedelta

import time_machine
from django.utils import timezone

from jobs.models import Connection, FineTuneJob
from jobs.pipeline import due, follow, launch
from trainer.models import Job as RemoteJob


def step(job: FineTuneJob) -> FineTuneJob:
    """Take the job one step on, if the tick would. Returns it fresh."""
    if job.pk in due.jobs_to_advance():
        launch.advance(fresh(job))
        return fresh(job)
    for pk in due.connections_to_follow():
        follow.follow(Connection.objects.get(pk=pk))
    return fresh(job)


def fresh(job: FineTuneJob) -> FineTuneJob:
    return FineTuneJob.objects.select_related("connection", "training_file", "validation_file", "team").get(pk=job.pk)


def walk(job: FineTuneJob, *until: str, most: int = 60) -> FineTuneJob:
    """Step until the job is in one of these states, moving the clock to whenever it is due next."""
    job = fresh(job)
    for _ in range(most):
        if job.state in until and (not job.is_final or job.due_at is None):
            return job
        moment = max(job.due_at or timezone.now(), timezone.now()) + timedelta(seconds=0.01)
        with time_machine.travel(moment, tick=True):
            job = step(job)
    raise AssertionError(f"still {job.state} ({job.remote_status}, {job.trouble!r}) after {most} steps")


def remote_jobs() -> int:
    """How many jobs the far side has made: the bill."""
    return RemoteJob.objects.count()
