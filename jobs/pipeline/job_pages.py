"""A service's list of jobs, page by page, whatever the service makes of paging and filtering."""

from collections.abc import Iterator
from uuid import UUID

from jobs import provider
from jobs.pipeline.matching import TAG
from jobs.provider import PAGE, Access, Json, ProviderError

REFUSED = frozenset({400, 404, 405, 422, 501})  # the service understood the query, and does not take it


def filtered(access: Access, tag: UUID) -> list[Json]:
    """What the service lists for our tag: one job, others too where it ignores the filter, none where it refuses."""
    try:
        return provider.list_jobs(access, query={f"metadata[{TAG}]": str(tag)})[0]
    except ProviderError as error:
        answered = error.code == "shape" or error.status not in (None, 401, 429)
        if not answered:
            raise
        return []


class JobPages:
    """Pages of jobs, at most `most`; no job comes twice. `ended`: the last page was read, so all were seen."""

    def __init__(self, access: Access, most: int) -> None:
        self.access, self.most = access, most
        self.ended = False
        self._seen = {""}  # an item without an id leads nowhere
        self._limit: int | None = PAGE

    def __iter__(self) -> Iterator[list[Json]]:
        after = ""
        for _ in range(self.most):
            page, more = self._page(after)
            ids = [remote["id"] for remote in page if remote["id"] not in self._seen]
            self.ended = more is False or not page or (more is None and not ids)
            if ids or not after:
                yield [remote for remote in page if not remote["id"] or remote["id"] in ids]
            if self.ended or not ids:  # more, and nothing new: the service does not know `after`
                return
            self._seen.update(ids)
            after = ids[-1]

    def _page(self, after: str) -> tuple[list[Json], bool | None]:
        """A page, and whether there are more. A service that refuses to be paged is read as it answers by itself."""
        try:
            return provider.list_jobs(self.access, after=after, limit=self._limit)
        except ProviderError as error:
            if error.status not in REFUSED or not (self._limit or after):
                raise
        if self._limit:
            self._limit = None
            return self._page(after)
        return self._page("")
