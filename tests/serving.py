"""A uvicorn of its own with a database of its own, as the trainer really runs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.running import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds


def environment(var: Path, port: int, **settings: str) -> dict[str, str]:
    given = os.environ | {"VAR_DIR": str(var), "PORT": str(port), "LOG_LEVEL": "CRITICAL"}
    return given | {"DATABASE_URL": f"sqlite:///{var / 'db.sqlite3'}", "REDIS_URL": "", "DEBUG": "true", **settings}


@contextmanager
def worker_training(var: Path, **settings: str) -> Iterator[None]:
    """The worker of the queue `train` beside a trainer on the same folder."""
    line = [sys.executable, "-m", "celery", "--quiet", "--app", "ftsite", "worker", "--queues=train"]
    line += ["--pool=threads", "--concurrency=2", "--without-mingle", "--without-gossip", "--loglevel=CRITICAL"]
    process = subprocess.Popen(line, cwd=ROOT, env=environment(var, 0, **settings))
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def issued_key(var: Path, name: str) -> str:
    line = [sys.executable, "manage.py", "trainer_key", name]
    printed = subprocess.run(line, cwd=ROOT, env=environment(var, 0), check=True, capture_output=True, text=True)
    return printed.stdout.splitlines()[-1]


@contextmanager
def trainer_serving(var: Path, **settings: str) -> Iterator[str]:
    """Give the trainer's base URL; `var` keeps its database and files."""
    port = free_port()
    given = environment(var, port, **settings)
    migrate = [sys.executable, "manage.py", "migrate", "-v0", "trainer"]
    subprocess.run(migrate, cwd=ROOT, env=given, check=True)
    serve = [sys.executable, "-m", "uvicorn", "ftsite.asgi:application", "--port", str(port), "--log-level", "critical"]
    process = subprocess.Popen(serve, cwd=ROOT, env=given)
    url = f"http://127.0.0.1:{port}/trainer/v1"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(url)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("uvicorn did not come up")
