"""Real training: its speed beside a plain torch loop, its memory beside the estimate, the wait for its first step."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench import machine
from bench.chat import PYTHON
from bench.figures import Figure
from bench.portal import Portal, wait_for

SHARE = 0.9  # of the bare loop's tokens a second
WITHIN = 1.25  # times the measured peak
FIRST_STEP = 15.0  # seconds
TINY = machine.ROOT / "trainer" / "engines" / "transformers" / "built_in" / "tiny"
ESSAYS = machine.ROOT / "samples" / "winter-essay-chat.jsonl"
THREADS = max(1, (os.cpu_count() or 1) - 1)  # as a worker gives its training
SPEEDS = {"tiny": ("tiny (3.5 M, all weights)", 8, 42), "smollm2-shape": ("LoRA, SmolLM2's shape (135 M)", 4, 9)}
MEMORY = {
    "tiny": "tiny (3.5 M, all weights)",
    "smollm2-shape": "LoRA, SmolLM2's shape (135 M)",
    "gemma-shape": "LoRA, Gemma 3 270M's shape (vocabulary 262,144)",
}
BATCHES = (1, 4)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": str(THREADS),
    "OMP_WAIT_POLICY": "passive",
    "TOKENIZERS_PARALLELISM": "false",
}


def figures() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="bench-engine.") as name:
        folder = Path(name)
        in_trainer("bench.engine_shapes", str(folder))
        for shape in SPEEDS:
            yield from speeds(folder, shape)
        for shape in MEMORY:
            for batch in BATCHES:
                yield from memory(folder, shape, batch)
        with Portal(folder, TRAINER_PYTHON=PYTHON) as site:
            yield first_step(site)


def in_trainer(module: str, *arguments: str) -> str:
    line = [PYTHON, "-m", module, *arguments]
    done = subprocess.run(line, cwd=machine.ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} ends with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def run(folder: Path, what: str, shape: str, rows: str, **settings: Any) -> Path:
    """A folder with an order: `rows` for the shapes that are made here, the essays for tiny."""
    made = folder / f"{what}-{shape}-{settings['batch_size']}"
    made.mkdir()
    base, training = (TINY, ESSAYS) if shape == "tiny" else (folder / shape, folder / rows)
    order = {"base": str(base), "method": "supervised", "training": str(training), "seed": 7} | settings
    (made / "order.json").write_text(json.dumps(order))
    return made


def speeds(folder: Path, shape: str) -> Iterator[Figure]:
    what, batch, steps = SPEEDS[shape]
    order = run(folder, "speed", shape, "letters.jsonl", n_epochs=20, batch_size=batch)
    found = json.loads(in_trainer("bench.engine_speed", str(order), str(steps)))
    rows = f"batches of {batch}, {found['threads']} threads"
    yield Figure(f"{what}: our training", found["ours"], "tokens/s", note=f"median of {found['steps']} steps; {rows}")
    yield Figure(f"{what}: a bare loop, in turns with it", found["bare"], "tokens/s")
    note = "median of the ratios of neighbouring steps"
    yield Figure(f"{what}: ours beside the bare loop", found["ratio"], "×", SHARE, at_least=True, note=note)
    yield Figure(f"{what}: the same by processor time", found["processor"], "×", note="whatever else the machine does")


def memory(folder: Path, shape: str, batch: int) -> Iterator[Figure]:
    """A whole training: the process says what it has estimated, and at its end the most that it has held (VmHWM)."""
    order = run(folder, "memory", shape, "alike.jsonl", n_epochs=1, batch_size=batch)
    lines = [json.loads(line) for line in in_trainer("trainer.engines.transformers.train", str(order)).splitlines()]
    if lines[-1]["kind"] != "done":
        raise RuntimeError(f"{shape} ends with {lines[-1]}")
    estimate, peak = lines[0]["memory_bytes"], lines[-1]["peak_memory_bytes"]
    note = f"estimate {estimate / machine.MB:,.0f} MB"
    what = f"{MEMORY[shape]}, batch {batch}"
    yield Figure(f"{what}: peak of memory", peak / machine.MB, "MB", estimate / machine.MB, inclusive=True, note=note)
    yield Figure(f"{what}: estimate beside it", estimate / peak, "× the peak", WITHIN, inclusive=True)


def first_step(site: Portal) -> Figure:
    """From the button on the order page to the first step that this page's owner sees."""
    with (site.folder / "up.log").open("wb") as log:
        line = [sys.executable, "manage.py", "up"]
        environment = {**site.environment, "EMBEDDED": "1"}
        site.running["up"] = psutil.Popen(line, cwd=site.root, env=environment, stdout=log, stderr=subprocess.STDOUT)
    wait_for(site.answers, 120)
    site.sign_in()
    value = wait_for(lambda: offered(site), 120)
    began = time.monotonic()
    job = site.order(base=value)
    wait_for(lambda: has_a_step(site, job), 120, rest=0.2)
    return Figure("tiny: from the order to the first step on the job page", time.monotonic() - began, "s", FIRST_STEP)


def offered(site: Portal) -> str:
    """The value of tiny among the bases; empty while the worker has not been seen."""
    found = re.search(r'value="([^"|]+\|tiny)"', site.http.get("/t/bomnal/jobs/new/").text)
    return found[1] if found else ""


def has_a_step(site: Portal, job: str) -> bool:
    """As the open page does: it says that somebody looks, and fetches what is new."""
    token = {"X-CSRFToken": site.http.cookies["csrftoken"]}
    site.http.post(f"{job}watch/", headers=token).raise_for_status()
    return len(site.http.get(f"{job}metrics.csv").text.splitlines()) > 1
