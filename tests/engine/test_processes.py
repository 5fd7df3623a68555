"""One training in two processes, as several GPUs run it; here they are two of the CPU, over gloo."""

import json
import signal
from pathlib import Path

import psutil
import pytest

from tests.engine.child import Line, Run, at_step, prepare, started, train_all
from tests.engine.test_learning import VALIDATION

pytestmark = pytest.mark.engine

TWO = {"TRAINER_PROCESSES": "2", "ACCELERATE_USE_CPU": "true", "HOME": "/nonexistent"}


def figures(run: Run) -> list[Line]:
    """What the steps measured; a step that was printed once more at a resume counts once."""
    steps = {line["step"]: {**line, "seconds": 0} for line in run.all("step")}
    return [steps[number] for number in sorted(steps)]


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_two_processes_learn_what_one_learns_and_one_goes_on_from_there(tmp_path: Path, llama: Path) -> None:
    alone, shared = (
        prepare(tmp_path / name, llama, n_epochs=2, validation=VALIDATION, early_stopping=True)
        for name in ("alone", "shared")
    )
    train_all([alone])
    with started(shared, "launch", **TWO) as launcher:
        assert launcher.stdout
        for text in launcher.stdout:
            shared.lines.append(json.loads(text))
            if at_step(12)(shared.lines[-1]):
                processes = [each for each in psutil.Process(launcher.pid).children() if "LOCAL_RANK" in each.environ()]
                launcher.send_signal(signal.SIGTERM)
        launcher.wait(60)
    stopped = shared.end
    train_all([shared])

    assert len(processes) == 2
    assert all(map(gone, processes))
    assert (stopped["kind"], stopped["step"] >= 12) == ("stopped", True)
    assert shared.end["kind"] == alone.end["kind"] == "done"
    assert [line["step"] for line in figures(shared)] == list(range(1, 19))
    assert all(map(same, figures(alone), figures(shared)))


def same(one: Line, two: Line) -> bool:
    """To 1e-4, the number of counted tokens to the last."""
    numbers = [{name: value for name, value in line.items() if name != "kind"} for line in (one, two)]
    return bool(numbers[1] == pytest.approx(numbers[0], abs=1e-4))
