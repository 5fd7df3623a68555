"""One attempt at one job: its process is started, watched and stopped, and what it prints becomes rows."""

import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from trainer.models import ENDED, Status, Training, Wanted
from trainer.work import memory, queue
from trainer.work.child import Child, printed
from trainer.work.events import note
from trainer.work.keeping import tidy
from trainer.work.lease import JOB_AND_FILES, LEASE, RENEW, Lease, LostLeaseError
from trainer.work.messages import KINDS, Stopped
from trainer.work.order_file import MOST_IDLE, RefusalError, write_order
from trainer.work.recording import Recorder, error_of, stopped

log = logging.getLogger(__name__)

GRACE = 20.0  # seconds from SIGTERM to SIGKILL
LOOK = 1.0  # seconds between two looks at what is wanted
REST = 5.0  # seconds before a job is tried again whose last process still lives
AWAY = (OperationalError, InterfaceError)
BROKEN = "The job failed due to an internal error"


class FolderInUseError(Exception):
    """The process of an earlier attempt still lives."""


class Attempt:
    """`stopping` is set when the worker is to end."""

    def __init__(self, lease: Lease, stopping: threading.Event) -> None:
        self.lease, self.stopping = lease, stopping
        self.recorder = Recorder(lease)
        self.pending: list[KINDS] = []
        self.wanted: str = Wanted.RUN
        self.renew_at = 0.0
        self.held_until = time.monotonic() + LEASE.total_seconds()
        self.kill_at: float | None = None

    def run(self, free_memory: int | None) -> None:
        """Return when the job has ended, is paused, waits again, or belongs to another worker."""
        try:
            folder = write_order(self.lease.hold(), free_memory, self.lease.hold)
            with locked(folder) as lock:
                self.recorder.record_left(printed(folder))
                self._train(Child(folder, lock), memory.kills())
                self._tidy()
        except RefusalError as refusal:
            self._fail(refusal.error)
        except FolderInUseError:
            self.lease.put_back(REST)
        except LostLeaseError:
            log.warning("another worker has the job by now", extra={"training": self.lease.pk})

    def _train(self, child: Child, kills: int) -> None:
        try:
            while not (self.recorder.ended or (child.ended and not self.pending)):
                if not self.pending:  # else the database is away: what is printed meanwhile waits in the file
                    self.pending = child.read(LOOK)
                if any(isinstance(message, Stopped) for message in self.pending):
                    child.wait(GRACE)  # as soon as that is written, another worker may go on in the folder
                self._write()
                self._stop_where_wanted(child)
        finally:
            code = child.close()
        if not self.recorder.ended:
            lacked = code == -signal.SIGKILL and memory.kills() > kills
            self.recorder.settle(partial(self._died, code, lacked))

    def _write(self) -> None:
        now = time.monotonic()
        try:
            if self.pending or now >= self.renew_at:
                self.wanted = self.recorder.record(self.pending)
                self.pending, self.renew_at = [], now + RENEW
                self.held_until = now + LEASE.total_seconds()
            else:
                self.wanted = self.lease.wanted()
        except AWAY as error:
            connection.close()
            if now > self.held_until:
                raise LostLeaseError from error
            log.warning("the database is away", extra={"reason": str(error)})
            time.sleep(LOOK)
        except DatabaseError:
            log.exception("what a training process printed cannot be stored")
            self._fail(broken())

    def _stop_where_wanted(self, child: Child) -> None:
        if self.kill_at is None:
            if self.wanted != Wanted.RUN or self.stopping.is_set():
                child.stop()
                self.kill_at = time.monotonic() + GRACE
        elif time.monotonic() > self.kill_at:
            child.kill()

    def _fail(self, error: queue.Json) -> None:
        self.recorder.settle(lambda training: queue.end(training, Status.FAILED, error))

    def _died(self, code: int, lacked_memory: bool, training: Training) -> None:
        """The process ended without a last word."""
        if self.kill_at is not None:  # it was to end, and had no time to say so
            stopped(training)
        elif code == -signal.SIGPROF:  # the limit of trainer/engines/transformers/rendering.py
            error = error_of("invalid_base", "The base's chat template does not come to an end.", "model")
            queue.end(training, Status.FAILED, error)
        elif lacked_memory or training.idle_attempts >= MOST_IDLE:
            killed = lacked_memory or code == -signal.SIGKILL
            queue.end(training, Status.FAILED, memory.error(training, lacked_memory) if killed else broken())
        else:
            message = f"The training process ended unexpectedly ({code}). It starts again after step {training.steps}"
            note(training.job, f"crash:{training.attempt}", message, {"exit_code": code}, level="warn")
            training.lease_owner, training.lease_until = "", None
            training.save()

    def _tidy(self) -> None:
        ended = Training.objects.filter(pk=self.lease.pk, status__in=ENDED).select_related(*JOB_AND_FILES)
        for training in ended:
            tidy(training.job, training.folder)


def broken() -> queue.Json:
    return error_of("server_error", BROKEN)


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """A lock on the folder that lasts as long as this process or its child, which inherits it, keeps it open."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    except BlockingIOError:
        raise FolderInUseError from None
    finally:
        os.close(descriptor)
