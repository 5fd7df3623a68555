"""python -m tests.mutants [--seed N] [--count N]: break one thing at a time, run the tests that are about it.

Works on a copy of the committed tree below VAR_DIR/mutants, so that nothing here is touched. What is done is kept
there: when stopped it goes on where it was, for the same commit. Cosmic Ray makes the mutants, keeps the session and
runs the tests. Two copies a core are worked on side by side, since a test waits for more than half of its time.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkItem, WorkResult

from tests.mutants.modules import TESTS

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 400  # for the tests of one mutant; whoever takes longer is killed, as a mutant that never ends is
# `X | None` in annotations: such mutants die at import, whatever the tests are
TRIVIAL = ("core/ReplaceBinaryOperator_BitOr", "core/NoOp")


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--processes", type=int, default=2 * (os.cpu_count() or 1))
    options = asked.parse_args()
    folder = _folder(options.seed)
    _enter_tree(folder)
    work = WorkDB(str(folder / "session.sqlite"), WorkDB.Mode.create)
    if not work.num_work_items:
        work.add_work_items(drawn(options.seed, options.count))
    _go_on(work, folder, options.processes)
    print(report(work))
    return 0


def _folder(seed: int) -> Path:
    """Of this seed at this commit: another commit is another session."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    folder = Path(os.environ.get("VAR_DIR") or ROOT / "var") / "mutants" / f"{commit}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("tree-*"):
        shutil.rmtree(left)
    return folder


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _enter_tree(folder: Path) -> None:
    """The committed files, laid out afresh for this process: a run that was killed may have left a mutant in them."""
    tree = folder / f"tree-{os.getpid()}"
    tree.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x"], cwd=tree, input=archive.stdout, check=True)
    (tree / ".venv").symlink_to(ROOT / ".venv")
    os.chdir(tree)


def drawn(seed: int, count: int) -> list[WorkItem]:
    """First a place, then one of the ways to break it: a comparison has eight of them, a constant two."""
    places: dict[tuple[object, ...], list[WorkItem]] = defaultdict(list)
    every = WorkDB(":memory:", WorkDB.Mode.create)
    init([Path(module) for module in TESTS], every, {})
    for item in every.work_items:
        (mutation,) = item.mutations
        if not mutation.operator_name.startswith(TRIVIAL):
            places[str(mutation.module_path), mutation.start_pos, mutation.end_pos].append(item)
    dice = random.Random(seed)
    return [dice.choice(places[place]) for place in dice.sample(sorted(places, key=str), min(count, len(places)))]


def _go_on(work: WorkDB, folder: Path, processes: int) -> None:
    pending = list(work.pending_work_items)
    with ProcessPoolExecutor(processes, initializer=_enter_tree, initargs=(folder,)) as pool:
        list(pool.map(_must_pass, dict.fromkeys(_tests(_module(item)) for item in pending)))
        running = {pool.submit(mutate_and_test, one.mutations, _tests(_module(one)), SECONDS): one for one in pending}
        for future in as_completed(running):
            item, result = running[future], future.result()
            work.set_result(item.job_id, result)
            print(f"{work.num_results} of {work.num_work_items}: {_module(item)} {_word(result)}", flush=True)


def _module(item: WorkItem) -> str:
    return str(item.mutations[0].module_path)


def _must_pass(tests: str) -> None:
    outcome, output = run_tests(tests, SECONDS)
    if outcome is not TestOutcome.SURVIVED:
        raise SystemExit(f"Tests fail while nothing is broken:\n{tests}\n{output[-3000:]}")


def _tests(module: str) -> str:
    names = dict.fromkeys(TESTS[module].split())
    files = " ".join(f"tests/{name}.py" if "/" in name else f"tests/test_{name}.py" for name in names)
    return f"{sys.executable} -m pytest -x -q -p no:cacheprovider {files}"


def _word(result: WorkResult) -> str:
    return "SURVIVED" if result.test_outcome is TestOutcome.SURVIVED else "killed"


def report(work: WorkDB) -> str:
    """How many died, and each that did not."""
    items = {item.job_id: item.mutations[0] for item in work.work_items}
    results = dict(work.results)
    lived = [job for job, result in results.items() if _word(result) == "SURVIVED"]
    died = len(results) - len(lived)
    lines = [f"{died} of {len(results)} died ({died / max(1, len(results)):.1%})."]
    for job in sorted(lived, key=lambda one: (str(items[one].module_path), items[one].start_pos)):
        lines += [f"\n{items[job].module_path}:{items[job].start_pos[0]} ({items[job].definition_name})"]
        lines += [
            line
            for line in (results[job].diff or "").splitlines()
            if line[:1] in "+-" and line[:3] not in ("+++", "---")
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
