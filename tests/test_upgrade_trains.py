"""An installation of the commit before real training, with one of everything in it, goes on as it was.

tests/before_training.json is what `dumpdata` wrote there: the demo's jobs (one done, one that trains), and what
tests/browser/seed.py of that commit makes. Left out are keys, passwords, and most of the long lists.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from openai import OpenAI

from jobs import sealing
from jobs.models import Connection, FineTuneJob, Run, TunedModel, User
from jobs.pipeline import probe
from tests.needs import ROOT
from tests.real_training import make_base, make_worker

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("jobs", "0023_look_for_lost_orders"), ("trainer", "0003_methods")]
OPEN_KEY = "trainer-before"
TUNED = "ft:sim-small-2026-06-01:simulated::k0wqOuaO"
DONE, RUNNING = "ftjob-p2884dDN2OsMQgwl5vrryItF", "ftjob-k9tRru0pK0fbTqSlHLJgo4MI"

type Rows = dict[str, dict[Any, dict[str, Any]]]


@pytest.fixture
def stored(settings: Any) -> Iterator[Rows]:
    """Its rows as they were. When the test begins, the database has been upgraded."""
    try:
        apps = _migrate(BEFORE)
        _store(apps)
        rows = {model._meta.label: _rows(model._base_manager, _columns(model)) for model in _models(apps)}
        _migrate(None)
        (Path(settings.MEDIA_ROOT) / "trainer").mkdir(parents=True)
        sample = ROOT / "samples" / "winter-essay-chat.jsonl"
        shutil.copy(sample, Path(settings.MEDIA_ROOT) / "trainer" / "file-YBCOWMWvcp1gzaVYP7BEBQzJ")
        yield rows
    finally:
        _migrate(None)


def _migrate(targets: Any) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())
    return MigrationExecutor(connection).loader.project_state(targets or executor.loader.graph.leaf_nodes()).apps


def _models(apps: Any) -> list[Any]:
    return [*apps.get_app_config("jobs").get_models(), *apps.get_app_config("trainer").get_models()]


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _rows(manager: Any, columns: list[str]) -> dict[Any, dict[str, Any]]:
    return {row["id"]: row for row in manager.values(*columns)}


def _store(apps: Any) -> None:
    """Put the rows in, with keys that this installation can open."""
    with transaction.atomic():
        for entry in json.loads((ROOT / "tests" / "before_training.json").read_text()):
            _put(apps.get_model(entry["model"]), entry["pk"], entry["fields"])
        keys = apps.get_model("jobs", "Connection").objects.filter(deleted_at=None)
        keys.update(sealed_key=sealing.seal(OPEN_KEY))
    with connection.cursor() as cursor:
        for line in connection.ops.sequence_reset_sql(no_style(), _models(apps)):
            cursor.execute(line)


def _put(model: Any, pk: int, given: dict[str, Any]) -> None:
    fields = {name: model._meta.get_field(name) for name in given}
    plain = {field.attname: field.to_python(given[name]) for name, field in fields.items() if not field.many_to_many}
    row = model(pk=pk, **plain)
    row.save_base(raw=True, force_insert=True)
    for name, field in fields.items():
        if field.many_to_many:
            getattr(row, name).set(given[name])


def columns_of(rows: dict[Any, dict[str, Any]]) -> list[str]:
    return list(next(iter(rows.values())))


def connected(key: str, url: str) -> OpenAI:
    return OpenAI(api_key=key, base_url=url, max_retries=0)


def probed(pk: int) -> Connection:
    found = Connection.objects.get(pk=pk)
    probe.order(found)
    probe.test(found)
    return Connection.objects.get(pk=pk)


def test_nothing_is_lost(stored: Rows) -> None:
    models = {model._meta.label: model for model in _models(_migrate(None))}
    expected = {label: rows for label, rows in stored.items() if rows}
    found = {label: _rows(models[label]._base_manager, columns_of(rows)) for label, rows in expected.items()}
    for row in expected["jobs.Connection"].values():
        row["models_seen"] = [{**model, "engine": "simulated"} for model in row["models_seen"]]

    assert len(found) > 25
    assert found == expected


def test_what_the_trainer_made_is_simulated_and_of_others_nothing_is_claimed(stored: Rows) -> None:
    ours = set(Connection.objects.filter(profile="trainer").values_list("pk", flat=True))
    for model in (FineTuneJob, TunedModel, Run):
        found = {(row.connection_id in ours, row.engine) for row in model.objects.all()}
        assert found <= {(True, "simulated"), (False, "")}
        assert (True, "simulated") in found
    assert FineTuneJob.objects.filter(engine="").count() == 2
    assert set(FineTuneJob.objects.values_list("state", flat=True)) == {
        *("new", "ready", "unsure", "running", "succeeded", "failed", "cancelled", "adopting", "recorded"),
    }


def test_an_old_connection_works_and_one_click_takes_it_to_real_models(
    stored: Rows, trainer: str, settings: Any, login: Callable[[User], Client]
) -> None:
    settings.TRAINER_KEY_SECRET = "a secret of both sides"
    make_base(settings)
    make_worker()
    before = probed(1)
    with connected(before.access().key, trainer) as sdk:
        first = sdk.chat.completions.create(model=TUNED, messages=[{"role": "user", "content": "첫눈, 골목, 발자국"}])

    login(User.objects.get(username="demo")).post(f"/t/bomnal/connections/{before.uuid}/issue/")
    after = probed(1)

    assert (before.state, after.state) == ("works", "works")
    assert "little" not in {model["id"] for model in before.models_seen}
    assert {model["id"]: model["engine"] for model in after.models_seen}["little"] == "transformers"
    with connected(after.access().key, trainer) as sdk:
        again = sdk.chat.completions.create(model=TUNED, messages=[{"role": "user", "content": "첫눈, 골목, 발자국"}])
        assert [job.id for job in sdk.fine_tuning.jobs.list()] == [RUNNING, DONE]
        assert sdk.fine_tuning.jobs.retrieve(DONE).fine_tuned_model == TUNED
    assert again.choices[0].message.content == first.choices[0].message.content != ""


def test_every_job_of_before_has_its_page(stored: Rows, login: Callable[[User], Client]) -> None:
    root = User.objects.get(username="demo")
    for job in FineTuneJob.objects.select_related("team"):
        job.team.members.get_or_create(user=root, defaults={"role": "owner"})
        page = login(root).get(f"/t/{job.team.slug}/jobs/{job.uuid}/")
        assert page.status_code == 200
        assert ("simulated" in page.content.decode()) == (job.engine == "simulated")
    assert login(root).get("/t/bomnal/models/").status_code == 200
