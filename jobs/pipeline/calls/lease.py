"""One worker's right to prepare an order of many calls: `due_at` holds it, and shows whose it is."""

import time
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from jobs.models import PaidOrder, Wish
from jobs.pipeline.calls.record import LEASE, move, rows
from jobs.run_states import RunState

WRITE_SECONDS = 0.5


class LeaseLostError(Exception):
    """Somebody else has the order now, or a person cancelled it."""


class Lease:
    """Take it by `claim`; whatever is written through it is stored only while it is ours."""

    def __init__(self, order: PaidOrder, state: RunState) -> None:
        self.order, self.state = order, state
        self.until: datetime | None = None
        self.written = 0.0

    def claim(self) -> bool:
        """A new order, or one whose worker is gone: it is begun again."""
        if self.order.state == RunState.NEW:
            taken = move(self.order, self.state)
        else:
            now = timezone.now()
            mine = rows(self.order).filter(state=self.state, due_at__lte=now)
            taken = mine.update(due_at=now + LEASE, version=F("version") + 1) == 1
            self.order.refresh_from_db()
        self.until = self.order.due_at
        return taken

    def keep(self, **figures: object) -> None:
        """Store how far it is, at most twice a second. Raises LeaseLostError."""
        if time.monotonic() - self.written >= WRITE_SECONDS:
            self.prove(**figures)

    def prove(self, **figures: object) -> None:
        """Store `figures` and a new lease at once: whoever goes on after this surely has it. Raises LeaseLostError."""
        self.written = time.monotonic()
        until = timezone.now() + LEASE
        mine = rows(self.order).filter(state=self.state, due_at=self.until)
        if not mine.exclude(wish=Wish.CANCEL).update(**figures, due_at=until, version=F("version") + 1):
            self._end()
        self.until = until

    def end(self, to: RunState, **changes: object) -> bool:
        """Leave with the order in another state. Raises LeaseLostError."""
        self.prove()
        self.order.refresh_from_db()
        return move(self.order, to, **changes)

    def _end(self) -> None:
        self.order.refresh_from_db()
        if self.order.due_at == self.until and self.order.state == self.state:  # ours, and not wanted any more
            move(self.order, RunState.CANCELLED, wish="")
        raise LeaseLostError
