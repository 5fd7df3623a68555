"""A worker's turn at a search: the row's `due_at` holds it, and tells whose it is."""

import time
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import F
from django.utils import timezone

from jobs.models import Search
from jobs.models.search import WORKING
from jobs.training_data.searching import Passage, Sought
from jobs.training_data.wording import Wording, wording_of

LEASE = timedelta(seconds=60)
WRITE_SECONDS = 1.0


class TurnLostError(Exception):
    """Another worker has the search now, or it was deleted."""


class TextLostError(Exception):
    """The text that is looked for was deleted since, or read anew: nobody can tell its examples any more."""


class Turn:
    def __init__(self, search: Search) -> None:
        self.search = search
        self.until: datetime | None = None
        self.told = time.monotonic()

    def claim(self) -> bool:
        """Take the row if it is due, and read it as it is then."""
        now = timezone.now()
        self.until = now + LEASE
        due = Search.objects.filter(pk=self.search.pk, state__in=WORKING, due_at__lte=now)
        if not due.update(due_at=self.until):
            return False
        self.search.refresh_from_db()
        return True

    def write(self, **fields: Any) -> None:
        """Store `fields` and keep the turn, or end it where they name `due_at`. Raises TurnLostError."""
        fields.setdefault("due_at", timezone.now() + LEASE)
        mine = Search.objects.filter(pk=self.search.pk, due_at=self.until)
        if not mine.update(**fields, version=F("version") + 1):
            raise TurnLostError
        self.until, self.told = fields["due_at"], time.monotonic()
        for name, value in fields.items():
            setattr(self.search, name, value)

    def keep(self, **fields: Any) -> None:
        """As `write`, at most once a second."""
        if time.monotonic() - self.told >= WRITE_SECONDS:
            self.write(**fields)

    @cached_property
    def sought(self) -> Sought:
        """What is looked for; of a long text it takes seconds to make. Raises TextLostError and TurnLostError."""
        return Passage(self.search.passage) if self.search.passage else self._wording()

    def _wording(self) -> Wording:
        source = self.search.source
        if source is None or self.search.is_lost:
            raise TextLostError
        try:
            return wording_of(source.text_file, self.keep)
        except OSError as missing:
            raise TextLostError from missing
