"""A service of its own, not written from our client: jobs as others describe them, lists leaner than the job itself.

It keeps what a test puts into it, answers over real HTTP at a free port, and writes down every call.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from jobs import job_json
from jobs.models import Connection, FineTuneJob
from jobs.pipeline import adopt, follow
from jobs.states import State
from tests.conftest import World
from tests.factories import make_job
from tests.walking import fresh

type Json = dict[str, Any]

MADE = 1_794_000_000  # 2026-11-06
JOB: Json = {
    "object": "fine_tuning.job",
    "model": "gpt-4o-mini-2024-07-18",
    "created_at": MADE,
    "finished_at": None,
    "fine_tuned_model": None,
    "organization_id": "org-x",
    "result_files": [],
    "status": "running",
    "validation_file": None,
    "training_file": "file-abc",
    "hyperparameters": {"n_epochs": "auto"},
    "trained_tokens": None,
    "error": None,
}


class LeanSide:
    def __init__(self) -> None:
        self.jobs: dict[str, Json] = {}
        self.listed: dict[str, Json] = {}  # what a list says of a job where that is not what the job itself says
        self.events: dict[str, Any] = {}  # a whole answer, by job; with none the job has no events
        self.checkpoints: dict[str, list[Json]] = {}
        self.files: dict[str, bytes] = {}
        self.refuses: dict[str, int] = {}  # a status, by the end of a path
        self.calls: list[str] = []
        self.on_call: Callable[[str], object] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def job(self, remote_id: str, **fields: Any) -> Json:
        self.jobs[remote_id] = JOB | {"id": remote_id} | fields
        return self.jobs[remote_id]

    def asked_for(self, end: str) -> int:
        """How often a path that ends so was asked for."""
        return sum(call.partition("?")[0].endswith(end) for call in self.calls)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """What lies at a path; None for nothing."""
        parts = path.removeprefix("/v1").strip("/").split("/")
        match parts:
            case ["models"]:
                return a_list([{"id": JOB["model"], "object": "model", "created": 1, "owned_by": "x"}])
            case ["fine_tuning", "jobs"]:
                return self.page(int(query.get("limit", ["20"])[0]), query.get("after", [""])[0])
            case ["fine_tuning", "jobs", job]:
                return self.jobs.get(job)
            case ["fine_tuning", "jobs", job, "events"]:
                return self.events.get(job, a_list([]))
            case ["fine_tuning", "jobs", job, "checkpoints"]:
                return a_list(self.checkpoints.get(job, []))
            case ["files", file]:
                return {"id": file, "object": "file", "filename": "step_metrics.csv"} if file in self.files else None
            case ["files", file, "content"]:
                return self.files.get(file)
        return None

    def page(self, limit: int, after: str) -> Json:
        ids = list(self.jobs)
        begin = ids.index(after) + 1 if after in ids else 0
        shown = ids[begin : begin + limit]
        return a_list([self.listed.get(one, self.jobs[one]) for one in shown]) | {"has_more": begin + limit < len(ids)}


def a_list(items: list[Any]) -> Json:
    return {"object": "list", "data": items, "has_more": False}


@contextmanager
def lean_side(port: int = 0) -> Iterator[LeanSide]:
    """One that answers until the block ends, at this port or a free one."""
    far = LeanSide()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            far.calls.append(self.path)
            if far.on_call:
                far.on_call(self.path)
            refused = next((status for end, status in far.refuses.items() if parts.path.endswith(end)), 0)
            found = None if refused else far.answer(parts.path, parse_qs(parts.query))
            error = {"error": {"message": "nothing here", "type": "invalid_request_error", "param": None, "code": None}}
            body = found if isinstance(found, bytes) else json.dumps(error if found is None else found).encode()
            self.send_response(refused or (404 if found is None else 200))
            self.send_header(
                "Content-Type", "application/octet-stream" if isinstance(found, bytes) else "application/json"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    far.port = server.server_port
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield far
    finally:
        server.shutdown()
        server.server_close()


# --- what tests do with it ------------------------------------------------------------------------------


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[LeanSide]:
    """The service that the world's connection leads to."""
    with lean_side() as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        Connection.objects.filter(pk=world.connection.pk).update(profile="custom", base_url=far.url)
        yield far


def running(world: World, remote: Json, **fields: Any) -> FineTuneJob:
    """A job of ours that the service has; due, adopted with what the service says now."""
    told = {"state": State.RUNNING, "remote_id": remote["id"], "remote": remote, "remote_status": remote["status"]}
    return fresh(make_job(world.team, connection=world.connection, **told | fields))


def sweep(world: World) -> None:
    """One poll of all that the connection has."""
    FineTuneJob.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    follow.follow(Connection.objects.get(pk=world.connection.pk))


def imported(world: World, remote_id: str) -> FineTuneJob:
    raw = {"id": remote_id}
    return fresh(adopt.take_in(world.team, world.bob, job_json.read(raw, timezone.now()), raw, None)[0])


def ended(far: LeanSide, world: World, **remote: Any) -> FineTuneJob:
    """One job, followed after the service says this of it."""
    job = running(world, far.job("ftjob-1"), created_by=world.bob)
    far.job("ftjob-1", **remote)
    sweep(world)
    return fresh(job)
