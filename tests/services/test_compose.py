"""What docker-compose.yml names, started here: its commands, its environment, its order, its health checks.

Replaced are only the addresses of other containers, the port and the folder of the volume. PostgreSQL and Redis are
this machine's; a mailbox stands for the mail server.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx2
import psycopg
import pytest
import redis

from tests.composed import command, compose, dot_env, environment
from tests.mail_server import MailServer
from tests.running import PATIENCE, ROOT, free_port, proposed
from tests.services.conftest import wait_for

pytestmark = pytest.mark.services

REDIS_DATABASES = {"": 10, "gw0": 11, "gw1": 12}
HOST = "tuning.example.com"
PASSWORD = "long-enough-pw-1"


class Stack:
    """The services of the file as processes."""

    def __init__(self, folder: Path, mail_port: int) -> None:
        self.folder = folder
        self.name = f"texthelper_{uuid4().hex[:12]}"
        self.ports = {"web": free_port(), "trainer": free_port()}
        trainer = "http://trainer:8000/trainer/v1"  # what the file's comment and docs/operations.md tell to write
        self.env = dot_env(TRAINER_URL=trainer, TRAINER_SPEED="8", EMAIL_URL=f"smtp://127.0.0.1:{mail_port}")
        self.services = compose(self.env)["services"]
        self.server = os.environ["TEST_DATABASE_URL"]
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        self.redis = urlunsplit(urlsplit(os.environ["TEST_REDIS_URL"])._replace(path=f"/{REDIS_DATABASES[worker]}"))
        self.database = urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))  # https ends at the proxy: us
        asks = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "Accept-Language": "en"}
        self.http = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.ports['web']}",
            headers={**asks, "Referer": f"https://{HOST}/"},
            cookies=jar,
            timeout=30,
        )

    def here(self, service: str, text: str) -> str:
        """`text` of the file with other containers' addresses as they are on this machine."""
        password = self.env["POSTGRES_PASSWORD"]
        changes = {
            f"postgres://texthelper:{password}@db/texthelper": self.database,
            "redis://redis:6379/0": self.redis,
            "trainer:8000": f"127.0.0.1:{self.ports['trainer']}",
            "/data": str(self.folder / ("trainer" if service == "trainer" else "data")),
            "8000": str(self.ports.get(service, 8000)),
        }
        for there, local in changes.items():
            text = text.replace(there, local)
        return text

    def given(self, service: str) -> dict[str, str]:
        found = environment(self.services[service], self.env)
        own = {name: value if name == "PATH" else self.here(service, value) for name, value in found.items()}
        return own | ({"ALLOWED_HOSTS": "127.0.0.1"} if service == "trainer" else {})

    def start(self, service: str) -> None:
        line = [self.here(service, part) for part in command(self.services[service])]
        with (self.folder / f"{service}.log").open("ab") as log:
            self.running[service] = subprocess.Popen(
                line, cwd=ROOT, env=self.given(service), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def said(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text()

    def manage(self, *line: str) -> str:
        """`docker compose run --rm web python manage.py …`"""
        done = subprocess.run(
            ["python", "manage.py", *line], cwd=ROOT, env=self.given("web"), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def end(self, service: str, number: int = signal.SIGTERM) -> int:
        """As `docker compose stop` does: SIGTERM to the first process, then wait as long as the file allows."""
        process = self.running.pop(service)
        process.send_signal(number)
        return process.wait(int(self.services[service].get("stop_grace_period", "10s").removesuffix("s")))

    def kill_all(self) -> None:
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def healthy(self, service: str) -> bool:
        """The file's own check of a service, exactly as written."""
        kind, *line = (self.here(service, part) for part in self.services[service]["healthcheck"]["test"])
        assert kind == "CMD"
        at = urlsplit(self.server if service == "db" else self.redis)
        known = {**environment({}, {}), "PGHOST": str(at.hostname), "PGPORT": str(at.port)}
        line[1:1] = ["-p", str(at.port)] if service == "redis" else []
        return subprocess.run(line, env=known, capture_output=True).returncode == 0

    def ready(self) -> bool:
        try:
            return self.http.get("/readyz", headers={"Host": "10.1.2.3"}).status_code == 200
        except httpx2.TransportError:
            return False

    def ask(self, sql: str) -> Any:
        with psycopg.connect(self.database) as connection:
            row = connection.execute(sql).fetchone()
            return row and row[0]

    def get(self, path: str) -> httpx2.Response:
        response = self.http.get(path, follow_redirects=False)
        while response.is_redirect:
            response = self.http.get(urlsplit(response.headers["Location"]).path)
        return response

    def post(self, path: str, fields: dict[str, str], **more: Any) -> httpx2.Response:
        response = self.http.post(path, data={**fields, "csrfmiddlewaretoken": self.http.cookies["csrftoken"]}, **more)
        assert response.status_code in (200, 302), response.text[:2000]
        return response

    def order(self) -> str:
        """Order what the form of a new job proposes; return the job's address."""
        page = self.http.get("/t/bomnal/jobs/new/").text
        return self.post("/t/bomnal/jobs/new/", proposed(page)).headers["Location"]


def started_after(services: dict[str, Any]) -> list[str]:
    """Services of ours in the order in which Docker may start them."""
    ours = {
        name: set(service.get("depends_on", {}))
        for name, service in services.items()
        if service["image"] == "texthelper"
    }
    order: list[str] = []
    while rest := [name for name in ours if name not in order]:
        free = [name for name in rest if not (ours[name] & ours.keys()) - set(order)]
        assert free, f"a circle among {rest}"
        order += free
    return order


@pytest.fixture(scope="module")
def mailbox() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, mailbox: MailServer) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("compose"), mailbox.port)
    with psycopg.connect(made.server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {made.name}")
    redis.Redis.from_url(made.redis).flushdb()
    try:
        assert made.healthy("db")
        assert made.healthy("redis")
        for service in started_after(made.services):
            made.start(service)
            if service == "setup":
                assert made.running.pop(service).wait(PATIENCE) == 0, made.said("setup")
        wait_for(made.ready)
        yield made
    finally:
        made.kill_all()
        with psycopg.connect(made.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {made.name} WITH (FORCE)")


@pytest.fixture(scope="module")
def signed_in(stack: Stack) -> Stack:
    """The demo as docs/operations.md makes it, and its person signed in."""
    printed = re.search(r"made: (\S+) / (\S+)", stack.manage("demo"))
    assert printed
    stack.get("/accounts/login/")
    stack.post("/accounts/login/", {"login": printed[1], "password": printed[2]})
    wait_for(lambda: stack.ask("SELECT count(*) FROM jobs_trainingfile WHERE state = 'ready' AND format = 'chat'"))
    wait_for(lambda: stack.ask("SELECT state FROM jobs_connection") == "works", PATIENCE)
    return stack


def test_everything_starts_in_order_and_says_it_is_well(stack: Stack) -> None:
    assert started_after(stack.services)[0] == "setup"
    assert {name for name, s in stack.services.items() if "setup" in s.get("depends_on", {})} == {
        "web",
        "worker",
        "beat",
        "train",
        "chat",
    }
    assert stack.healthy("web")
    wait_for(lambda: stack.healthy("trainer"))
    assert stack.http.get("/readyz").json() == {"db": "ok", "broker": "ok", "beat": "ok"}


def test_a_database_that_is_made_ready_is_not_well_yet(stack: Stack, tmp_path: Path) -> None:
    """The image's entrypoint makes a new volume ready with a server that listens on its socket alone."""
    own = tmp_path / "pg"
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    port = free_port()
    shutil.chown(tmp_path, "postgres")
    for parent in [tmp_path, *tmp_path.parents][:-2]:
        parent.chmod(0o755)
    as_postgres(f"{tools}/initdb -D {own} -U texthelper -A trust")
    as_postgres(f"{tools}/pg_ctl -D {own} -w -l {own}/log -o \"-p {port} -c listen_addresses='' -k {own}\" start")
    try:
        kind, *line = stack.services["db"]["healthcheck"]["test"]
        by_socket = [part for part in line if not part.startswith("--host")]
        env = {**os.environ, "PGPORT": str(port)}

        assert kind == "CMD"
        assert subprocess.run([*by_socket, f"--host={own}"], env=env).returncode == 0  # what the old check saw
        assert subprocess.run(line, env=env).returncode != 0
    finally:
        as_postgres(f"{tools}/pg_ctl -D {own} -m immediate -w stop")


def as_postgres(line: str) -> None:
    subprocess.run(["su", "postgres", "-s", "/bin/sh", "-c", line], check=True, capture_output=True)


def test_a_stranger_without_https_or_with_another_name_is_sent_away(stack: Stack) -> None:
    plain = httpx2.get(f"http://127.0.0.1:{stack.ports['web']}/accounts/login/", headers={"Host": HOST})
    wrong = stack.http.get("/accounts/login/", headers={"Host": "evil.example"})
    page = stack.http.get("/accounts/login/")

    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{HOST}/accounts/login/")
    assert wrong.status_code == 400
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Secure" in page.headers["Set-Cookie"]


def test_signing_up_needs_the_mail_that_is_sent(stack: Stack, mailbox: MailServer) -> None:
    stack.get("/accounts/signup/")
    form = {"email": "minsu@example.com", "username": "minsu", "password1": PASSWORD, "password2": PASSWORD}

    stack.post("/accounts/signup/", form)
    wait_for(lambda: mailbox.mails)
    link = re.search(rf"https://{HOST}(/accounts/confirm-email/\S+)", mailbox.mails[0].replace("=\r\n", ""))
    assert link
    stack.get(link[1])
    stack.post(link[1], {})

    assert "minsu" in stack.get("/").text
    stack.http.cookies.clear()


def test_an_order_at_the_demo_trainer_succeeds_and_can_be_followed_in_the_logs(signed_in: Stack) -> None:
    job = signed_in.order()
    wait_for(lambda: signed_in.ask("SELECT state FROM jobs_finetunejob") == "succeeded")

    page = signed_in.get(job)
    assert page.status_code == 200
    assert signed_in.http.get(f"{job}job.json").json()["status"] == "succeeded"
    ordered = [line for line in lines(signed_in, "web") if line.get("route") == "job-new" and line["method"] == "POST"]
    assert [(line["status"], line["team"], line["level"]) for line in ordered] == [(302, "bomnal", "info")]
    worked = [line for line in lines(signed_in, "worker") if line.get("request_id") == ordered[0]["request_id"]]
    assert {line["task"] for line in worked} == {"jobs.tasks.advance_job"}
    assert {line["job"] for line in worked} == {signed_in.ask("SELECT id FROM jobs_finetunejob")}
    assert signed_in.ask("SELECT host(ip) FROM jobs_auditentry WHERE action = 'job.ordered'") == "203.0.113.9"


def lines(stack: Stack, service: str) -> list[dict[str, Any]]:
    """What a service logged: every line is one JSON object."""
    return [httpx2.Response(200, text=line).json() for line in stack.said(service).splitlines()]


def test_every_line_of_every_service_is_one_json_object(signed_in: Stack) -> None:
    for service in ("web", "worker", "beat"):
        assert all({"time", "level", "logger", "event"} <= line.keys() for line in lines(signed_in, service))
    assert lines(signed_in, "web") != []
    assert lines(signed_in, "worker") != []


def test_an_answer_that_streams_when_web_is_told_to_stop_ends_well(signed_in: Stack) -> None:
    job = f"/t/bomnal/playground/{signed_in.ask('SELECT uuid FROM jobs_finetunejob')}/"
    slow_key(signed_in)
    model = signed_in.ask("SELECT name FROM jobs_tunedmodel WHERE step IS NULL")
    form = {"left": model, "text": "겨울 골목", "temperature": "1", "max_tokens": "200", "history": "10"}
    told = signed_in.post(f"{job}ask/", form, headers={"Accept": "application/json"}).json()
    token = signed_in.http.cookies["csrftoken"]

    asked = {"message": str(told["message"]), "column": "left", "csrfmiddlewaretoken": token}
    with signed_in.http.stream("POST", f"{job}say/", data=asked) as answer:
        parts = answer.iter_lines()
        first = next(parts)
        process = signed_in.running.pop("web")
        process.send_signal(signal.SIGTERM)
        rest = list(parts)
    code = process.wait(30)

    assert "text" in first
    assert '"done": true' in rest[-1]
    assert code == -signal.SIGTERM  # uvicorn's way to end well: everything closed, then by the signal it was sent
    assert "Finished server process" in signed_in.said("web")
    assert not signed_in.healthy("web")
    signed_in.start("web")
    wait_for(signed_in.ready)


def test_a_task_that_runs_when_the_worker_is_told_to_stop_is_finished(signed_in: Stack) -> None:
    slow_key(signed_in)
    signed_in.order()
    newest = "SELECT state FROM jobs_finetunejob ORDER BY id DESC LIMIT 1"
    wait_for(lambda: signed_in.ask(newest) == "submitting")

    code = signed_in.end("worker")

    assert code == 0
    assert signed_in.ask(newest) == "running"
    signed_in.start("worker")
    wait_for(lambda: signed_in.ask(newest) == "succeeded")


def slow_key(stack: Stack) -> None:
    """Every answer of the trainer takes two seconds from now on: time for a signal."""
    stack.manage(
        "shell",
        "--no-imports",
        "-c",
        "from jobs.models import Connection; c = Connection.objects.get(); old = c.access().key; "
        "c.set_key(old.replace('trainer-', 'trainer-fault.slow=2-') if 'slow' not in old else old); c.save()",
    )
