"""The rescue of all teams, as staff see it: counts alone, the most urgent team first, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils import timezone

from jobs.models import Evaluation, EvaluationKind, FileState, Member, RemoteModel, Role, Team
from jobs.pipeline.rescue.overview import answered, unanswered
from jobs.pipeline.rescue.steps import StepName
from jobs.run_states import RunState
from jobs.states import FINAL, State

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Open:
    """One step over all models of a team."""

    name: StepName
    count: int  # models of which it is open

    @property
    def label(self) -> Any:
        return self.name.label


@dataclass(frozen=True)
class TeamRow:
    team: Team
    owners: list[str]
    total: int
    unsigned: int
    recorded: int  # whole
    days_left: int | None  # until the first model that is not signed off goes
    first_end: date | None
    off: int  # switched off and not signed off
    steps: list[Open]
    recording: Evaluation | None  # the latest


def _today() -> date:
    return timezone.now().date()


def _ahead() -> Q:
    return Q(signed_at=None, shutdown_date__gt=_today())


def by_urgency() -> QuerySet[Any, Any]:
    """A row a team: those whose models go first, then those without a day, then those where all is signed off."""
    teams = RemoteModel.objects.order_by().values("team")
    counted = teams.annotate(
        first_end=Min("shutdown_date", filter=_ahead()),
        total=Count("pk"),
        unsigned=Count("pk", filter=Q(signed_at=None)),
        off=Count("pk", filter=Q(signed_at=None, shutdown_date__lte=_today())),
    )
    # where all is signed off there is no end ahead, and none unsigned
    return counted.order_by(F("first_end").asc(nulls_last=True), "-unsigned", "team")


def rows_of(page: Iterable[dict[str, Any]]) -> list[TeamRow]:
    """`page`: some rows of `by_urgency`."""
    some = list(page)
    pks = [row["team"] for row in some]
    teams, owners = Team.objects.in_bulk(pks), _owners(pks)
    steps, recordings = _steps(pks), _recordings(pks)
    return [
        TeamRow(
            team=teams[row["team"]],
            owners=owners.get(row["team"], []),
            total=row["total"],
            unsigned=row["unsigned"],
            recorded=steps[row["team"]]["record_done"],
            days_left=(row["first_end"] - _today()).days if row["first_end"] else None,
            first_end=row["first_end"],
            off=row["off"],
            steps=_open(steps[row["team"]]),
            recording=recordings.get(row["team"]),
        )
        for row in some
    ]


def _owners(teams: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = Member.objects.filter(team__in=teams, role=Role.OWNER).order_by("created_at", "pk")
    for team, email in rows.values_list("team", "user__email"):
        found.setdefault(team, []).append(email)
    return found


def _recordings(teams: list[int]) -> dict[int, Evaluation]:
    rows = Evaluation.objects.filter(team__in=teams, kind=EvaluationKind.RECORDING).order_by()
    latest = rows.values("team").annotate(latest=Max("pk")).values("latest")
    return {one.team_id: one for one in Evaluation.objects.filter(pk__in=latest)}


def settled() -> dict[StepName, tuple[Q, Q]]:
    """Of which models a step is done, and of which it is not possible: what `steps` says of each, over many."""
    fetched = Q(job__state__in=FINAL - {State.RECORDED}, job__collected_at__isnull=False)
    file = Q(job__training_file__isnull=False, job__training_file__deleted_at=None)
    unread = Q(job__training_file__content="") | Q(job__training_file__state=FileState.CHECKING)
    nameless = Q(job=None, archive_due_at=None, trouble="", remote_job="")
    never = Q(pk__in=())
    return {
        StepName.ARCHIVE: (fetched & file & ~unread, nameless),
        StepName.RECORD: (answered() & ~unanswered(), Q(recording=None, shutdown_date__lte=_today())),
        StepName.TRAIN: (Q(retrained__state=State.SUCCEEDED), never),
        StepName.COMPARE: (Q(comparison__state=RunState.DONE), never),
        StepName.SIGN: (Q(signed_at__isnull=False), never),
    }


def _steps(teams: list[int]) -> dict[int, dict[str, int]]:
    """Of each team: its models, and of each step how many are done or not possible."""
    counts: dict[str, Any] = {"total": Count("pk")}
    for name, (done, none) in settled().items():
        counts |= {f"{name.value}_done": Count("pk", filter=done), f"{name.value}_none": Count("pk", filter=none)}
    rows: QuerySet[Any, Any] = RemoteModel.objects.filter(team__in=teams).order_by().values("team").annotate(**counts)
    return {row["team"]: row for row in rows}


def _open(counts: dict[str, int]) -> list[Open]:
    names = [(name, name.value) for name in StepName]
    return [Open(name, counts["total"] - counts[f"{key}_done"] - counts[f"{key}_none"]) for name, key in names]


def ending_soon() -> dict[str, int]:
    """Over all teams: whose models go within a month, unsigned, and how many of them have no whole recording."""
    rows = RemoteModel.objects.filter(_ahead(), shutdown_date__lte=_today() + SOON)
    kept = answered() & ~unanswered()
    found: dict[str, int] = rows.aggregate(
        teams=Count("team", distinct=True), models=Count("pk"), recorded=Count("pk", filter=kept)
    )
    return found | {"unrecorded": found["models"] - found["recorded"]}
