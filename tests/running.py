"""One portal as a newcomer runs it: `manage.py up` in a process of its own, with data of its own."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90  # seconds; both cores may be busy with other tests
CHILDREN = ["ftsite.beat", "uvicorn", "worker"]
TRAIN = "--queues=train"  # the fourth, where real training is installed
WITHOUT_TRAINING = {"TRAINER_PYTHON": "/nowhere/python"}
OURS = ("DATABASE_URL", "REDIS_URL", "LOG_LEVEL", "DJANGO_SETTINGS_MODULE")  # what a test's own process may have set


class Up:
    """One `manage.py up` with data of its own."""

    def __init__(self, var: Path, port: int, **settings: str) -> None:
        self.var, self.port, self.log = var, port, var.parent / f"{var.name}-{port}.log"
        given = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = {**given, "VAR_DIR": str(var), "PORT": str(port), **WITHOUT_TRAINING, **settings}
        with self.log.open("wb") as log:
            self.process = psutil.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_for(lambda: any(word in self.said() for word in ("Ctrl-C", "answers", "stopped", "Error")))
        assert "Ctrl-C" in self.said(), self.said()
        trains = self.environment["TRAINER_PYTHON"] != WITHOUT_TRAINING["TRAINER_PYTHON"]
        expected = [TRAIN, *CHILDREN] if trains else CHILDREN
        self.wait_for(lambda: [role(child) for child in self.children()] == expected)

    def children(self) -> list[psutil.Process]:
        """The three, or four; what they start for a while (the process that checks a file) is theirs."""
        return sorted(self.process.children(), key=role)

    def end(self) -> None:
        for process in [*self.process.children(recursive=True), self.process] if self.process.is_running() else []:
            process.kill()


def role(process: psutil.Process) -> str:
    """Which child it is; empty where it has just been forked, or has just ended."""
    try:
        return next((name for name in (TRAIN, *CHILDREN) if name in process.cmdline()), "")
    except psutil.NoSuchProcess:  # a zombie among them
        return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def proposed(page: str) -> dict[str, str]:
    """What the form of a new job proposes: its hidden fields and the choices that are checked."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)"[^>]*value="([^"]*)"', page)
    return dict([*hidden, *re.findall(r'<input type="radio"\s+name="(\w+)"\s+value="([^"]*)"[^>]*?\schecked', page)])
