"""A private PostgreSQL and a private Redis on free ports, gone afterwards; or those that the environment names."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import redis

from bench.machine import free_port

TUNED = "-c listen_addresses=127.0.0.1 -c shared_buffers=256MB -c max_connections=100"


def _tool(name: str) -> str:
    """A program of PostgreSQL, the newest that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else (shutil.which(name) or name)


def _run(*line: str) -> None:
    """PostgreSQL refuses to run as root, so that root becomes `postgres` for it."""
    as_postgres = {"user": "postgres", "cwd": "/"} if os.geteuid() == 0 else {}
    done = subprocess.run(line, capture_output=True, text=True, **as_postgres)  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{line[0]}: {done.stderr or done.stdout}")


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        with _database(given) as url:
            yield url
        return
    with TemporaryDirectory(prefix="bench-pg.") as folder:
        os.chmod(folder, 0o777)
        data, port = f"{folder}/data", free_port()
        _run(_tool("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {port} -k {data} {TUNED}"
        _run(_tool("pg_ctl"), "-D", data, "-w", "-l", f"{data}/log", "-o", options, "start")
        try:
            with _database(f"postgres://postgres@127.0.0.1:{port}/postgres") as url:
                yield url
        finally:
            _run(_tool("pg_ctl"), "-D", data, "-w", "-m", "fast", "stop")


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"bench_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def redis_server() -> Iterator[str]:
    """The address of an empty Redis."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    port = free_port()
    line = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, cwd="/tmp") as process:
        try:
            url = f"redis://127.0.0.1:{port}/0"
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            redis.Redis.from_url(url).ping()
            return
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
