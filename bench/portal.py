"""A portal that runs: its processes, with data of their own, and a browser without a screen."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import httpx2
import psutil

from bench import machine

PREPARE = (["migrate", "--verbosity=0"], ["compile_translations"], ["collectstatic", "--noinput", "--verbosity=0"])
OURS = ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "PORT", "EMBEDDED", "DJANGO_SETTINGS_MODULE")


def wait_for[T](what: Callable[[], T], seconds: float, rest: float = 0.1) -> T:
    """Return the first true answer."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain")
        time.sleep(rest)
    return answer


class Portal:
    """Settings, processes by name, and an address."""

    def __init__(self, folder: Path, root: Path = machine.ROOT, **settings: str) -> None:
        self.folder, self.root, self.port = folder, root, machine.free_port()
        given = {name: value for name, value in os.environ.items() if name not in OURS}
        own = {"VAR_DIR": str(folder / "var"), "PORT": str(self.port), "LOG_LEVEL": "WARNING"}
        self.environment = {**given, "PYTHONWARNINGS": "ignore", **own, **settings}
        self.running: dict[str, psutil.Popen] = {}
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", follow_redirects=True, timeout=120)

    def __enter__(self) -> "Portal":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.http.close()
        family = [one for process in self.running.values() for one in machine.family(process)]
        for process in family:
            process.terminate()
        for process in psutil.wait_procs(family, timeout=10)[1]:
            process.kill()

    def manage(self, *line: str) -> None:
        subprocess.run([sys.executable, "manage.py", *line], cwd=self.root, env=self.environment, check=True)

    def prepare(self) -> None:
        for line in PREPARE:
            self.manage(*line)

    def start(self, name: str, *line: str, **settings: str) -> psutil.Popen:
        """Start `python -m line` as `name`; its words go to a file."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = psutil.Popen(
                [sys.executable, "-m", *line],
                cwd=self.root,
                env={**self.environment, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.running[name]

    def answers(self) -> bool:
        try:
            return self.http.get("/accounts/login/").status_code == 200
        except httpx2.TransportError:
            return False

    def post(self, path: str, fields: dict[str, str]) -> httpx2.Response:
        token = {"csrfmiddlewaretoken": self.http.cookies["csrftoken"]}
        response = self.http.post(path, data={**fields, **token})
        if response.status_code != 200:
            raise RuntimeError(f"POST {path} answers {response.status_code}")
        return response

    def sign_in(self) -> None:
        self.http.get("/accounts/login/")
        self.post("/accounts/login/", {"login": "demo@example.com", "password": "texthelper-demo"})

    def order(self, **chosen: str) -> str:
        """Order what the form of a new job proposes, but for what is chosen; return the job's address."""
        page = self.http.get("/t/bomnal/jobs/new/").text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"[^>]*value="([^"]*)"', page))
        checked = dict(re.findall(r'<input type="radio"\s+name="(\w+)"\s+value="([^"]*)"[^>]*?\schecked', page))
        return self.post("/t/bomnal/jobs/new/", {**hidden, **checked, **chosen}).url.path
