"""Which examples a page shows: by number, by words, by what was found in them, or those one has changed."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple, cast

from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.models import DraftChange, TrainingFile, User
from jobs.training_data.browsing import Found, Row, findings, row, rows, search
from jobs.training_data.editing import typed
from jobs.training_data.indexing import Index
from jobs.training_data.report import Format, Report

PAGE = 20
FAULTY = "fault"  # a "finding" of ours: lines that the check calls faulty
NUMBER = re.compile(r"[1-9]\d{0,11}")


class Place(NamedTuple):
    """Where in the file a person looks, as the address says."""

    page: int = 1
    line: int | None = None  # to jump to
    words: str = ""
    start: int = 1  # where the search goes on
    finding: str = ""
    changes: bool = False
    edit: str = ""
    as_json: bool = False


class Shown(NamedTuple):
    """One example on the page. `key` names it in addresses and forms; an added one has no number."""

    key: str
    number: int | None
    row: Row | None  # None: deleted in the draft
    status: str  # "", "changed", "deleted", "added"


@dataclass(frozen=True)
class Listing:
    shown: list[Shown]
    total: int = 0  # of what is paged: lines and added ones, lines of a finding, changes
    pages: int = 1
    page: int = 1
    found: Found | None = None
    missing_line: int | None = None
    lines: int = 0

    @property
    def previous(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def following(self) -> int | None:
        return self.page + 1 if self.page < self.pages else None


def number(text: str | None) -> int | None:
    return int(text) if text and NUMBER.fullmatch(text) else None


def place_of(request: HttpRequest) -> Place:
    asked = request.GET
    return Place(
        page=number(asked.get("page")) or 1,
        line=number(asked.get("line")),
        words=asked.get("q", "").replace("\0", "").strip()[:200],
        start=number(asked.get("from")) or 1,
        finding=asked.get("finding", "")[:60],
        changes=asked.get("show") == "changes",
        edit=asked.get("edit", "")[:20],
        as_json=asked.get("mode") == "json",
    )


class Reader:
    """Reads pages of one file, with one person's drafts over it."""

    def __init__(self, file: TrainingFile, user: User, index: Index) -> None:
        self.file, self.index = file, index
        self.expected = cast(Format, file.format)
        self.drafts: QuerySet[DraftChange] = DraftChange.objects.of(file, user)

    def listing(self, place: Place) -> Listing:
        if place.changes:
            return self._changes(place)
        if place.words:
            found = search(self.index, place.words, place.start, PAGE)
            return Listing(self._numbered(found.lines), found=found, lines=self.index.lines)
        if place.finding:
            return self._of(lines_of(self.file, place.finding), place)
        return self._all(place)

    def _all(self, place: Place) -> Listing:
        added = self.drafts.filter(line=None)
        total = self.index.lines + (more := added.count())
        missing = place.line if place.line and place.line > self.index.lines else None
        pages = self._page(total)
        page = min(self._page(place.line) if place.line else place.page, pages)
        first, last = (page - 1) * PAGE + 1, page * PAGE
        shown = self._numbered(list(range(first, min(last, self.index.lines) + 1)))
        beyond = last - self.index.lines
        if more and beyond > 0:
            shown += map(self._draft, added[max(0, beyond - PAGE) : beyond])
        return Listing(shown, total, pages, page, missing_line=missing, lines=self.index.lines)

    def _of(self, lines: list[int], place: Place) -> Listing:
        """Those of a list of lines; a line to jump to is one of them, or the one behind it."""
        pages = self._page(len(lines))
        page = min(self._page(bisect_left(lines, place.line) + 1) if place.line else place.page, pages)
        shown = self._numbered(lines[(page - 1) * PAGE : page * PAGE])
        return Listing(shown, len(lines), pages, page, lines=self.index.lines)

    def _changes(self, place: Place) -> Listing:
        drafts = self.drafts
        total = drafts.count()
        page = min(place.page, self._page(total))
        shown = list(map(self._draft, drafts[(page - 1) * PAGE : page * PAGE]))
        return Listing(shown, total, self._page(total), page, lines=self.index.lines)

    @staticmethod
    def _page(position: int) -> int:
        return max(1, -(-position // PAGE))

    def _numbered(self, numbers: list[int]) -> list[Shown]:
        drafts = {draft.line: draft for draft in self.drafts.filter(line__in=numbers)}
        as_is = [number for number in numbers if number not in drafts]
        read = {
            one.number: Shown(str(one.number), one.number, one, "") for one in rows(self.index, as_is, self.expected)
        }
        read |= {line: self._draft(draft) for line, draft in drafts.items() if line}
        return [read[number] for number in numbers if number in read]

    def _draft(self, draft: DraftChange) -> Shown:
        key = str(draft.line or f"d{draft.pk}")
        if not draft.content and draft.line:
            line = self.index.read(draft.line)
            return Shown(key, draft.line, row(line) if line else None, "deleted")
        made = row(typed(draft.line or 0, draft.content), self.expected)
        return Shown(key, draft.line, made, "changed" if draft.line else "added")

    def content(self, key: str) -> bytes | None:
        """What a form opens: one's draft, else the line; None where there is neither."""
        draft = self.draft(key)
        return draft.content.encode() if draft and draft.content else self.original(key)

    def draft(self, key: str) -> DraftChange | None:
        own = self.drafts.filter(line=None, pk=number(key[1:]) or 0) if key.startswith("d") else None
        return (self.drafts.filter(line=number(key) or 0) if own is None else own).first()

    def original(self, key: str) -> bytes | None:
        line = self.index.read(number(key) or 0)
        return line.raw if line else None


def lines_of(file: TrainingFile, finding: str) -> list[int]:
    """All lines with a finding; the first hundred where the check left no more."""
    report = Report.from_dict(file.report)
    if finding == FAULTY:
        return sorted({fault.line for fault in report.faults if fault.line})
    told = next((one.lines for one in report.findings if one.code == finding), [])
    return findings(file.path).get(finding, told)
