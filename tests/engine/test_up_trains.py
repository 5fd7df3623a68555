"""`manage.py up` starts the worker that trains where real training is installed, and nowhere else."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs.management.supervisor import can_train
from tests.needs import TRAINER_PYTHON
from tests.running import CHILDREN, PATIENCE, TRAIN, Up, free_port, role


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(tmp_path / "var", free_port(), TRAINER_PYTHON=str(TRAINER_PYTHON))
    yield started
    started.end()


@pytest.mark.engine
def test_the_fourth_child_trains_and_ends_with_the_others(up: Up) -> None:
    up.wait_until_ready()
    children = up.children()
    roles = [role(child) for child in children]
    memory = sum(child.memory_info().rss for child in [up.process, *children]) / 2**20

    up.process.terminate()
    code = up.process.wait(PATIENCE)

    assert roles == [TRAIN, *CHILDREN]
    assert code == 0
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert memory < 400, "MB of an idle system"


def test_an_environment_without_torch_trains_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRAINER_PYTHON", sys.executable)
    without_torch = can_train()
    monkeypatch.setenv("TRAINER_PYTHON", "/nowhere/python")
    without_any = can_train()

    assert (without_torch, without_any) == (False, False)
    assert capsys.readouterr().out.count("Real training stays off") == 1
