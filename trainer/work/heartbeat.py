"""A worker's heartbeat: the row from which the API learns device, memory, versions and bases."""

import logging
import threading

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from trainer.bases import real_bases, shown
from trainer.models import Worker
from trainer.work import device
from trainer.work.shift import stopping

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds


def start(name: str) -> None:
    threading.Thread(target=_beat, args=(name,), name="heartbeat", daemon=True).start()


def _beat(name: str) -> None:
    while not stopping.is_set():
        try:
            beat(name)
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            log.warning("no heartbeat written", extra={"reason": str(error)})
        stopping.wait(EVERY)
    connection.close()


def beat(name: str) -> None:
    """Write what this worker is and has. One that cannot train writes nothing: nobody is to wait for it."""
    versions = device.versions()
    if not versions:
        log.error("TRAINER_PYTHON does not run, or lacks torch: `make trainer` puts it right")
        return
    found = {
        "device": device.name(),
        "memory_total": device.total_memory(),
        "memory_free": device.free_memory() or 0,
        "versions": versions,
        "bases": [shown(base) for base in real_bases()],
        "seen_at": timezone.now(),
    }
    Worker.objects.update_or_create(name=name, defaults=found)
