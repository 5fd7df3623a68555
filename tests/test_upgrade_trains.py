"""An installation of the commit before real training, with one of everything in it, goes on as it was.

tests/before_training.json is what `dumpdata` wrote there: the demo's jobs (one done, one that trains), and what
tests/browser/seed.py of that commit makes. Left out are keys, passwords, and most of the long lists.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from openai import OpenAI

from jobs.models import Connection, FineTuneJob, Run, TunedModel, User
from jobs.pipeline import probe
from tests.needs import ROOT
from tests.real_training import make_base, make_worker
from tests.upgrading import Rows, now_of, upgraded

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("jobs", "0023_look_for_lost_orders"), ("trainer", "0003_methods")]
TUNED = "ft:sim-small-2026-06-01:simulated::k0wqOuaO"
DONE, RUNNING = "ftjob-p2884dDN2OsMQgwl5vrryItF", "ftjob-k9tRru0pK0fbTqSlHLJgo4MI"


@pytest.fixture
def stored(settings: Any) -> Iterator[Rows]:
    """Its rows as they were. When the test begins, the database has been upgraded."""
    with upgraded(BEFORE, "before_training.json") as rows:
        (Path(settings.MEDIA_ROOT) / "trainer").mkdir(parents=True)
        sample = ROOT / "samples" / "winter-essay-chat.jsonl"
        shutil.copy(sample, Path(settings.MEDIA_ROOT) / "trainer" / "file-YBCOWMWvcp1gzaVYP7BEBQzJ")
        yield rows


def connected(key: str, url: str) -> OpenAI:
    return OpenAI(api_key=key, base_url=url, max_retries=0)


def probed(pk: int) -> Connection:
    found = Connection.objects.get(pk=pk)
    probe.order(found)
    probe.test(found)
    return Connection.objects.get(pk=pk)


def test_nothing_is_lost(stored: Rows) -> None:
    expected = {label: rows for label, rows in stored.items() if rows}
    found = now_of(expected)
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
