"""A real installation on this machine: PostgreSQL, Redis, uvicorn, a prefork worker and beat, each a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx2
import psycopg
import pytest

from tests.running import PATIENCE, ROOT, free_port, proposed

REDIS_DATABASES = {"": 7, "gw0": 8, "gw1": 9}
COMMANDS = {
    "web": ["-m", "uvicorn", "ftsite.asgi:application", "--host", "127.0.0.1", "--log-level", "warning"],
    "worker": ["-m", "celery", "-A", "ftsite", "worker", "--pool=prefork", "-c", "2", "--loglevel", "WARNING"],
    "beat": ["-m", "celery", "-A", "ftsite", "beat", "--loglevel", "WARNING"],
}


def wait_for[T](what: Callable[[], T], patience: float = 3 * PATIENCE) -> T:
    """Return the first true answer."""
    deadline = time.monotonic() + patience
    while not (answer := what()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
    return answer


class Installation:
    """The processes, their database, and a person's browser without a screen."""

    def __init__(self, folder: Path, database: str, **settings: str) -> None:
        self.port, self.database, self.folder = free_port(), database, folder
        redis = urlsplit(os.environ["TEST_REDIS_URL"])
        worker = os.environ.get(
            "PYTEST_XDIST_WORKER", ""
        )  # two installations on one queue would take each other's work
        self.environment = {
            **os.environ,
            "VAR_DIR": str(folder / "var"),
            "PORT": str(self.port),
            "DATABASE_URL": database,
            "REDIS_URL": urlunsplit(redis._replace(path=f"/{REDIS_DATABASES[worker]}")),
            "TRAINER_SPEED": "8",
            **settings,
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", follow_redirects=True, timeout=30)

    def manage(self, *line: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *line], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def start(self, name: str) -> None:
        port = ["--port", str(self.port)] if name == "web" else []
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *COMMANDS[name], *port],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that a kill takes the pool's children too
            )

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def answers(self) -> bool:
        try:
            return self.http.get("/accounts/login/").status_code == 200
        except httpx2.TransportError:
            return False

    def ask(self, sql: str) -> Any:
        """The first column of the first row, None if there is none."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute(sql).fetchone()
            return row and row[0]

    def post(self, path: str, fields: dict[str, str]) -> httpx2.Response:
        response = self.http.post(path, data={**fields, "csrfmiddlewaretoken": self.http.cookies["csrftoken"]})
        assert response.status_code == 200, response.text[:2000]
        return response

    def sign_in(self) -> None:
        self.answers()
        self.post("/accounts/login/", {"login": "demo@example.com", "password": "texthelper-demo"})

    def order(self) -> str:
        """Order what the form of a new job proposes; return the job's address."""
        page = self.http.get("/t/bomnal/jobs/new/").text
        return self.post("/t/bomnal/jobs/new/", proposed(page)).url.path


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """All of it, running, with the demo's rows; `request.param` holds settings."""
    name = f"texthelper_{uuid4().hex[:12]}"
    server = os.environ["TEST_DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    made = Installation(tmp_path, database, **getattr(request, "param", {}))
    try:
        for line in (["migrate"], ["collectstatic", "--noinput"], ["demo"]):
            made.manage(*line)
        for process in COMMANDS:
            made.start(process)
        wait_for(made.answers)
        wait_for(lambda: made.ask("SELECT count(*) FROM jobs_trainingfile WHERE state = 'ready' AND format = 'chat'"))
        yield made
    finally:
        for process in list(made.running):
            made.kill(process)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
