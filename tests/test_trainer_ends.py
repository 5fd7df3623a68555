"""A real job whose database is away, whose nudge comes twice, whose template never ends, or whom a stranger orders."""

import json
import signal
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from openai import BadRequestError, NotFoundError, OpenAI

from tests.real_training import (
    WORKER,
    issue_key,
    make_base,
    make_worker,
    order,
    stand_in,
    told,
    training_of,
    wait_until,
    work,
    working,
)
from tests.test_trainer_work import processes, status_of, steps_of
from trainer import tasks
from trainer.models import Job, Training
from trainer.work.lease import Lease


@pytest.fixture
def sdk(trainer: str, settings: Any) -> OpenAI:
    make_base(settings)
    make_worker()
    stand_in(settings)
    return OpenAI(api_key=issue_key("trainer-ends"), base_url=trainer, max_retries=0)


@pytest.fixture
def away(monkeypatch: Any) -> Event:
    """While it is set, the worker's statements fail, as they do without a database."""
    gone = Event()

    def failing(act: Callable[..., Any]) -> Callable[..., Any]:
        def call(lease: Lease) -> Any:
            if gone.is_set():
                raise OperationalError("server closed the connection unexpectedly")
            return act(lease)

        return call

    for name in ("hold", "wanted"):
        monkeypatch.setattr(Lease, name, failing(getattr(Lease, name)))
    monkeypatch.setattr("trainer.work.running.LOOK", 0.1)
    return gone


def printed(job: Job, kind: str) -> list[Any]:
    output = training_of(job).folder / "output.jsonl"
    lines = [json.loads(line) for line in output.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["kind"] == kind]


def test_a_database_that_is_away_for_a_while_costs_nothing(sdk: OpenAI, settings: Any, away: Event) -> None:
    stand_in(settings, "--seconds", "0.1", "--steps", "12")
    job = order(sdk)
    with working():
        wait_until(lambda: steps_of(job))
        away.set()
        wait_until(lambda: printed(job, "done"))
        meanwhile = (steps_of(job), status_of(job))
        away.clear()
        wait_until(lambda: status_of(job) == "succeeded")

    assert (len(meanwhile[0]) < 12, meanwhile[1]) == (True, "running")
    assert steps_of(job) == list(range(1, 13))
    assert training_of(job).attempt == 1


def test_a_database_that_stays_away_ends_the_process_and_the_next_goes_on(
    sdk: OpenAI, settings: Any, away: Event, monkeypatch: Any
) -> None:
    monkeypatch.setattr("trainer.work.running.LEASE", timedelta(seconds=1))
    stand_in(settings, "--seconds", "0.1", "--steps", "400")
    job = order(sdk)
    with working():
        wait_until(lambda: steps_of(job))
        away.set()
        wait_until(lambda: processes() == [])
    done = len(printed(job, "step"))
    away.clear()
    held = work("another")
    Training.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    stand_in(settings, "--steps", "400")
    work("another")

    assert held == []
    assert 0 < done < 400
    assert status_of(job) == "succeeded"
    assert steps_of(job) == list(range(1, 401))
    assert f"Training goes on after step {done}" in told(job)


def test_a_nudge_that_comes_once_more_trains_nothing_twice(sdk: OpenAI, settings: Any) -> None:
    """A broker gives out a message again whose worker is silent for longer than its visibility timeout."""
    stand_in(settings, "--seconds", "0.1")
    job = order(sdk)
    with tasks.one_shift, working():
        wait_until(lambda: steps_of(job))
        tasks.train.apply()
        wait_until(lambda: status_of(job) == "succeeded")
    tasks.train.apply()

    assert tasks.train.acks_late is False
    assert training_of(job).attempt == 1
    assert told(job).count("Fine-tuning job started") == 1


def test_a_template_without_an_end_fails_the_job_at_once(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--die-at", "1", "--signal", str(int(signal.SIGPROF)))
    job = order(sdk)

    work()

    message = "The base's chat template does not come to an end."
    assert training_of(job).error == {"code": "invalid_base", "message": message, "param": "model"}
    assert training_of(job).attempt == 1


def test_another_signal_is_no_fault_of_the_base(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--die-at", "1", "--signal", str(int(signal.SIGSYS)))
    job = order(sdk)

    work()

    error = training_of(job).error
    assert error
    assert (error["code"], training_of(job).attempt) == ("server_error", 3)


def test_a_resumed_job_has_all_its_attempts_again(sdk: OpenAI) -> None:
    job = order(sdk)
    Training.objects.update(idle_attempts=2)
    for act in ("pause", "resume"):
        sdk.post(f"/fine_tuning/jobs/{job.uid}/{act}", cast_to=object)

    assert training_of(job).idle_attempts == 0


def test_another_organization_s_adapter_is_not_trained_on(sdk: OpenAI, trainer: str) -> None:
    job = order(sdk)
    work()
    name = str(sdk.fine_tuning.jobs.retrieve(job.uid).fine_tuned_model)
    checkpoint = sdk.fine_tuning.jobs.checkpoints.list(job.uid).data[0].fine_tuned_model_checkpoint
    stranger = OpenAI(api_key=issue_key("trainer-stranger"), base_url=trainer, max_retries=0)

    for model in (name, checkpoint):
        with pytest.raises(BadRequestError) as refused:
            order(stranger, model=model)
        assert (refused.value.code, refused.value.param) == ("model_not_available", "model")
    with pytest.raises(NotFoundError):
        stranger.get(f"/fine_tuning/jobs/{job.uid}/weights", cast_to=object)
    with pytest.raises(NotFoundError):
        stranger.models.delete(name)
    assert Job.objects.count() == 1


@pytest.mark.parametrize("value", [0, -1, "NaN", "1e400", True, [], "large"])
def test_a_rate_that_is_no_number_above_zero(sdk: OpenAI, value: Any) -> None:
    with pytest.raises(BadRequestError) as refused:
        order(sdk, hyperparameters={"learning_rate_multiplier": value})

    assert refused.value.param == "hyperparameters.learning_rate_multiplier"


def test_the_hours_a_job_may_take_reach_the_process(sdk: OpenAI, settings: Any) -> None:
    settings.TRAINER_HOURS = 0.5
    job = order(sdk)

    work(WORKER)

    assert json.loads((training_of(job).folder / "order.json").read_text())["max_seconds"] == 1800
