"""Kills training processes at seeded moments, and compares what became of them with a run that was left alone."""

import json
import subprocess
from collections.abc import Sequence

from tests.engine.child import CLEAN, LIMIT, Run
from tests.needs import ROOT, TRAINER_PYTHON

# One process imports torch; its forks train, and are killed at any moment. Writes down the step that each had reached.
KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
from trainer.engines.transformers import process
process.settle()
from trainer.engines.transformers import running, state
from trainer.engines.transformers.training import train
running.SAVE_SECONDS, running.SAVE_SHARE = 0.0, 0
moments, dice = int(sys.argv[1]), random.Random(int(sys.argv[2]))

def begin(folder):
    child = os.fork()
    if child == 0:
        with open(folder / "lines.jsonl", "a") as out:
            train(folder, process.Lines(out))
        os._exit(0)
    return child

def kill(folder, moment):
    goal = state.step_of(folder) + dice.randint(1, 8)
    child = begin(folder)
    ended = lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    while moment % 4 and state.step_of(folder) < goal and not ended():
        time.sleep(0.005)
    time.sleep(dice.uniform(0, 0.03 if moment % 4 else 0.6))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return state.step_of(folder)

for folder in map(Path, sys.argv[3:]):
    reached = [kill(folder, moment) for moment in range(moments)]
    os.waitpid(begin(folder), 0)
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


def ended_alike(left: Run, right: Run) -> bool:
    """The same last line, but for time and memory, which are the machine's."""
    ends = [{**run.end, "seconds": 0, "peak_memory_bytes": 0} for run in (left, right)]
    return ends[0] == ends[1] and ends[0]["kind"] == "done"


def kill_all(runs: Sequence[Run], moments: int, seed: int) -> list[list[int]]:
    """Train each to its end through this number of kills. Returns the steps that were saved at each of them."""
    line = [str(TRAINER_PYTHON), "-c", KILLER, str(moments), str(seed), *(str(run.folder) for run in runs)]
    done = subprocess.run(line, cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=2 * LIMIT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    for run in runs:
        run.lines = [json.loads(text) for text in (run.folder / "lines.jsonl").read_text().splitlines()]
    return [json.loads((run.folder / "reached.json").read_text()) for run in runs]
