"""One worker's right to make or cut a run: `due_at` holds it, and tells whose it is."""

import time
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from jobs.models import Run, Wish
from jobs.pipeline.runs.record import LEASE, move
from jobs.run_states import RunState

WRITE_SECONDS = 0.5


class LeaseLostError(Exception):
    """Somebody else has the run now, or a person cancelled it."""


class Lease:
    """Take it by `claim`; whatever is written through it is stored only while it is ours."""

    def __init__(self, run: Run, state: RunState) -> None:
        self.run, self.state = run, state
        self.until: datetime | None = None
        self.told = 0.0

    def claim(self) -> bool:
        """A new run, or one whose worker is gone: it is begun anew."""
        if self.run.state == RunState.NEW:
            taken = move(self.run, self.state)
        else:
            now = timezone.now()
            rows = Run.objects.filter(pk=self.run.pk, state=self.state, due_at__lte=now)
            taken = rows.update(due_at=now + LEASE, version=F("version") + 1) == 1
            self.run.refresh_from_db()
        self.until = self.run.due_at
        return taken

    def keep(self, **figures: object) -> None:
        """Store how far it is, at most twice a second. Raises LeaseLostError."""
        if time.monotonic() - self.told >= WRITE_SECONDS:
            self.prove(**figures)

    def prove(self, **figures: object) -> None:
        """Store `figures` and a new lease at once: whoever goes on after this surely has it. Raises LeaseLostError."""
        self.told = time.monotonic()
        until = timezone.now() + LEASE
        mine = Run.objects.filter(pk=self.run.pk, state=self.state, due_at=self.until)
        if not mine.exclude(wish=Wish.CANCEL).update(**figures, due_at=until, version=F("version") + 1):
            self._end()
        self.until = until

    def end(self, to: RunState, **changes: object) -> bool:
        """Leave with the run in another state. Raises LeaseLostError."""
        self.prove()
        self.run.refresh_from_db()
        return move(self.run, to, **changes)

    def _end(self) -> None:
        self.run.refresh_from_db()
        if self.run.due_at == self.until and self.run.state == self.state:  # ours, and not wanted any more
            move(self.run, RunState.CANCELLED, wish="")
        raise LeaseLostError
