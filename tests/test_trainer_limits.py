"""Numbers and edges of the trainer that only show where something is odd."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.real_training import issue_key, make_base, make_worker, order, stand_in, training_of, work
from tests.test_trainer_work import steps_of
from trainer import ordering
from trainer.keys import write_down
from trainer.models import Job
from trainer.ordering import auto_batch, auto_epochs
from trainer.work.child import ends_a_line
from trainer.work.messages import read


@pytest.mark.parametrize(
    ("examples", "epochs", "batch"),
    [(0, 25, 1), (1, 25, 1), (10, 10, 1), (100, 3, 1), (501, 3, 2), (127_000, 3, 254), (1_000_000, 3, 256)],
)
def test_what_auto_means_in_practice(examples: int, epochs: int, batch: int) -> None:
    assert (auto_epochs(examples), auto_batch(examples)) == (epochs, batch)


@pytest.mark.parametrize(
    ("content", "whole"), [(b"", True), (b"\n", True), (b"a\n", True), (b"a", False), (b"a\nb", False)]
)
def test_a_line_that_was_broken_off_is_seen(tmp_path: Path, content: bytes, whole: bool) -> None:
    (tmp_path / "output").write_bytes(content)

    assert ends_a_line(tmp_path / "output") is whole


@pytest.mark.parametrize("field", ["step", "total_steps", "tokens"])
def test_a_number_below_zero_makes_no_message(field: str) -> None:
    numbers = {"step": 0, "total_steps": 0, "tokens": 0}
    lines = [", ".join(f'"{name}": {value}' for name, value in {**numbers, field: least}.items()) for least in (0, -1)]

    found = [read(f'{{"kind": "step", "train_loss": 1.0, {line}}}'.encode()) for line in lines]

    assert [message is None for message in found] == [False, True]


@pytest.mark.parametrize(("field", "most"), [("step", 2**31 - 1), ("total_steps", 2**31 - 1), ("tokens", 2**63 - 1)])
def test_a_number_is_as_large_as_databases_take(field: str, most: int) -> None:
    line = '{{"kind": "step", "train_loss": 1.0, "step": 1, "total_steps": 1, "{}": {}}}'

    found = [read(line.format(field, number).encode()) for number in (most, most + 1)]

    assert [message is None for message in found] == [False, True]


def test_a_long_name_of_an_operator_is_cut(db: None) -> None:
    assert write_down("key.issued", "x", "김" * 100).by == "김" * 80


def test_each_pause_of_a_simulated_job_is_kept() -> None:
    job = Job()
    for seconds, act in enumerate((ordering.pause, ordering.resume, ordering.pause, ordering.resume)):
        act(job, datetime.fromtimestamp(seconds, UTC))

    assert job.pauses == [[0.0, 1.0], [2.0, 3.0]]


def test_a_scripted_failure_comes_half_way(trainer: str, settings: Any, db: None) -> None:
    make_base(settings)
    make_worker()
    stand_in(settings, "--steps", "9")
    headers = {"X-Trainer-Fault": "fail=server_error"}
    sdk = OpenAI(api_key=issue_key("trainer-limits"), base_url=trainer, max_retries=0, default_headers=headers)
    job = order(sdk)

    work()

    training = training_of(job)
    assert (training.status, training.steps, steps_of(job)) == ("failed", 5, [1, 2, 3, 4, 5])
    assert training.error
    assert training.error["code"] == "server_error"
