"""A run that is killed, stopped or has no room on disk goes on to the very bits of an unbroken one."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.engine.child import CLEAN, LIMIT, Run, at_step, prepare, started, train, train_all
from tests.needs import ROOT, TRAINER_PYTHON

pytestmark = pytest.mark.engine

VALIDATION = ROOT / "samples" / "winter-essay-validation.jsonl"
MOMENTS = 20
SEED = 20261130
# One process imports torch; its forks train, and are killed at any moment. Writes down the step that each had reached.
KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
from trainer.engines.transformers import process
process.settle()
from trainer.engines.transformers import running, state
from trainer.engines.transformers.training import train
running.SAVE_SECONDS, running.SAVE_SHARE = 0.0, 0
folder, moments, dice = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))

def begin():
    child = os.fork()
    if child == 0:
        with open(folder / "lines.jsonl", "a") as out:
            train(folder, process.Lines(out))
        os._exit(0)
    return child

reached = []
for moment in range(moments):
    before, child = state.step_of(folder), begin()
    ended = lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    while moment % 2 and state.step_of(folder) == before and not ended():
        time.sleep(0.005)
    time.sleep(dice.uniform(0, 0.15 if moment % 2 else 0.6))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    reached.append(state.step_of(folder))
os.waitpid(begin(), 0)
(folder / "reached.json").write_text(json.dumps(reached))
"""


def same_bits(left: Run, right: Run) -> bool:
    files = [sorted(run.folder.glob("checkpoints/*/*.safetensors")) for run in (left, right)]
    names = [[path.relative_to(run.folder) for path in found] for run, found in zip((left, right), files, strict=True)]
    return names[0] == names[1] != [] and all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))


def figures(run: Run) -> dict[int, set[str]]:
    """What was printed of each step, without its time: one thing only, however often it was run."""
    found: dict[int, set[str]] = {}
    for line in run.all("step"):
        found.setdefault(line["step"], set()).add(json.dumps({**line, "seconds": 0}))
    return found


@pytest.fixture(scope="module")
def unbroken(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ten epochs without a break, in a process that has torch at one thread."""
    run = prepare(tmp_path_factory.mktemp("unbroken") / "run", tiny, n_epochs=10, validation=VALIDATION)
    train_all([run])
    return run


def test_twenty_kills_change_no_bit(tmp_path: Path, tiny: Path, unbroken: Run) -> None:
    broken = prepare(tmp_path / "broken", tiny, n_epochs=10, validation=VALIDATION)
    line = [str(TRAINER_PYTHON), "-c", KILLER, str(broken.folder), str(MOMENTS), str(SEED)]
    done = subprocess.run(line, cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=2 * LIMIT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    reached = json.loads((broken.folder / "reached.json").read_text())
    broken.lines = [json.loads(text) for text in (broken.folder / "lines.jsonl").read_text().splitlines()]
    print(f"killed at steps {reached} of 90")

    assert len(reached) == MOMENTS
    assert len(set(reached)) > 5
    assert broken.end == {
        **unbroken.end,
        "seconds": broken.end["seconds"],
        "peak_memory_bytes": broken.end["peak_memory_bytes"],
    }
    assert figures(broken) == figures(unbroken)
    assert same_bits(broken, unbroken)
    assert not list(broken.folder.rglob("*.new"))


def test_a_stop_keeps_the_step_that_is_done(tmp_path: Path, tiny: Path, unbroken: Run) -> None:
    broken = prepare(tmp_path / "broken", tiny, n_epochs=10, validation=VALIDATION)

    train(broken, until=at_step(12), sign=signal.SIGTERM)
    stopped = broken.end
    train(broken)

    assert stopped["kind"] == "stopped"
    assert 12 <= stopped["step"] <= 14
    assert broken.all("started")[1]["step"] == stopped["step"]
    assert figures(broken) == figures(unbroken)
    assert same_bits(broken, unbroken)


def test_a_stop_before_the_first_step_is_obeyed(tmp_path: Path, tiny: Path) -> None:
    run = prepare(tmp_path / "run", tiny)

    train(run, until=lambda line: line["kind"] == "validated", sign=signal.SIGTERM)

    assert run.kinds()[-1] == "stopped"
    assert run.end["step"] <= 1


def test_a_full_disk_leaves_what_was_whole(tmp_path: Path, tiny: Path, unbroken: Run) -> None:
    """A file may have 600 KB: rows and tokenizer have less, a model has more."""
    run = prepare(tmp_path / "run", tiny, n_epochs=10, validation=VALIDATION)

    train_all([run], before="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, -1))")
    failed = run.end
    train_all([run])

    assert (failed["kind"], failed["code"]) == ("failed", "server_error")
    assert "no room left on the trainer's disk" in failed["message"]
    assert same_bits(run, unbroken)


def test_a_child_ends_with_its_parent(tmp_path: Path, tiny: Path) -> None:
    run = prepare(tmp_path / "run", tiny, n_epochs=10)

    with started(run, PARENT_PID="1") as child:  # another process is its parent: the one it had must have ended
        assert child.wait(timeout=LIMIT) == 1
