"""What an older version left wrong is put right by the upgrade, once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from jobs.models import Evaluation
from jobs.pipeline.evaluations import scoring

pytestmark = pytest.mark.django_db(transaction=True)

type Migrate = Callable[[str], Any]


@pytest.fixture
def migrate() -> Iterator[Migrate]:
    """Take the database to a migration of `jobs` and return the models as they were; afterwards it is new again."""

    def to(name: str) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate([("jobs", name)])
        return MigrationExecutor(connection).loader.project_state([("jobs", name)]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_ended_jobs_without_bill_results_or_curve_are_looked_at_once_more(migrate: Migrate) -> None:
    old = migrate("0020_second_jobs")
    models = {name: old.get_model("jobs", name) for name in ("Team", "Connection", "FineTuneJob", "Metric")}
    team = models["Team"].objects.create(name="팀", slug="team")
    alive, gone = (
        models["Connection"].objects.create(team=team, name=name, profile="custom", deleted_at=deleted_at)
        for name, deleted_at in (("alive", None), ("gone", timezone.now()))
    )
    now = timezone.now()

    def job(**fields: Any) -> Any:
        whole = {"state": "succeeded", "trained_tokens": 5, "result_csv": "step", "collected_at": now, "due_at": None}
        where = {"team": team, "connection": alive, "remote_id": uuid4().hex, "base_model": "m", "name": "j"}
        made = models["FineTuneJob"].objects.create(**where | whole | fields)
        models["Metric"].objects.create(job=made, step=1, values={})
        return made

    lost = [
        job(trained_tokens=None, created_at=now),
        job(result_csv="", created_at=now - timedelta(1)),
        job(state="failed", trained_tokens=None, result_csv="", created_at=now - timedelta(2)),
        job(created_at=now - timedelta(3)),
        job(state="cancelled", trained_tokens=None, created_at=now - timedelta(4)),
    ]
    models["Metric"].objects.filter(job=lost[3]).delete()
    for kept in (
        {},
        {"state": "failed", "result_csv": ""},
        {"trained_tokens": None, "connection": gone},
        {"trained_tokens": None, "connection": None, "state": "recorded"},
        {"trained_tokens": None, "remote_id": "", "state": "failed"},
        {"trained_tokens": None, "collected_at": None},
    ):
        job(**kept)

    new = migrate("0021_ends_to_read_again").get_model("jobs", "FineTuneJob")

    due = list(new.objects.filter(due_at__isnull=False).order_by("due_at"))
    assert [row.pk for row in due] == [row.pk for row in lost]
    assert {row.collected_at for row in due} == {None}
    assert {later.due_at - row.due_at for row, later in pairwise(due)} == {timedelta(seconds=2)}


def test_orders_in_doubt_or_given_again_are_looked_for_once_and_never_asked_after(migrate: Migrate) -> None:
    old = migrate("0022_paragraphs")
    models = {name: old.get_model("jobs", name) for name in ("Team", "Connection", "FineTuneJob", "Transition")}
    team = models["Team"].objects.create(name="팀", slug="team")
    alive, gone = (
        models["Connection"].objects.create(team=team, name=name, profile="custom", deleted_at=deleted_at)
        for name, deleted_at in (("alive", None), ("gone", timezone.now()))
    )

    def job(connection: Any, state: str, *path: tuple[str, str]) -> Any:
        where = {"team": team, "connection": connection, "remote_id": uuid4().hex, "base_model": "m", "name": "j"}
        made = models["FineTuneJob"].objects.create(**where, state=state, due_at=None)
        for before, after in path:
            models["Transition"].objects.create(job=made, before=before, after=after)
        return made

    again = ("unsure", "ready")
    sought = {job(alive, "unsure").pk, job(alive, "succeeded", again).pk, job(alive, "failed", again, again).pk}
    for one in (job(alive, "running", ("pushing", "ready")), job(gone, "running", again), job(gone, "unsure")):
        assert one.pk not in sought

    new = migrate("0023_look_for_lost_orders").get_model("jobs", "FineTuneJob")

    assert set(new.objects.filter(look_due_at__isnull=False).values_list("pk", flat=True)) == sought
    assert not new.objects.filter(due_at__isnull=False).exists()


def test_an_evaluation_of_before_its_scores_stays_as_it_is_and_is_shown(migrate: Migrate) -> None:
    old = migrate("0028_refused_by")
    models = {name: old.get_model("jobs", name) for name in ("Team", "Connection", "QuestionSet", "Evaluation")}
    team = models["Team"].objects.create(name="팀", slug="team")
    service = models["Connection"].objects.create(team=team, name="연결", profile="custom")
    made = models["QuestionSet"].objects.create(team=team, name="질문", origin="lines", state="ready", count=1)
    question = old.get_model("jobs", "Question").objects.create(question_set=made, position=0, messages=[])
    row = models["Evaluation"].objects.create(team=team, name="녹음", state="done", due_at=None, done=1, total=1)
    about = {"evaluation": row, "position": 0, "kind": "chat", "connection": service, "model": "m"}
    candidate = old.get_model("jobs", "Candidate").objects.create(question_set=made, **about)
    old.get_model("jobs", "Answer").objects.create(
        evaluation=row, candidate=candidate, question=question, position=0, state="done", answer="눈이 왔다."
    )

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    kept = Evaluation.objects.get()
    assert (kept.state, kept.verdict, kept.score_due_at) == ("done", {}, None)
    assert kept.answers.get().answer == "눈이 왔다."
    assert scoring.due() == []
