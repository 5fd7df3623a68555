"""What happened, as a table for people and as JSON for programs."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.chaos.lane import Lane
from tests.chaos.run import Run
from tests.chaos.system import System

LINE = "{seed:>5}  {fault:<46.46} {step:<14} {action:<13} {seconds:>6}  {result}"


def work(system: System, mails: list[str], seeds: Iterable[int], pace: float, path: Path) -> int:
    """Run `seeds` on one lane, tell of each as it ends, and write `path`. 0 if all of it held, else 1."""
    lane = Lane(system, mails, lambda run: print(line(run, system.lane), flush=True), pace=pace)
    titles = {name: name for name in ("seed", "fault", "step", "action", "seconds", "result")}
    print(f"{system.lane}\n{LINE.format(**titles)}", flush=True)
    began, general = time.monotonic(), ["broken off"]
    try:
        lane.open()
        general = lane.work(seeds)
    finally:
        general += system.stop()
        seconds = time.monotonic() - began
        write(path, lane, general, seconds)
        print(totals(lane.runs, general, seconds), flush=True)
        if system.given_up:
            print(f"started again: {system.given_up} × worker that Celery gave up when Redis went away", flush=True)
    return 1 if general or any(run.wrong for run in lane.runs) else 0


def line(run: Run, lane: str) -> str:
    facts = as_dict(run)
    told = (
        "ok" if not run.wrong else "; ".join(run.wrong) + f"\n       seen at the kill: {run.point or 'never reached'}"
    )
    if run.wrong:
        told += f"\n       again: make chaos ARGS='--lane {lane} --seed {run.plan.seed}'"
    return LINE.format(**facts | {"seconds": f"{run.seconds:.1f}", "result": told})


def as_dict(run: Run) -> dict[str, Any]:
    plan = run.plan
    return {
        "seed": plan.seed,
        "fault": plan.fault or "none",
        "step": plan.step,
        "action": plan.action,
        "delay": round(plan.delay, 3),
        "cancel_at": plan.cancel_at,
        "seen_at_the_kill": run.point,
        "seconds": round(run.seconds, 1),
        "wrong": run.wrong,
    }


def totals(runs: list[Run], general: list[str], seconds: float) -> str:
    bad = [run for run in runs if run.wrong]
    acts = ", ".join(f"{count} × {name}" for name, count in Counter(run.plan.action for run in runs).most_common())
    lines = [f"{len(runs)} runs in {seconds:.0f} s: {len(runs) - len(bad)} ok, {len(bad)} wrong.  {acts}"]
    return "\n".join([*lines, *(f"wrong: {text}" for text in general)])


def write(path: Path, lane: Lane, general: list[str], seconds: float) -> None:
    runs = [as_dict(run) for run in lane.runs]
    body = {"lane": lane.system.lane, "seconds": round(seconds, 1), "wrong": general, "runs": runs, "diary": lane.diary}
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n")
