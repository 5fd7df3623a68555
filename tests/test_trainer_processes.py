"""What a training in several processes is given: its share of cores and memory, and the GPUs that were named."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.running import ROOT
from trainer.engines.transformers.process import Lines
from trainer.work import device, memory
from trainer.work.child import environment

PRINT = "from ftsite import settings; print(settings.TRAINER_PROCESSES, settings.TRAINER_CHILD[-1].rpartition('.')[2])"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "1 train"),
        ({"TRAINER_DEVICE": "cuda:1"}, "1 train"),
        ({"TRAINER_DEVICE": "cuda:0,1"}, "2 launch"),
        ({"TRAINER_DEVICE": "auto", "TRAINER_PROCESSES": "3"}, "3 launch"),
    ],
)
def test_as_many_processes_as_gpus_are_named(given: dict[str, str], expected: str, tmp_path: Any) -> None:
    line = [sys.executable, "-c", PRINT]
    shown = subprocess.run(line, cwd=ROOT, env={**given, "VAR_DIR": str(tmp_path)}, capture_output=True, check=True)

    assert shown.stdout.decode().strip() == expected


def test_processes_share_cores_and_memory(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 9)
    monkeypatch.setattr(memory, "free", lambda: 6 * 1024**3)
    settings.TRAINER_DEVICE, settings.TRAINER_THREADS = "cpu", 0
    alone = environment()["OMP_NUM_THREADS"], device.memory_each()
    settings.TRAINER_PROCESSES = 2
    shared = environment()["OMP_NUM_THREADS"], device.memory_each()

    assert (alone, shared) == (("8", 6 * 1024**3), ("4", 3 * 1024**3))
    assert environment()["TRAINER_PROCESSES"] == "2"


def test_a_gpu_is_a_process_s_own(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(device, "_gpu", lambda: ("GPU", 24, 20))
    settings.TRAINER_PROCESSES = 2

    assert device.memory_each() == 20


def test_of_several_processes_one_speaks_and_each_says_its_failure() -> None:
    out = io.StringIO()
    for first in (True, False):
        lines = Lines(out, first)
        lines.emit("step", step=1)
        lines.emit("failed", code="out_of_memory")

    assert [json.loads(line)["kind"] for line in out.getvalue().splitlines()] == ["step", "failed", "failed"]
