"""Redis and PostgreSQL of the harness's own, on free ports: one is to be stopped, and neither may be anybody's."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from tests.running import free_port


class Redis:
    """A redis-server that keeps nothing: stopped and started again, it has lost every message."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        line = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([*line, "--dir", str(self.folder)], stdout=log, stderr=log)
        client = redis.Redis(port=self.port)
        for _ in range(200):
            try:
                client.ping()
                return
            except redis.RedisError:
                time.sleep(0.05)
        raise RuntimeError(f"Redis does not answer: see {self.folder}/redis.log")

    def stop(self) -> None:
        if self.process is not None:
            redis.Redis(port=self.port).shutdown(nosave=True)
            self.process.wait()
            self.process = None


class Postgres:
    """A database of its own: on the server that TEST_DATABASE_URL names, or on a cluster made for this."""

    def __init__(self) -> None:
        self.cluster = Path(tempfile.mkdtemp(prefix="chaos-pg."))
        self.own = not os.environ.get("TEST_DATABASE_URL")
        self.server = self._start() if self.own else os.environ["TEST_DATABASE_URL"]
        self.name = f"chaos_{os.getpid()}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    @property
    def url(self) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))

    def _start(self) -> str:
        port = free_port()
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.cluster, "postgres")
        self._as("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.cluster} -c fsync=off"
        self._as("pg_ctl", "-w", "-l", str(self.cluster / "log"), "-o", options, "start")
        return f"postgres://postgres@127.0.0.1:{port}/postgres"

    def _as(self, program: str, *line: str) -> None:
        found = shutil.which(program) or str(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))[-1])
        user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
        command = [found, "-D", str(self.cluster), *line]
        subprocess.run(command, user=user, check=True, stdout=subprocess.DEVNULL, cwd=self.cluster)

    def stop(self) -> None:
        if self.own:
            self._as("pg_ctl", "-m", "immediate", "-w", "stop")
        else:
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        shutil.rmtree(self.cluster)
