"""Keeps web, worker, beat and, where real training is installed, train running as children of one process.

`manage.py up` becomes this program (`python -m jobs.management.supervisor PREPARING TOLD`), which imports no Django:
60 MB less for a process that only waits. PREPARING is the process, a child too, that makes files and database ready:
web, which takes as long to load, is loaded meanwhile and listens when that has ended well. The others follow web.
TOLD is the pipe that PREPARING writes to: what to say when the portal answers. Children are started from the main
thread only (see child.py).
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

STOP_SECONDS = 8  # then SIGKILL: the rows hold the truth, so nothing is lost
STOP_TRAINING_SECONDS = 25  # the step that is being trained ends first, and its state is saved
LONGEST_REST = 30  # seconds between two starts of a child that keeps dying
COMMANDS = {
    "web": [
        *("uvicorn", "ftsite.asgi:application", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off"),
        *("--log-level", "warning", "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "3"),
    ],
    "worker": [
        *("celery", "--quiet", "--app", "ftsite", "worker", "--pool=threads", "--concurrency=4"),
        *("--without-mingle", "--without-gossip", "--loglevel=WARNING"),
    ],
    "beat": ["ftsite.beat"],
    "train": [
        *("celery", "--quiet", "--app", "ftsite", "worker", "--queues=train", "--hostname=train@%h"),
        *("--pool=threads", "--concurrency=2", "--without-mingle", "--without-gossip", "--loglevel=WARNING"),
    ],  # one thread trains, the other makes archives meanwhile
}
HAS_TORCH = "from importlib.metadata import version; version('torch')"  # without importing it
WARM_UP = "django:setup ftsite.urls uvicorn.main"  # what web needs and what reads neither catalogues nor static files


def say(line: str) -> None:
    print(line, flush=True)


def can_train() -> bool:
    """Tell whether the environment that `make trainer` makes is there and has torch in it."""
    python = os.environ.get("TRAINER_PYTHON", "")
    if not os.path.exists(python):
        return False
    works = subprocess.run([python, "-c", HAS_TORCH], capture_output=True).returncode == 0  # noqa: S603
    if not works:
        say(f"실제 학습은 켜지 않습니다. Real training stays off: {python} has no torch. `make trainer` installs it.")
    return works


@dataclass
class Child:
    """One of them. `start` may be called again after its process ended."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    rest: float = 0.0  # seconds to wait before the next start
    due: float = 0.0  # when that is, on the monotonic clock
    started: float = 0.0
    partial: bytes = b""

    def start(self, gate: int = subprocess.DEVNULL, warm_up: str = "") -> int:
        """Start the process in a session of its own (Ctrl-C is ours to pass on) and return the pipe it prints to.

        With `warm_up`, names of modules and functions, it loads and calls these, and goes on once nobody holds the
        other end of `gate`, a pipe.
        """
        self.started = time.monotonic()
        reading, writing = os.pipe()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "jobs.management.child", str(os.getpid()), *self.command],
            stdin=gate,
            stdout=writing,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "WARM_UP": warm_up} if warm_up else None,
        )
        os.close(writing)
        return reading

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        if self.process is not None and self.alive():
            self.process.send_signal(number)

    def print(self, data: bytes) -> None:
        """Print every whole line with the child's name before it."""
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            say(f"{self.name:6} | {line.decode(errors='replace')}")

    def plan_restart(self) -> None:
        """Rest longer each time it dies soon after its start."""
        ran = time.monotonic() - self.started
        self.rest = 1.0 if ran > LONGEST_REST else min(max(self.rest * 2, 1.0), LONGEST_REST)
        self.due = time.monotonic() + self.rest
        self.process = None


class Supervisor:
    """The loop: start web, then the others; print what they print, restart all but web, end with web or on a signal."""

    def __init__(self, port: int, preparing: int, told: int) -> None:
        self.port, self.preparing, self.told = port, preparing, told
        lines = {name: line for name, line in COMMANDS.items() if name != "train" or can_train()}
        self.children = [Child(name, [part.format(port=port) for part in line]) for name, line in lines.items()]
        self.selector = selectors.DefaultSelector()
        self.answered = threading.Event()  # the front page did: worker and beat no longer take its processor
        self.signals = 0

    def run(self) -> int:
        """Return the exit code: 0 after Ctrl-C or SIGTERM, 1 when the web server ended by itself.

        Where the database could not be made ready, it is the code of the process that tried.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
                signal.signal(number, self._told_to_stop)
        shut, gate = os.pipe()
        self._start(self.children[0], shut, WARM_UP)
        os.close(shut)
        code = self._wait_until_ready()
        os.close(gate)
        if code == 0 and not self.signals:
            threading.Thread(target=self._announce, daemon=True).start()
            code = self._watch()
        self._stop()
        return code

    def _wait_until_ready(self) -> int:
        """Return how the preparing process ended: its exit code, 0 too where we were told to stop."""
        while not self.signals:
            ended, status = os.waitpid(self.preparing, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            self._read(0.05)
        os.kill(self.preparing, signal.SIGTERM)  # not waited for yet, so the number is still its own
        os.waitpid(self.preparing, 0)
        return 0

    def _told_to_stop(self, _number: int, _frame: object) -> None:
        self.signals += 1

    def _start(self, child: Child, *how: Any) -> None:
        self.selector.register(child.start(*how), selectors.EVENT_READ, child)

    def _watch(self) -> int:
        while not self.signals:
            self._read(0.5)
            for child in self.children:
                if child.process is None:
                    if self.answered.is_set() and time.monotonic() >= child.due:
                        self._start(child)
                elif not child.alive():
                    code = child.process.returncode
                    if child.name == "web":
                        say(f"웹 서버가 멈추어 모두 끝냅니다. The web server ended ({code}): stopping everything.")
                        return 1
                    child.plan_restart()
                    say(f"{child.name} ended ({code}); it starts again in {child.rest:.0f} s.")
        return 0

    def _read(self, seconds: float) -> None:
        """Pass on what children print, waiting at most `seconds` for the first of it."""
        for key, _events in self.selector.select(seconds):
            child, data = key.data, os.read(key.fd, 65536)
            child.print(data or (b"\n" if child.partial else b""))
            if not data:
                self.selector.unregister(key.fileobj)
                os.close(key.fd)

    def _stop(self) -> None:
        before, began = self.signals, time.monotonic()
        for child in self.children:
            child.signal(signal.SIGTERM)
        while any(child.alive() for child in self.children):
            self._read(0.1)
            for child in self.children:
                patience = STOP_TRAINING_SECONDS if child.name == "train" else STOP_SECONDS
                if time.monotonic() > began + patience or self.signals > before:
                    child.signal(signal.SIGKILL)
        say("모두 멈추었습니다. Everything has stopped.")

    def _announce(self) -> None:
        """Say where to go as soon as the front page answers."""
        asking = f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode()
        while not self.signals:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=30) as web:
                    web.sendall(asking)
                    status = int(web.recv(64).split()[1])  # b"HTTP/1.1 302 Found ..."
                self.answered.set()
                say(
                    os.read(self.told, 65536).decode()
                    if status < 500
                    else f"첫 화면에 오류가 있습니다. The front page answers {status}."
                )
                return
            except (OSError, IndexError, ValueError):
                time.sleep(0.2)  # not listening yet


if __name__ == "__main__":
    sys.exit(Supervisor(int(os.environ["PORT"]), *map(int, sys.argv[1:])).run())
