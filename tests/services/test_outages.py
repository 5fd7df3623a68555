"""Redis and PostgreSQL are taken away from a running installation, and given back: servers of its own, stopped here."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tests.running import free_port
from tests.services.conftest import COMMANDS, Installation, wait_for

pytestmark = pytest.mark.services

TOOLS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]


def run_as(user: str, line: str) -> None:
    su = [] if os.geteuid() else ["su", user, "-s", "/bin/sh", "-c"]
    subprocess.run([*su, line] if su else ["sh", "-c", line], check=True, stdout=subprocess.DEVNULL)


class Postgres:
    """A server with one empty database, on a port that stays its own."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port = folder / "pg", free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.data.mkdir()
        for parent in [folder, *folder.parents][:-2]:
            parent.chmod(0o755)
        shutil.chown(self.data, "postgres")
        run_as("postgres", f"{TOOLS[0]}/initdb -D {self.data} -U postgres -A trust -E UTF8 --locale=C.UTF-8")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.data} -c fsync=off"
        run_as("postgres", f'{TOOLS[0]}/pg_ctl -D {self.data} -w -l {self.data}/log -o "{options}" start')

    def stop(self) -> None:
        run_as("postgres", f"{TOOLS[0]}/pg_ctl -D {self.data} -m immediate -w stop")


class Redis:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        line = [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        wait_for(
            lambda: subprocess.run(["redis-cli", "-p", str(self.port), "ping"], capture_output=True).returncode == 0
        )

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


class Served(Installation):
    """An installation with servers of its own."""

    def __init__(self, folder: Path) -> None:
        self.postgres, self.redis = Postgres(folder), Redis(folder)
        super().__init__(folder, self.postgres.url, REDIS_URL=self.redis.url, CLAIM_SECONDS="15", UNSURE_SECONDS="5")

    def page(self, path: str = "/t/bomnal/jobs/") -> tuple[int, float]:
        """The status of a page, and how long it took."""
        began = time.monotonic()
        status = self.http.get(path).status_code
        return status, time.monotonic() - began

    def tokens(self) -> int:
        return int(self.ask("SELECT count(*) FROM trainer_job") or 0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"))
    made.postgres.start()
    made.redis.start()
    try:
        for line in (["migrate"], ["collectstatic", "--noinput"], ["demo"]):
            made.manage(*line)
        for process in COMMANDS:
            made.start(process)
        wait_for(made.answers)
        wait_for(lambda: made.ask("SELECT count(*) FROM jobs_trainingfile WHERE state = 'ready' AND format = 'chat'"))
        made.sign_in()
        yield made
    finally:
        for process in list(made.running):
            made.kill(process)
        made.redis.stop()
        made.postgres.stop()


def succeeded(served: Served) -> Callable[[], Any]:
    newest = "SELECT state FROM jobs_finetunejob ORDER BY id DESC LIMIT 1"
    return lambda: served.ask(newest) == "succeeded"


def test_without_redis_people_work_on_and_the_worker_waits(served: Served) -> None:
    before, worker = served.tokens(), served.running["worker"]
    served.redis.stop()

    pages = [served.page() for _ in range(5)]
    stranger = httpx2.Client(base_url=served.http.base_url, follow_redirects=True, timeout=30)
    stranger.get("/accounts/login/")
    form = {"login": "demo@example.com", "password": "texthelper-demo"}
    entered = stranger.post("/accounts/login/", data=form | {"csrfmiddlewaretoken": stranger.cookies["csrftoken"]})
    served.order()
    ready = served.http.get("/readyz")
    out = stranger.post("/accounts/logout/", data={"csrfmiddlewaretoken": stranger.cookies["csrftoken"]})
    time.sleep(8)  # long enough for a worker that gives up to do so
    alive = worker.poll() is None

    served.redis.start()
    wait_for(succeeded(served))

    assert {status for status, _seconds in pages} == {200}
    assert max(seconds for _status, seconds in pages) < 3
    assert (entered.status_code, entered.url.path) == (200, "/t/bomnal/jobs/")
    assert (ready.status_code, ready.json()["broker"]) == (503, "down")
    assert out.status_code == 200
    assert alive
    assert worker.poll() is None
    assert served.tokens() == before + 1
    log = (served.folder / "web.log").read_text()
    assert (log.count("Redis is away"), log.count("Redis is back")) == (1, 1)
    wait_for(lambda: served.http.get("/readyz").status_code == 200)


@pytest.mark.parametrize("away", [2, 20])
def test_without_postgresql_a_page_says_so_at_once_and_is_back_soon(served: Served, away: float) -> None:
    before = served.tokens()
    served.order()
    served.postgres.stop()

    gone = [served.page(path) for path in ("/t/bomnal/jobs/", "/t/bomnal/jobs/", "/notices/", "/readyz")]
    alive = served.page("/healthz")
    page = served.http.get("/t/bomnal/jobs/", headers={"Accept-Language": "ko"})
    time.sleep(away)  # nobody comes meanwhile, and the pool's attempts grow rare
    served.postgres.start()
    began = time.monotonic()
    wait_for(lambda: served.page()[0] == 200)
    back = time.monotonic() - began

    assert {status for status, _seconds in gone} == {503}
    assert max(seconds for _status, seconds in gone) < 3
    assert alive[0] == 200
    assert page.headers["Retry-After"] == "5"
    assert "데이터베이스에 연결할 수 없습니다" in page.text
    assert back < 5
    wait_for(succeeded(served))
    assert served.tokens() == before + 1
    with psycopg.connect(served.database) as connection:
        assert connection.execute("SELECT count(*) FROM jobs_finetunejob WHERE state = 'unsure'").fetchone() == (0,)
