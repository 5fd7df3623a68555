"""The page of a job that our own trainer trains for real. Only the training process is a stand-in."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from jobs import trainer_keys
from jobs.models import FineTuneJob, TunedModel
from jobs.pipeline import probe
from jobs.remedies import remedy
from jobs.states import State
from jobs.views.own_training import own_training
from tests.conftest import World
from tests.factories import make_file, make_job
from tests.real_training import lose_the_worker, make_base, make_worker, stand_in, wait_until, work, working
from tests.walking import step, walk
from trainer.models import Training, Worker

type Login = Callable[..., Client]
pytestmark = pytest.mark.django_db(transaction=True)

VALIDATED = {
    "kind": "validated",
    "tokens": 400,
    "total_steps": 8,
    "steps_per_epoch": 4,
    "hyperparameters": {"n_epochs": 2},
    "cut": [3, 7],
    "cut_count": 2,
}
DONE = {"kind": "done", "trained_tokens": 800, "step": 4, "best_step": 4, "peak_memory_bytes": 3 * 2**30}


@pytest.fixture
def real(world: World, trainer: str, settings: Any) -> World:
    make_base(settings)
    make_worker()
    world.connection.set_key(trainer_keys.new_key())
    world.connection.save()
    probe.order(world.connection)
    probe.test(world.connection)
    world.connection.refresh_from_db()
    return world


def ordered(world: World, **fields: Any) -> FineTuneJob:
    """A job on the real base, as the order page makes it, that the trainer has."""
    facts = {"engine": world.connection.engine_of("little"), "model_facts": {"licence": "Apache License 2.0"}}
    return walk(make_job(world.team, base_model="little", **facts, **fields), State.RUNNING)


def trained(world: World, settings: Any, *options: str, **fields: Any) -> FineTuneJob:
    stand_in(settings, *options)
    job = ordered(world, **fields)
    work()
    return walk(job, State.SUCCEEDED, State.FAILED)


def page_of(login: Login, world: World, job: FineTuneJob, language: str = "en") -> str:
    return " ".join(login(world.carol, language).get(world.url(f"jobs/{job.uuid}/")).content.decode().split())


def test_a_real_job_from_order_to_model(real: World, login: Login, settings: Any) -> None:
    job = trained(real, settings, validation_file=make_file(real.team))
    assert (job.state, job.billed_usd, job.trained_tokens, job.total_steps) == (State.SUCCEEDED, Decimal(0), 800, 8)
    assert job.fine_tuned_model.startswith("ft:little:team:")
    assert set(TunedModel.objects.values_list("engine", flat=True)) == {"transformers"}
    page = page_of(login, real, job)
    assert '<span class="pill pill-ok">real training</span>' in page
    assert "electricity not counted" in page
    assert ">simulated<" not in page
    row = page[page.index("<td", page.index("Validation loss")) :]
    assert row.index("best") < row.index(f"{job.checkpoints.get(step=8).model}")  # losses fall: 4.0 / step


def test_memory_cut_rows_and_the_best_step_are_shown(real: World, login: Login, settings: Any) -> None:
    job = trained(real, settings, "--say", json.dumps(VALIDATED), "--last", json.dumps(DONE))
    own = own_training(job, job.checkpoints.all())
    assert own
    assert (own.cut_lines, own.cut_count, own.peak_memory, own.best_step) == ([3, 7], 2, 3 * 2**30, 4)
    assert own.model_step == 4
    page = page_of(login, real, job)
    assert "<dt>Peak memory</dt><dd>3.0 GiB</dd>" in page
    assert "2 examples are longer than this base model can read." in page
    assert f'href="{real.url(f"files/{job.trained_on.uuid}/examples/")}?line=7"' in page


@pytest.mark.parametrize(
    ("code", "english", "korean"),
    [
        ("out_of_memory", "too little memory", "메모리가 부족합니다"),
        ("diverged", "lower learning rate multiplier", "학습률 배수"),
        ("server_error", "The trainer could not finish this job", "트레이너가 이 작업을 끝내지 못했습니다"),
        ("invalid_base", "The base model cannot be used", "기반 모델을 쓸 수 없습니다"),
    ],
)
def test_failures_are_explained_with_what_to_do(
    real: World, login: Login, settings: Any, code: str, english: str, korean: str
) -> None:
    job = trained(real, settings, "--last", json.dumps({"kind": "failed", "code": code, "message": "It broke."}))
    assert (job.state, job.error["code"]) == (State.FAILED, code)
    assert english in page_of(login, real, job)
    assert korean in page_of(login, real, job, "ko")


def test_a_server_error_elsewhere_is_explained_as_before() -> None:
    with translation.override("en"):
        assert "order again" in str(remedy({"code": "server_error"}))
        assert remedy({"code": "server_error"}) != remedy({"code": "server_error"}, "transformers")


def test_the_place_in_the_queue_is_shown_while_it_waits(real: World, login: Login, settings: Any) -> None:
    stand_in(settings, "--seconds", "2")
    first = ordered(real)
    with working() as until:
        wait_until(lambda: Training.objects.get(job__uid=first.remote_id).steps)
        second = ordered(real)
        wait_until(lambda: look_at(second).remote_status == "queued")  # some seconds are given to an idle worker
        waiting = look_at(second)
        page = page_of(login, real, waiting)
        trains = look_at(first)
        until.set()
    assert (waiting.remote_status, "place 1." in page) == ("queued", True)
    assert (trains.remote_status, "place" in page_of(login, real, trains)) == ("running", False)
    assert trains.percent


def test_a_paused_job_says_how_it_goes_on(real: World, login: Login) -> None:
    job = ordered(real)
    Training.objects.update(status="paused", wanted="pause")
    paused = page_of(login, real, look_at(job))
    Training.objects.update(status="queued", wanted="run", queued_at=timezone.now() - timedelta(minutes=1))
    resumed = page_of(login, real, look_at(job))

    assert ['id="paused"' in page for page in (paused, resumed)] == [True, False]


def test_a_job_that_waits_for_a_worker_says_so_until_there_is_one(real: World, login: Login) -> None:
    lose_the_worker()
    job = ordered(real)
    Training.objects.update(queued_at=timezone.now() - timedelta(minutes=1))
    waiting = look_at(job)
    lacking = page_of(login, real, waiting), page_of(login, real, waiting, "ko")
    Worker.objects.update(seen_at=timezone.now())
    served = page_of(login, real, look_at(job))

    assert waiting.remote_status == "queued"
    assert ["<code>make up</code>" in page for page in (*lacking, served)] == [True, True, False]
    assert "is not running" in lacking[0]


def look_at(job: FineTuneJob) -> FineTuneJob:
    """As the tick does while a page shows the job."""
    soon = timezone.now() + timedelta(hours=1)
    FineTuneJob.objects.filter(pk=job.pk).update(watched_until=soon, due_at=timezone.now())
    return step(job)
