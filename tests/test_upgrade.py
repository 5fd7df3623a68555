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
