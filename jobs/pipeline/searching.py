"""Looks for a passage in all living files of a team. A worker that dies is replaced at the file that it was at.

What was found is written with the mark that says how far the search is, so that nothing is found twice.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from jobs.models import Search, SearchState, Team, TrainingFile, User
from jobs.models.search import KEPT_FOR
from jobs.pipeline.turns import Turn
from jobs.training_data.searching import Passage, UnsearchableError, scan

LINES_KEPT = 100  # of a file
AT_ONCE = 20  # rows a tick
MISSING, UNREADABLE, MAKING, TOO_MANY = "missing", "unreadable", "making", "too_many"  # why a file says less


def due() -> QuerySet[Search]:
    return Search.objects.filter(due_at__lte=timezone.now()).order_by("due_at")


def sweep() -> None:
    """Delete searches that are older than a week, but none that is deleting its passage."""
    old = Search.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    old.exclude(state=SearchState.FORGETTING).delete()


@transaction.atomic
def order(team: Team, user: User, passage: str) -> Search:
    """Order a search. Ordered twice while it runs, it is one."""
    Team.objects.select_for_update().get(pk=team.pk)
    running = Search.objects.filter(team=team, passage=passage, state=SearchState.SEARCHING).first()
    total = _files(team).aggregate(total=Sum("size"))["total"] or 0
    return running or Search.objects.create(team=team, passage=passage, by=user, total_bytes=total)


def _files(team: Team | int) -> QuerySet[TrainingFile]:
    return TrainingFile.objects.alive().filter(team=team).exclude(content="").order_by("pk")


def search(turn: Turn) -> None:
    """Go on where the row says. Raises TurnLostError."""
    row, passage = turn.search, Passage(turn.search.passage)
    before = _files(row.team_id).filter(pk__lte=row.last_file)
    row.done_bytes = before.aggregate(done=Sum("size"))["done"] or 0
    while file := _files(row.team_id).filter(pk__gt=row.last_file).defer("report").first():
        entry = _entry(turn, file, passage)
        found = [entry] if entry["count"] or entry["why"] else []
        done = row.done_bytes + file.size
        turn.write(
            results=[*row.results, *found], last_file=file.pk, done_bytes=done, total_bytes=max(row.total_bytes, done)
        )
    turn.write(state=SearchState.FOUND, due_at=None, results=[*row.results, *_unmade(row)])


def _entry(turn: Turn, file: TrainingFile, passage: Passage) -> dict[str, Any]:
    before = turn.search.done_bytes
    try:
        found = scan(file.path, passage, lambda read: turn.keep(done_bytes=before + read))
    except UnsearchableError:
        return entry(file, why=UNREADABLE)
    except OSError:
        gone = not TrainingFile.objects.alive().filter(pk=file.pk).exists()  # deleted meanwhile: nothing to tell
        return entry(file, why="" if gone else MISSING)
    finally:
        turn.search.done_bytes = before
    lines = [list(hit) for hit in found.hits[:LINES_KEPT]]
    return entry(file, count=len(found.hits), lines=lines, why=TOO_MANY if found.cut else "")


def entry(file: TrainingFile, **told: Any) -> dict[str, Any]:
    return {"file": str(file.uuid), "count": 0, "lines": [], "why": "", "act": "", "version": "", **told}


def _unmade(row: Search) -> list[dict[str, Any]]:
    """Versions whose bytes are not there yet: nobody can say what will be in them."""
    unmade = TrainingFile.objects.alive().filter(team=row.team_id, content="", check_due_at__isnull=False)
    return [entry(file, why=MAKING) for file in unmade.only("uuid")]


def is_behind(row: Search) -> bool:
    """Whether the team has bytes that this search has not looked into: files that came since, versions made since."""
    waiting = [entry["file"] for entry in row.results if entry["why"] == MAKING]
    since = Q(pk__gt=row.last_file) | Q(uuid__in=waiting)
    return _files(row.team_id).filter(since).exists()
