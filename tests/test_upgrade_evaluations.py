"""An installation of the commit before evaluations, with one of everything in it, goes on as it was, and can evaluate.

tests/before_evaluations.json is what `dumpdata` wrote there: the demo, and what tests/browser/seed.py of that commit
makes. Left out are keys, passwords, and most of the long lists.
"""

import shutil
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import (
    Connection,
    Evaluation,
    FineTuneJob,
    PlannedEvaluation,
    QuestionSet,
    RemoteModel,
    Team,
    TrainingFile,
    TunedModel,
    User,
)
from jobs.pipeline.evaluations import questions, scoring
from jobs.pipeline.rescue import inventory
from jobs.run_states import RunState
from tests.chat_side import chat_side
from tests.evaluating import walk
from tests.needs import ROOT
from tests.upgrading import Rows, now_of, upgraded

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("jobs", "0025_weights"), ("trainer", "0007_worker_names")]
TUNED = "ft:sim-large-2026-06-01:bomnal:winter-essay:Bq7Yt2Lm"
MENU = (
    *("job-list", "job-new", "file-list", "source-list", "run-list", "recipe-list", "passage-list", "model-list"),
    *("connection-list", "team", "team-audit", "playground"),
    *("evaluation-list", "question-list", "question-new", "rescue", "rescue-record"),
)


@pytest.fixture
def stored() -> Iterator[Rows]:
    with upgraded(BEFORE, "before_evaluations.json") as rows:
        file = FineTuneJob.objects.get(fine_tuned_model=TUNED).training_file
        assert file
        file.path.parent.mkdir(parents=True)
        shutil.copy(ROOT / "samples" / "winter-essay-chat.jsonl", file.path)
        yield rows


@pytest.fixture
def team(stored: Rows) -> Team:
    return FineTuneJob.objects.get(fine_tuned_model=TUNED).team


def test_nothing_is_lost_and_every_page_opens(stored: Rows, team: Team, login: Callable[[User], Client]) -> None:
    expected = {label: rows for label, rows in stored.items() if rows}
    assert len(expected) > 20
    assert now_of(expected) == expected
    assert not Evaluation.objects.exists()
    assert not PlannedEvaluation.objects.exists()

    paths = [reverse(name, args=[team.slug]) for name in MENU]
    paths += [f"/t/{team.slug}/jobs/{job.uuid}/" for job in FineTuneJob.objects.filter(team=team)]
    paths += [f"/t/{team.slug}/files/{file.uuid}/" for file in TrainingFile.objects.filter(team=team, deleted_at=None)]
    client = login(User.objects.get(username="alice"))
    answers = {path: client.get(path).status_code for path in paths}
    assert {path: status for path, status in answers.items() if status != 200} == {}


def test_a_model_of_before_is_in_the_inventory_and_is_evaluated(
    team: Team, settings: Any, login: Callable[[User], Client]
) -> None:
    client = login(User.objects.get(username="alice"))
    service = Connection.objects.get(team=team, state="works")
    client.post(f"/t/{team.slug}/questions/new/", {"source": "lines", "lines": "첫 질문\n둘째 질문\n셋째 질문"})
    made = QuestionSet.objects.get()
    questions.make(made)
    order = f"/t/{team.slug}/evaluations/new/?questions={made.uuid}"
    offered = client.get(order).text
    assert f"{service.uuid}|{TUNED}" in offered
    models = [f"{service.uuid}|{name}" for name in (TUNED, "sim-large-2026-06-01")]
    sent = {"order_token": str(uuid4()), "models": models, "max_tokens": 100, "temperature": 0, "repetitions": 1}
    price = client.post(order.replace("new/", "price/"), sent, headers={"HX-Request": "true"}).context["button_price"]

    with chat_side(models=["sim-large-2026-06-01", TUNED]) as far:
        settings.TRAINER_URL = far.url
        inventory.order(service)
        for row in inventory.due():
            inventory.read(row.pk)
        answer = client.post(order, sent | {"shown_usd": price})
        done = walk(Evaluation.objects.get())
        for pk in scoring.due():
            scoring.score(Evaluation.objects.get(pk=pk))

    page = client.get(answer["Location"])
    assert (done.state, done.done, set(far.answers.values())) == (RunState.DONE, 6, {1})
    assert page.status_code == 200
    assert f"첫 질문, {TUNED} 모델의 답입니다." in page.text
    tuned, found = TunedModel.objects.get(name=TUNED), RemoteModel.objects.get(name=TUNED)
    assert (found.job, found.is_listed) == (tuned.job, True)
    assert done.candidates.get(model=TUNED).tuned_model == tuned
