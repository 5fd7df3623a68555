"""The portal's processes as they run in life, each of which can be killed alone and is started again."""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from cryptography.fernet import Fernet

from jobs.management.supervisor import COMMANDS as EMBEDDED
from tests.chaos.servers import Postgres, Redis
from tests.running import ROOT, free_port

WEB = ["uvicorn", "ftsite.asgi:application", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off"]
WEB += ["--log-level", "warning", "--no-access-log"]
SERVICES = {  # as docker-compose.yml starts them; the far side is a process of its own, with a clock of its own
    "trainer": WEB,
    "web": WEB,
    "worker": ["celery", "--app", "ftsite", "worker", "--pool=prefork", "--concurrency=2", "--loglevel=WARNING"],
    "beat": ["celery", "--app", "ftsite", "beat", "--pidfile=", "--loglevel=WARNING"],
}
LANES = {"embedded": EMBEDDED, "services": SERVICES}
HURRY = {  # the same clockwork, faster: a claim that is free after minutes in life is free after seconds here
    "TICK_SECONDS": "1",
    "CLAIM_SECONDS": "8",
    "UNSURE_SECONDS": "10",
    "ORDER_SECONDS": "3",
    "PROBE_SECONDS": "3",
    "TRAINER_SPEED": "6",
    "LOG_LEVEL": "WARNING",
    "CELERY_SKIP_CHECKS": "1",
    "PYTHONWARNINGS": "ignore:You're running the worker",
}
GIVING_UP = 20.0  # seconds in which Celery may meet an error of its own about a lost Redis, and end its worker
OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DEBUG", "EMBEDDED")


@dataclass
class Program:
    """One of the processes. `due` is when it starts again after a death, on the monotonic clock."""

    name: str
    line: list[str]
    process: psutil.Popen | None = None
    due: float = 0.0
    killed: bool = False  # by us: every other death is a fault of the product
    spare: bool = False  # a second worker or beat: not started again

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class System:
    """One lane: its servers, its environment, its processes and its clock."""

    lane: str
    folder: Path
    mail_port: int
    programs: list[Program] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    given_up: int = 0  # workers that Celery ended because Redis went away under them
    broker_stopped: float = -math.inf  # when, on the monotonic clock
    moved: float = 0.0  # seconds by which the portal's clock is ahead

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.clock = self.folder / "clock"
        self.clock.write_text("0")
        self.embedded = self.lane == "embedded"
        self.redis = None if self.embedded else Redis(self.folder)
        self.postgres = None if self.embedded else Postgres()
        self.ports = {"web": free_port()}
        self.ports["trainer"] = self.ports["web"] if self.embedded else free_port()
        self.mark = f"chaos-{os.getpid()}"
        self.environment = {key: value for key, value in os.environ.items() if key not in OURS} | self._settings()
        self.programs = [Program(name, line) for name, line in LANES[self.lane].items()]

    def _settings(self) -> dict[str, str]:
        settings = HURRY | {
            "VAR_DIR": str(self.folder),
            "PORT": str(self.ports["web"]),
            "TRAINER_URL": f"http://127.0.0.1:{self.ports['trainer']}/trainer/v1",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "CHAOS_MARK": self.mark,
        }
        if self.redis and self.postgres:
            settings |= {"EMBEDDED": "false", "HTTPS": "false", "TRAINER_ENABLED": "true", "SECRET_KEY": "chaos" * 10}
            settings |= {"FIELD_KEYS": Fernet.generate_key().decode()}
            settings |= {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}
        return settings

    # --- processes ---

    def start(self, program: Program) -> None:
        """Start it in a session of its own, so that a kill can take what it forked, or leave it."""
        own = {} if program.name == "trainer" else {"CHAOS_CLOCK": str(self.clock)}
        port = self.ports.get(program.name, 0)
        line = [part.format(port=port) for part in program.line]
        with (self.folder / f"{program.name}.log").open("ab") as log:
            program.process = psutil.Popen(
                [sys.executable, "-m", "tests.chaos.child", str(os.getpid()), *line],
                cwd=ROOT,
                env=self.environment | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        program.killed = False

    def look_after(self) -> None:
        """Start again what has ended, as the supervisor or Docker would."""
        now = time.monotonic()
        for program in list(self.programs):
            if program.alive:
                continue
            if program.process is not None:
                if program.name == "worker" and now - self.broker_stopped < GIVING_UP:
                    self.given_up += not program.killed
                elif not program.killed:
                    self.deaths.append(f"{program.name} ended by itself ({program.process.returncode})")
                program.process, program.due = None, now + 0.3
            if program.spare:
                self.programs.remove(program)
            elif now >= program.due:
                self.start(program)

    def kill(self, name: str, *, whole: bool = True) -> None:
        """SIGKILL the first process of that name: with all that it forked (as a container ends), or it alone."""
        program = next((p for p in self.programs if p.name == name and p.alive), None)
        if program is None or program.process is None:
            return
        program.killed = True
        if whole:
            os.killpg(program.process.pid, signal.SIGKILL)
        else:
            program.process.kill()

    def second(self, name: str) -> None:
        """Start one more of them, which is there until it is killed."""
        program = Program(name, LANES[self.lane][name], spare=True)
        if name == "beat":
            program.line = [*program.line]  # its schedule file is the first one's: two beats started by mistake
        self.programs.insert(0, program)  # first in line for a kill
        self.start(program)

    # --- broker and clock ---

    def stop_broker(self) -> None:
        """Every message is lost; the embedded default has no server to stop, so its folder is emptied."""
        if self.redis:
            self.broker_stopped = time.monotonic()
            self.redis.stop()
            return
        for message in (self.folder / "queue").glob("*.msg"):
            message.unlink(missing_ok=True)

    def start_broker(self) -> None:
        if self.redis and self.redis.process is None:
            self.redis.start()

    def move_clock(self, seconds: float) -> None:
        self.moved += seconds
        draft = self.clock.with_suffix(".draft")
        draft.write_text(str(self.moved))
        draft.replace(self.clock)

    # --- end ---

    def stop(self) -> list[str]:
        """End it all, and return what is left over: there must be nothing."""
        for program in self.programs:
            if program.process is not None and program.alive:
                program.process.terminate()
        deadline = time.monotonic() + 15
        while any(p.alive for p in self.programs) and time.monotonic() < deadline:
            time.sleep(0.1)
        left = self.strays()
        for process in left:
            process.kill()
        if self.redis:
            self.redis.stop()
        if self.postgres:
            self.postgres.stop()
        return [f"process left over: {process.pid}" for process in left]

    def strays(self) -> list[psutil.Process]:
        """Processes of this lane that nobody here started or that outlived what started them."""
        known = {p.process.pid for p in self.programs if p.process is not None and p.alive}
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("CHAOS_MARK") == self.mark and process.pid != os.getpid()
                family = {process.pid, *(parent.pid for parent in process.parents())}
                if ours and process.status() != psutil.STATUS_ZOMBIE and not family & known:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found
