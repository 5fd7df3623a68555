"""Saved prompts of a team: deleted, found by a text, and put together as questions."""

from collections.abc import Callable, Iterable, Iterator
from itertools import batched

import orjson
from django.utils import timezone

from jobs.models import QuestionOrigin, QuestionSet, SavedPrompt, SavedPromptQuerySet, Team, User
from jobs.pipeline.evaluations.questions import order_given
from jobs.provider import Json
from jobs.training_data.searching import Sought

ROWS = 500


def delete(rows: SavedPromptQuerySet) -> int:
    """Their texts go at once; the rows stay, without them. Returns how many."""
    return rows.alive().update(deleted_at=timezone.now(), system_prompt="", text="")


def forget(pks: list[int]) -> None:
    """As `delete`, and their names, too, which may hold what is to be forgotten."""
    for some in batched(pks, ROWS, strict=False):
        SavedPrompt.objects.filter(pk__in=some).update(deleted_at=timezone.now(), name="–", system_prompt="", text="")


def order(team: Team, user: User, prompts: Iterable[SavedPrompt], name: str) -> QuestionSet:
    """A set of copies: what becomes of the prompts later changes no question."""
    given = [_messages(prompt) for prompt in prompts]
    return order_given(team, user, given, name=name, origin=QuestionOrigin.PROMPTS)


def _messages(prompt: SavedPrompt) -> list[Json]:
    system = [{"role": "system", "content": prompt.system_prompt}] if prompt.system_prompt.strip() else []
    return [*system, {"role": "user", "content": prompt.text}]


def holding(team: int, sought: Sought, keep: Callable[[], object]) -> Iterator[int]:
    """Row numbers of those that hold a text."""
    rows = SavedPrompt.objects.alive().filter(team=team).order_by("pk")
    for pk, *texts in rows.values_list("pk", "name", "system_prompt", "text").iterator(ROWS):
        keep()
        if sought.is_in(orjson.dumps(texts)):
            yield pk
