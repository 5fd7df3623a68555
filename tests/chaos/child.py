"""Runs a program of the portal that dies with the harness and whose wall clock the harness can move.

`python -m tests.chaos.child PID MODULE [ARGUMENT …]`. The clock is set as an administrator or NTP would: time.time and
datetime.now jump, time.monotonic does not, and every process sees it within a fifth of a second of the others.
"""

import os
import runpy
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import time_machine

from jobs.management.child import die_with

LOOK_EVERY = 0.2


class MovedClock:
    """Follows the seconds written in a file, in forked children too."""

    def __init__(self, file: Path) -> None:
        self.file, self.seen = file, 0.0
        self.here = time_machine.travel(datetime.now(UTC), tick=True).start()
        self.look()
        os.register_at_fork(after_in_child=self.follow)
        self.follow()

    def look(self) -> None:
        wanted = float(self.file.read_text() or 0)
        if wanted != self.seen:
            self.here.shift(wanted - self.seen)
            self.seen = wanted

    def follow(self) -> None:
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            self.look()


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    if name := os.environ.get("CHAOS_CLOCK"):
        MovedClock(Path(name))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
