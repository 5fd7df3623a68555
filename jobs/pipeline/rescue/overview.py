"""What a team's page of rescue shows: figures of all its models, and the rows of one page, in a fixed number of queries."""  # noqa: E501

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs.models import Answer, Inventory, RemoteModel, Team
from jobs.pipeline.rescue.steps import NO_ANSWERS, Counts, Step, steps
from jobs.run_states import RUN_OVER, RUN_STANDS, ChunkState

RELATED = (
    "connection",
    "job__training_file",
    "job__created_by",
    "recording__evaluation",
    "retrained",
    "comparison",
    "signed_by",
)
HEAVY = ("job__training_file__report", "job__training_file__options", "connection__models_seen")


@dataclass(frozen=True)
class Figures:
    """Of all models of a team."""

    total: int = 0
    ending: int = 0  # with a day that is known
    first_end: date | None = None
    archived: int = 0
    nameless: int = 0  # no job names them
    recorded: int = 0
    signed: int = 0

    @property
    def days_left(self) -> int | None:
        return (self.first_end - timezone.now().date()).days if self.first_end else None

    @property
    def to_archive(self) -> int:
        return self.total - self.archived - self.nameless


class Row(NamedTuple):
    model: RemoteModel
    counts: Counts
    steps: list[Step]
    days_left: int | None

    @property
    def shown(self) -> tuple[Any, ...]:
        """What may change of it, as the page shows it."""
        states = [(step.state.value, str(step.words)) for step in self.steps]
        return (self.model.pk, self.model.is_listed, self.model.used_at, self.days_left, self.counts, states)


def answered() -> Exists:
    return Exists(Answer.objects.filter(candidate=OuterRef("recording"), state=ChunkState.DONE))


def unanswered() -> Exists:
    return Exists(Answer.objects.filter(candidate=OuterRef("recording")).exclude(state=ChunkState.DONE))


def recorded(models: QuerySet[RemoteModel]) -> QuerySet[RemoteModel]:
    """Those of which every answer is here."""
    return models.filter(answered(), ~unanswered())


def unrecorded(models: QuerySet[RemoteModel]) -> QuerySet[RemoteModel]:
    """Those that could still be recorded: not recorded whole, not being recorded, and not switched off."""
    alive = Q(shutdown_date=None) | Q(shutdown_date__gt=timezone.now().date())
    over = Q(recording=None) | Q(recording__evaluation__state__in=RUN_OVER)
    return models.filter(alive, over, connection__deleted_at=None).exclude(pk__in=recorded(models).values("pk"))


def figures(team: Team) -> Figures:
    rows = RemoteModel.objects.filter(team=team)
    counted: dict[str, Any] = rows.aggregate(
        total=Count("pk"),
        ending=Count("pk", filter=Q(shutdown_date__gte=timezone.now().date())),
        first_end=Min("shutdown_date", filter=Q(shutdown_date__gte=timezone.now().date())),
        archived=Count("pk", filter=Q(job__isnull=False)),
        nameless=Count("pk", filter=Q(job=None, remote_job="")),
        signed=Count("pk", filter=Q(signed_at__isnull=False)),
    )
    return Figures(**counted, recorded=recorded(rows).count())


def inventories(team: Team) -> QuerySet[Inventory]:
    rows = Inventory.objects.filter(connection__team=team, connection__deleted_at=None)
    return rows.select_related("connection").defer("connection__models_seen").order_by("connection__name", "pk")


def rows_of(models: Iterable[RemoteModel]) -> list[Row]:
    """`models` as `related` reads them."""
    some = list(models)
    counts = counts_of(model.recording_id for model in some)
    today = timezone.now().date()
    return [
        Row(
            model,
            (of := counts.get(model.recording_id or 0, NO_ANSWERS)),
            steps(model, of),
            (model.shutdown_date - today).days if model.shutdown_date else None,
        )
        for model in some
    ]


def related(models: QuerySet[RemoteModel]) -> QuerySet[RemoteModel]:
    return models.select_related(*RELATED).defer(*HEAVY, "raw")


def counts_of(candidates: Iterable[int | None]) -> dict[int, Counts]:
    """The answers of candidates, in one query."""
    rows = Answer.objects.filter(candidate__in={pk for pk in candidates if pk}).values_list("candidate")
    of_states = {
        "done": Count("pk", filter=Q(state=ChunkState.DONE)),
        "failed": Count("pk", filter=Q(state=ChunkState.FAILED)),
        "unsure": Count("pk", filter=Q(state=ChunkState.UNSURE)),
    }
    return {pk: Counts(*counted) for pk, *counted in rows.annotate(total=Count("pk"), **of_states)}


def is_moving(team: Team) -> bool:
    """Something changes by itself: a list is read, jobs are taken in, models answer."""
    rows = RemoteModel.objects.filter(team=team)
    answering = ~Q(recording__evaluation__state__in=RUN_OVER | RUN_STANDS) & Q(recording__isnull=False)
    fetched = Q(archive_due_at__isnull=False) | Q(job__collected_at=None, job__isnull=False)
    return (
        inventories(team).filter(due_at__isnull=False).exists()
        or rows.filter(fetched | answering).exists()
        or rows.filter(job__training_file__state="checking", job__training_file__deleted_at=None).exists()
    )
