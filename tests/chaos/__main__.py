"""`python -m tests.chaos [--lane embedded|services|evaluations] [--runs 200] [--seed 7]`: see docs/chaos.md."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import django
from django.utils.module_loading import import_string

from tests.chaos.sink import Sink
from tests.chaos.system import LANES, System
from tests.chat_side import chat_side

EVALUATIONS = "evaluations"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--lane", choices=[*LANES, EVALUATIONS], help="this one alone (all, one after another)")
    parser.add_argument("--runs", type=int, help="how many seeds from --first on (200)", default=200)
    parser.add_argument("--first", type=int, help="the first seed (1)", default=1)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--pace", type=float, help="seconds between two orders", default=2.0)
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    if asked.lane is None:
        line = [sys.executable, "-m", "tests.chaos", *sys.argv[1:], "--lane"]
        return max(subprocess.run([*line, lane]).returncode for lane in [*LANES, EVALUATIONS])
    folder = Path(os.environ.get("VAR_DIR", "var")).resolve() / "chaos"
    sink = Sink()
    if asked.lane == EVALUATIONS:
        return _evaluations(asked, folder / EVALUATIONS, sink.port)
    system = System(asked.lane, folder / asked.lane, sink.port)
    os.environ.update(system.environment, DJANGO_SETTINGS_MODULE="ftsite.settings")
    django.setup()  # by the settings that were just made; only now can the rest be imported
    seeds = _seeds(asked)
    work: Callable[..., int] = import_string("tests.chaos.report.work")
    return work(system, sink.ids, seeds, asked.pace, folder / f"{asked.lane}.json")


def _seeds(asked: argparse.Namespace) -> Sequence[int]:
    return [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.runs)


def _evaluations(asked: argparse.Namespace, folder: Path, mail_port: int) -> int:
    """The embedded default asks a chat service that lives in this process."""
    with chat_side(seconds=0.05) as far:
        os.environ["UPSTREAM_HOSTS"] = f"127.0.0.1:{far.port}"
        system = System("embedded", folder, mail_port)
        os.environ.update(system.environment, DJANGO_SETTINGS_MODULE="ftsite.settings")
        django.setup()
        work: Callable[..., int] = import_string("tests.chaos.evaluations.work")
        return work(system, far, _seeds(asked), asked.pace)


if __name__ == "__main__":
    sys.exit(main())
