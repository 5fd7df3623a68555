"""Pages of a long list: ids are counted and cut by an index alone, and only one page's rows are read."""

from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet

KEPT = 10  # seconds
MANY = 10_000  # rows: one more or less may then be told so much later, where the version has moved on


class Shelf[M: Model](Paginator):  # type: ignore[type-arg]  # not generic while running
    """Pages `rows`, newest first by `created_at` and `pk`.

    rows: filtered and ordered, without select_related; an index should hold all that it asks for.
    full: gives the rows of one page, by their primary keys.
    most: read no more rows than so many, the newest; None reads and counts all.
    named: what these rows are called, another name for any others: how many they are is kept under it for a while,
        for as long as their `version` is the same or if they are MANY.
    """

    def __init__(
        self,
        rows: QuerySet[M],
        per_page: int,
        full: QuerySet[M],
        most: int | None = None,
        named: str = "",
        version: int = 0,
    ) -> None:
        super().__init__(rows, per_page)
        self.rows, self.full, self.most, self.named, self.version = rows, full, most, named, version

    @cached_property
    def _found(self) -> list[Any]:
        """The newest ids, and one more if there are more than are shown."""
        return list(self.rows.values_list("pk", flat=True)[: (self.most or 0) + 1])

    @cached_property
    def count(self) -> int:
        if self.most:
            return min(len(self._found), self.most)
        version, count = cache.get(self.named, (None, 0)) if self.named else (None, 0)
        if version != self.version and count < MANY:
            count = self.rows.count()
            if self.named:
                cache.set(self.named, (self.version, count), KEPT)
        return int(count)

    @property
    def is_cut(self) -> bool:
        """Whether there are older rows than those that are shown."""
        return self.most is not None and len(self._found) > self.most

    def page(self, number: int | str) -> Page[M]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self._keys(start, min(start + self.per_page, self.count))
        rows = {row.pk: row for row in self.full.filter(pk__in=keys)}
        return Page([rows[key] for key in keys if key in rows], number, self)

    def _keys(self, start: int, stop: int) -> list[Any]:
        """The ids at these places, counted from the nearer end: the last page costs what the first does."""
        if self.most:
            return self._found[start:stop]
        keys = self.rows.values_list("pk", flat=True)
        if start <= self.count // 2:
            return list(keys[start:stop])
        return list(keys.reverse()[self.count - stop : self.count - start])[::-1]
