"""Drafts of changes: put, taken back, and made into a version all at once."""

import re
from collections.abc import Callable
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from jobs.models import DraftChange, Origin, TrainingFile, User
from jobs.pipeline import storing
from jobs.pipeline.storing import Stored

MOST_CHANGES = 1_000  # of one version
MOST_BYTES = 5 * 1024 * 1024
EDITED = re.compile(r"\A(.+)-edited(?:-(\d{1,6}))?")


class TooManyError(Exception):
    """One person has drafted as much for one file as a version may hold."""


class Tally(NamedTuple):
    changes: int
    bytes: int


def tally(file: TrainingFile, user: User) -> Tally:
    counted = DraftChange.objects.filter(file=file, by=user).aggregate(n=Count("pk"), size=Sum("size"))
    return Tally(counted["n"], counted["size"] or 0)


def put(file: TrainingFile, user: User, line: int | None, content: str, pk: int | None = None) -> DraftChange:
    """Keep `content` ('' to delete) for a line, or for an added one: a new one, unless `pk` names it.

    Raises TooManyError.
    """
    try:
        return _put(file, user, line, content, pk)
    except IntegrityError:  # another tab was faster with the same line: now it is there
        return _put(file, user, line, content, pk)


def _put(file: TrainingFile, user: User, line: int | None, content: str, pk: int | None) -> DraftChange:
    size = len(content.encode())
    fields = {"content": content, "size": size, "at": timezone.now()}
    mine = DraftChange.objects.filter(file=file, by=user)
    with transaction.atomic():
        same = mine.filter(pk=pk or 0, line=None) if line is None else mine.filter(line=line)
        old = same.select_for_update().first()
        _refuse_too_many(tally(file, user), size, old)
        if not old:
            return DraftChange.objects.create(file=file, by=user, line=line, **fields)
        same.update(**fields)
    return old


def _refuse_too_many(so_far: Tally, size: int, old: DraftChange | None) -> None:
    more = size - (old.size if old else 0)
    if so_far.bytes + more > MOST_BYTES or (not old and so_far.changes >= MOST_CHANGES):
        raise TooManyError


def order(parent: TrainingFile, user: User, also: Callable[[TrainingFile, int], object]) -> Stored | None:
    """Order the version that holds all of one's drafts, and end them. None where there are none any more.

    `also` joins the transaction, and hears how many changes there are. Two tabs at once order one version.
    """
    with transaction.atomic():
        drafts = list(DraftChange.objects.of(parent, user).select_for_update()[:MOST_CHANGES])
        if not drafts:
            return None
        changes = [[draft.line, draft.content or None] for draft in drafts]
        made = storing.order_version(
            parent,
            user,
            Origin.EDITED,
            {"changes": changes},
            name=version_name(parent.name),
            also=lambda row: also(row, len(changes)),
        )
        DraftChange.objects.filter(pk__in=[draft.pk for draft in drafts]).delete()
    return made


def version_name(name: str) -> str:
    """`essays.jsonl` → `essays-edited.jsonl` → `essays-edited-2.jsonl`."""
    if found := EDITED.fullmatch(name.removesuffix(storing.ENDING)):
        return storing.version_name(found[1], f"edited-{int(found[2] or 1) + 1}")
    return storing.version_name(name, "edited")
