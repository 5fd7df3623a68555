"""What a worker says of itself and its machine: device, memory, versions, bases, and how fast it trains."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.engine.rows import put_tuned
from tests.real_training import BASE, make_base, make_worker
from trainer.models import Step, Training, Worker
from trainer.work import device, heartbeat, memory, speeds

GIB = 1024**3
VERSIONS = {"python": "3.11.7", "torch": "2.13.0+cu130", "transformers": "5.24.0"}


@pytest.fixture(autouse=True)
def machine(settings: Any, tmp_path: Path, monkeypatch: Any) -> Iterator[Callable[..., None]]:
    """A machine with a Python that says `versions`, and with the GPU that `gpu` describes as nvidia-smi does."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "meminfo").write_text("MemTotal:       8388608 kB\nMemFree:  1 kB\nMemAvailable:    4194304 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    device.versions.cache_clear()

    def build(versions: object = VERSIONS, gpu: str = "", code: int = 0) -> None:
        python = script(tmp_path / "python", f"import json; print(json.dumps({versions!r})); raise SystemExit({code})")
        settings.TRAINER_PYTHON = str(python)
        if gpu:
            calls = tmp_path / "calls"
            script(tmp_path / "bin" / "nvidia-smi", f"import sys; open({str(calls)!r}, 'w').write(sys.argv[-1]); {gpu}")

    build()
    yield build
    device.versions.cache_clear()


def script(path: Path, code: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)
    return path


def gpu(line: str) -> str:
    return f"print({line!r})"


def test_a_heartbeat_says_what_a_worker_is_and_has(settings: Any, db: None) -> None:
    make_base(settings)

    heartbeat.beat("train@here")
    [row] = Worker.objects.all()
    first = row.seen_at
    heartbeat.beat("train@here")

    [row] = Worker.objects.all()
    assert row.seen_at > first
    assert (timezone.now() - row.seen_at).total_seconds() < 60
    assert row.device.startswith("CPU (")
    assert (row.memory_total, row.memory_free, row.versions) == (8 * GIB, 4 * GIB, VERSIONS)
    assert [base["name"] for base in row.bases] == ["tiny", "little"]
    assert row.bases[1] == {k: v for k, v in BASE.items() if k not in {"sha256", "source", "terms_accepted"}}


@pytest.mark.parametrize("broken", [{"code": 1}, {"versions": []}])
def test_who_cannot_train_has_no_heartbeat(db: None, machine: Callable[..., None], broken: dict[str, Any]) -> None:
    machine(**broken)

    heartbeat.beat("train@here")

    assert not Worker.objects.exists()


def test_a_gpu_is_named_with_its_memory(settings: Any, machine: Callable[..., None], tmp_path: Path) -> None:
    machine(gpu=gpu("NVIDIA H200, 143771, 140000"))
    settings.TRAINER_DEVICE = "cuda:1,3"

    found = (device.name(), device.total_memory(), device.free_memory())

    assert found == ("NVIDIA H200", 143771 * 1024**2, 140000 * 1024**2)
    assert (tmp_path / "calls").read_text() == "--id=1"


def test_any_gpu_is_the_first_one(machine: Callable[..., None], tmp_path: Path) -> None:
    machine(gpu=gpu("NVIDIA H200, 143771, 140000"))

    assert device.name() == "NVIDIA H200"
    assert (tmp_path / "calls").read_text() == "--id=0"


@pytest.mark.parametrize(
    ("answer", "versions", "wanted"),
    [
        (gpu("NVIDIA H200, 143771, 140000"), VERSIONS, "cpu"),
        (gpu("NVIDIA H200, 143771, 140000"), {"torch": "2.13.0+cpu"}, "auto"),
        (gpu("NVIDIA H200, 143771, 140000"), {}, "auto"),
        (gpu("NVIDIA H200, [N/A], [N/A]"), VERSIONS, "auto"),
        (gpu("No devices were found"), VERSIONS, "auto"),
        ("raise SystemExit(9)", VERSIONS, "auto"),
        ("pass", VERSIONS, "auto"),
    ],
)
def test_what_is_no_gpu_of_ours_is_the_processor(
    machine: Callable[..., None], settings: Any, answer: str, versions: Any, wanted: str
) -> None:
    machine(gpu=answer, versions=versions)
    settings.TRAINER_DEVICE = wanted

    assert device.name().startswith("CPU (")
    assert (device.total_memory(), device.free_memory()) == (8 * GIB, 4 * GIB)


def test_a_machine_that_does_not_say_has_no_known_memory(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    absent = (memory.total(), device.free_memory())
    (tmp_path / "none").write_text("Total: 1 kB\nNotMemTotal: 5 kB\n")
    odd = (memory.total(), memory.free())

    assert (absent, odd) == ((0, None), (0, 0))


def test_the_kernel_s_kills_are_counted(monkeypatch: Any, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("vmstat", "events", "none")]
    paths[0].write_text("pgfault 7\noom_kill 3\noom_kill_disable 9\n")
    paths[1].write_text("oom 5\noom_kill 4\noom_group_kill 1\n")
    monkeypatch.setattr(memory, "COUNTERS", paths)

    assert memory.kills() == 7


def test_speed_is_that_of_the_latest_steps(db: None) -> None:
    make_worker(name="w", speeds={"other": 5.0})
    job = put_tuned("ftjob-1", "little", 60, {})
    nothing = speeds.measure(job)
    rows = [(step, {"tokens": 100, "seconds": 50.0 if step <= 10 else 0.5}) for step in range(1, 61)]
    now = timezone.now()
    Step.objects.bulk_create(Step(job=job, step=step, data=data, created_at=now) for step, data in rows)

    speeds.keep("w", job)
    speeds.keep("nobody", job)

    assert nothing is None
    assert Worker.objects.get(name="w").speeds == {"other": 5.0, "little": 200.0}
    assert Training.objects.get(job=job).status == "succeeded"


def test_steps_without_a_time_have_no_infinite_speed(db: None) -> None:
    job = put_tuned("ftjob-1", "little", 1, {})
    Step.objects.create(job=job, step=1, data={"tokens": 3}, created_at=timezone.now())

    assert speeds.measure(job) == pytest.approx(3000)
