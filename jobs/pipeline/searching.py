"""Looks for a passage in all living files and texts of a team, or for the wording of one of its texts in the files.

A worker that dies is replaced at the file that it was at. What was found is written with the mark that says how far
the search is, so that nothing is found twice.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from jobs.models import Search, SearchState, Source, SourceState, Team, TrainingFile, User
from jobs.models.search import KEPT_FOR
from jobs.pipeline.evaluations import erasing
from jobs.pipeline.turns import TextLostError, Turn
from jobs.training_data.report import LIMITS
from jobs.training_data.searching import Hit, Passage, Sought, UnsearchableError, scan
from jobs.training_data.texts.squeezing import find
from jobs.training_data.wording import Wording

LINES_KEPT = 100  # of a file
AT_ONCE = 20  # rows a tick
MISSING, UNREADABLE, MAKING, TOO_MANY = "missing", "unreadable", "making", "too_many"  # why a file says less
LOST = "lost"  # of the text that is looked for itself: it was deleted since, or read anew


def due() -> QuerySet[Search]:
    return Search.objects.filter(due_at__lte=timezone.now()).order_by("due_at")


def sweep() -> None:
    """Delete searches that are older than a week, but none that is deleting its passage."""
    old = Search.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    old.exclude(state=SearchState.FORGETTING).delete()


@transaction.atomic
def order(team: Team, user: User, passage: str = "", source: Source | None = None) -> Search:
    """Order a search for `passage`, or for the whole of `source`. Ordered twice while it runs, it is one."""
    Team.objects.select_for_update().get(pk=team.pk)
    running = Search.objects.filter(team=team, passage=passage, source=source, state=SearchState.SEARCHING).first()
    if running:
        return running
    total = _size(_files(team)) + (0 if source else _size(_sources(team)))
    texts = [text_entry(source, at=0)] if source else []
    return Search.objects.create(team=team, passage=passage, source=source, by=user, total_bytes=total, texts=texts)


def _files(team: Team | int) -> QuerySet[TrainingFile]:
    return TrainingFile.objects.alive().filter(team=team).exclude(content="").order_by("pk")


def _sources(team: Team | int) -> QuerySet[Source]:
    return Source.objects.usable().filter(team=team).order_by("pk")


def _size(rows: QuerySet[Any]) -> int:
    return int(rows.aggregate(total=Sum("size"))["total"] or 0)


def search(turn: Turn) -> None:
    """Go on where the row says. Raises TurnLostError."""
    row = turn.search
    try:
        sought = turn.sought
    except TextLostError:
        turn.write(state=SearchState.FOUND, due_at=None, texts=[{**row.texts[0], "at": None, "why": LOST}])
        return
    files, sources = _files(row.team_id), _sources(row.team_id)
    row.done_bytes = _size(files.filter(pk__lte=row.last_file)) + _size(sources.filter(pk__lte=row.last_source))
    while file := files.filter(pk__gt=row.last_file).defer("report").first():
        entry = _entry(turn, file, sought)
        found = [entry] if entry["count"] or entry["why"] else []
        turn.write(results=[*row.results, *found], last_file=file.pk, **_far(row, file.size))
    if isinstance(sought, Passage):
        _search_texts(turn, sought)
    found_sets = erasing.entries(row.team_id, sought, turn.keep)
    unmade, unread = _unmade(row), _unread(row) if row.passage else []
    ended: dict[str, Any] = {
        "results": [*row.results, *unmade],
        "texts": [*row.texts, *unread],
        "evaluations": found_sets,
    }
    turn.write(state=SearchState.FOUND, due_at=None, **ended)


def _far(row: Search, size: int) -> dict[str, int]:
    done = row.done_bytes + size
    return {"done_bytes": done, "total_bytes": max(row.total_bytes, done)}


def _search_texts(turn: Turn, passage: Passage) -> None:
    row = turn.search
    while source := _sources(row.team_id).filter(pk__gt=row.last_source).first():
        entry = _text_entry(turn, source, passage)
        found = [entry] if entry["at"] is not None or entry["why"] else []
        turn.write(texts=[*row.texts, *found], last_source=source.pk, **_far(row, source.size))


def _text_entry(turn: Turn, source: Source, passage: Passage) -> dict[str, Any]:
    try:
        return text_entry(source, at=find(source.text_file, passage, turn.keep))
    except OSError:
        here = Source.objects.usable().filter(pk=source.pk, text_path=source.text_path)
        return text_entry(source, why=MISSING if here.exists() else "")  # else deleted meanwhile, or read anew


def text_entry(source: Source, **told: Any) -> dict[str, Any]:
    return {"source": str(source.uuid), "at": None, "sha256": source.text_sha256, "why": "", "act": "", **told}


def _entry(turn: Turn, file: TrainingFile, sought: Sought) -> dict[str, Any]:
    before = turn.search.done_bytes
    try:
        found = scan(file.path, sought, lambda read: turn.keep(done_bytes=before + read))
        lines = _lines(file, found.hits[:LINES_KEPT], sought)
    except UnsearchableError:
        return entry(file, why=UNREADABLE)
    except OSError:
        gone = not TrainingFile.objects.alive().filter(pk=file.pk).exists()  # deleted meanwhile: nothing to tell
        return entry(file, why="" if gone else MISSING)
    finally:
        turn.search.done_bytes = before
    return entry(file, count=len(found.hits), lines=lines, why=TOO_MANY if found.cut else "")


def _lines(file: TrainingFile, hits: list[Hit], sought: Sought) -> list[list[int]]:
    """Where a text is looked for, with the words that are its own: the page cannot afford to find them again."""
    if not isinstance(sought, Wording):
        return [list(hit) for hit in hits]
    lines = []
    with file.path.open("rb") as stream:
        for hit in hits:
            stream.seek(hit.offset)
            lines.append([*hit, *(sought.place(stream.readline(LIMITS.line_bytes)) or ())])
    return lines


def entry(file: TrainingFile, **told: Any) -> dict[str, Any]:
    return {"file": str(file.uuid), "count": 0, "lines": [], "why": "", "act": "", "version": "", **told}


def _unmade(row: Search) -> list[dict[str, Any]]:
    """Versions whose bytes are not there yet: nobody can say what will be in them."""
    unmade = TrainingFile.objects.alive().filter(team=row.team_id, content="", check_due_at__isnull=False)
    return [entry(file, why=MAKING) for file in unmade.only("uuid")]


def _unread(row: Search) -> list[dict[str, Any]]:
    """Texts that are being read, and those that none could be read out of."""
    unread = Source.objects.alive().filter(team=row.team_id).exclude(state=SourceState.READY)
    whys = {SourceState.CHECKING: MAKING, SourceState.INVALID: UNREADABLE}
    return [text_entry(source, why=whys[SourceState(source.state)]) for source in unread]


def is_behind(row: Search) -> bool:
    """Whether the team has what this search has not looked into: files and texts that came, or were made, since."""
    waiting = [entry["file"] for entry in row.results if entry["why"] == MAKING]
    if _files(row.team_id).filter(Q(pk__gt=row.last_file) | Q(uuid__in=waiting)).exists():
        return True
    return bool(row.passage) and _came_since(row).exists()


def _came_since(row: Search) -> QuerySet[Source]:
    """Texts that it has not seen, or not as they are now: one may be read anew, in another encoding."""
    unread = [entry["source"] for entry in row.texts if entry["why"] in (MAKING, UNREADABLE)]
    ready = Q(state=SourceState.READY)
    fresh = ready & (Q(pk__gt=row.last_source) | Q(uuid__in=unread) | Q(read_at__gt=row.created_at))
    being_read = Q(state=SourceState.CHECKING) & ~Q(uuid__in=unread)
    return Source.objects.alive().filter(fresh | being_read, team=row.team_id)
