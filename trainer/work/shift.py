"""A worker's shift: it trains one job after another until none waits, or until it is to stop."""

import threading
from collections.abc import Iterator

from trainer.models import ENDED, Job
from trainer.work import device, queue, speeds
from trainer.work.lease import claim
from trainer.work.running import Attempt

stopping = threading.Event()  # set when this process is to end


def work(owner: str, until: threading.Event = stopping) -> Iterator[Job]:
    """Train what waits. Gives each job that ended."""
    while not until.is_set() and (lease := claim(owner)):
        queue.announce_places()
        Attempt(lease, until).run(device.memory_each())
        queue.announce_places()
        for job in Job.objects.filter(training__pk=lease.pk):
            speeds.keep(owner, job)
        yield from Job.objects.filter(training__pk=lease.pk, training__status__in=ENDED)
