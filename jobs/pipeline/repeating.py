"""Orders versions by what an earlier one recorded."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from jobs.models import FileState, Origin, TrainingFile, User
from jobs.pipeline import storing
from jobs.pipeline.storing import Stored
from jobs.training_data.operations.parts import TRAINING, VALIDATION

REPEATABLE = (
    Origin.CONVERTED,
    Origin.SPLIT,
    Origin.SAMPLED,
    Origin.SHUFFLED,
    Origin.MERGED,
    Origin.PROMPTED,
    Origin.MAPPED,
    Origin.REPAIRED,
)


def is_repeatable(made: TrainingFile) -> bool:
    return made.origin in REPEATABLE and made.parent_id is not None


def candidates(made: TrainingFile) -> QuerySet[TrainingFile]:
    """The team's other files that the operation behind `made` can be done on, newest first."""
    files = TrainingFile.objects.alive().filter(team=made.team_id).exclude(Q(pk=made.parent_id) | Q(pk=made.pk))
    if made.origin == Origin.REPAIRED:
        return files.exclude(content="").exclude(state=FileState.CHECKING)
    if made.origin == Origin.MAPPED:
        return files.exclude(content="").filter(state=FileState.INVALID)
    return files.filter(state=FileState.READY, format=made.parent.format if made.parent else "")


def repeat(made: TrainingFile, on: TrainingFile, user: User, also: Callable[[TrainingFile], object]) -> list[Stored]:
    """Do on another file what made `made`: both parts, where it is a part of a split."""
    return [
        storing.order_version(on, user, Origin(made.origin), options, name=_name(on, made, options), also=also)
        for options in _options(made)
    ]


def _options(made: TrainingFile) -> list[dict[str, Any]]:
    if made.origin == Origin.SPLIT:
        return [{**made.options, "part": part} for part in (TRAINING, VALIDATION)]
    return [{key: value for key, value in made.options.items() if key != "notes"}]  # those are of the first file


def _name(on: TrainingFile, made: TrainingFile, options: dict[str, Any]) -> str:
    keep = made.origin == Origin.REPAIRED
    return storing.version_name(on.name, str(options.get("part") or made.origin), keep_ending=keep)
