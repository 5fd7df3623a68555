"""A far side of its own, after the published shapes of services that are not our trainer: a habit each, combined.

Sources: OpenAI's API reference; Together, Fireworks, Nebius, Crusoe, Azure and Unsloth as
/fine_tuning/jobs of theirs was published in 2026 (ISO times, prefixed models, plural files, no metadata, short lists).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, RLock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone

type Json = dict[str, Any]

PAGE_MOST = 100
ENDED = ("succeeded", "failed", "cancelled")


@dataclass
class Habits:
    """How a service differs from OpenAI's API."""

    times: str = "unix"  # iso, naive (local words without a zone), ms, none
    clock: timedelta = timedelta()  # what its clock is wrong by
    model_prefix: str = ""
    file_field: str = "training_file"  # empty: it does not say
    file_form: str = "{}"
    has_metadata: bool = True
    tag_filter: int | str = "works"  # ignored, or the status that refuses it
    list_keys: tuple[str, ...] = ()  # of a leaner list; empty: the whole job
    pages: str = "openai"  # bare: no has_more; capped: at most three a page; all: one page, whatever is asked
    oldest_first: bool = False
    names: tuple[tuple[str, str], ...] = ()  # what it calls what OpenAI calls otherwise
    words: tuple[tuple[str, str], ...] = ()  # likewise of a job's status
    refuses_limit: bool = False
    refuses_after: bool = False
    loses_files: bool = False  # an upload is answered and not kept
    refuses_files: bool = False  # for what they hold


@dataclass
class FarSide:
    """The service. `lose` names what happens to the next orders: before, after, late or slow."""

    habits: Habits = field(default_factory=Habits)
    lose: list[str] = field(default_factory=list)
    jobs: list[Json] = field(default_factory=list)  # oldest first, as it knows them itself
    files: dict[str, Json] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    sent: list[Json] = field(default_factory=list)  # the bodies of orders
    address: str = ""
    late: list[Json] = field(default_factory=list)  # orders that it has taken and not acted on yet
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    lock: RLock = field(default_factory=RLock)
    act: Event = field(default_factory=Event)  # what slow orders wait for

    # --- what a test does ---

    def add(self, order: Json, age: timedelta = timedelta(), **fields: Any) -> Json:
        """Make a job, as if it had been ordered `age` ago."""
        with self.lock:
            made = timezone.now() - age + self.habits.clock
            job = {
                "id": f"ftjob-{next(self.numbers):04}",
                "object": "fine_tuning.job",
                "model": order["model"],
                "training_file": order["training_file"],
                "metadata": order.get("metadata"),
                "seed": order.get("seed"),
                "status": "running",
                "made": made,
                "fine_tuned_model": None,
                "trained_tokens": None,
                **fields,
            }
            self.jobs.append(job)
            self.jobs.sort(key=lambda one: one["made"])
            return job

    def act_late(self) -> Json:
        """Act on the order that was taken first of those that wait."""
        with self.lock:
            return self.add(self.late.pop(0))

    def finish(self, status: str = "succeeded") -> None:
        with self.lock:
            for job in self.jobs:
                self._end(job, status)

    def _end(self, job: Json, status: str) -> None:
        if job["status"] in ENDED:
            return
        job |= {"status": status, "finished": timezone.now() + self.habits.clock, "trained_tokens": 5000}
        if status == "succeeded":
            job["fine_tuned_model"] = f"ft:{job['model']}:{job['id']}"

    @property
    def orders(self) -> int:
        return sum(call == "POST /fine_tuning/jobs" for call in self.calls)

    def refused(self, order: Json) -> Json | None:
        """Why it does not take an order."""
        for role in ("training_file", "validation_file"):
            if role in order and order[role] not in self.files:
                return {"message": f"No such File object: {order[role]}", "param": role}
        if self.habits.refuses_files:
            return {"message": "The file has 8 examples, but must have at least 10.", "param": "training_file"}
        return None

    # --- what it shows ---

    def shown(self, job: Json) -> Json:
        habits = self.habits
        told = {key: job[key] for key in ("id", "object", "status", "seed", "fine_tuned_model", "trained_tokens")}
        told["model"] = habits.model_prefix + job["model"]
        if habits.file_field:
            file_id = habits.file_form.format(job["training_file"])
            told[habits.file_field] = [file_id] if habits.file_field.endswith("s") else file_id
        if habits.has_metadata:
            told["metadata"] = job["metadata"]
        for name, moment in (("created_at", job["made"]), ("finished_at", job.get("finished"))):
            if habits.times != "none":
                told[name] = None if moment is None else self._time(moment)
        told["status"] = dict(habits.words).get(told["status"], told["status"])
        return {dict(habits.names).get(name, name): value for name, value in told.items()}

    def _time(self, moment: datetime) -> Any:
        match self.habits.times:
            case "iso":
                return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
            case "naive":
                return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
            case "ms":
                return int(moment.timestamp() * 1000)
        return int(moment.timestamp())

    def listed(self, query: dict[str, list[str]]) -> tuple[int, Json]:
        habits = self.habits
        wanted = {key[9:-1]: values[0] for key, values in query.items() if key.startswith("metadata[")}
        if wanted and isinstance(habits.tag_filter, int):
            return refusal(habits.tag_filter, "Unknown query parameter: metadata")
        if "limit" in query and habits.refuses_limit:
            return refusal(422, "Extra inputs are not permitted: limit")
        if "after" in query and habits.refuses_after:
            return refusal(400, "Unknown query parameter: after")
        if wanted and habits.tag_filter == "odd":
            return 200, {"jobs": []}
        jobs = self.jobs if habits.oldest_first else self.jobs[::-1]
        if wanted and habits.tag_filter == "works":
            jobs = [job for job in jobs if habits.has_metadata and wanted.items() <= (job["metadata"] or {}).items()]
        items = [self.shown(job) for job in jobs]
        if habits.list_keys:
            items = [{key: value for key, value in item.items() if key in habits.list_keys} for item in items]
        return 200, self._page(items, query)

    def _page(self, items: list[Json], query: dict[str, list[str]]) -> Json:
        if self.habits.pages == "all":
            return {"data": items}
        most = int(query.get("limit", ["20"])[0])
        most = min(most, 3 if self.habits.pages == "capped" else PAGE_MOST)
        after = query.get("after", [""])[0]
        start = next((place + 1 for place, item in enumerate(items) if item["id"] == after), 0)
        page: Json = {"object": "list", "data": items[start : start + most]}
        return page if self.habits.pages == "bare" else page | {"has_more": start + most < len(items)}


def refusal(status: int, message: str) -> tuple[int, Json]:
    return status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


class _Call(BaseHTTPRequestHandler):
    far: FarSide
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = url.path.removeprefix("/v1")
        self.far.calls.append(f"GET {path}")
        with self.far.lock:
            self._answer(*self._asked(path, parse_qs(url.query)))

    def _asked(self, path: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        far = self.far
        match path.strip("/").split("/"):
            case ["fine_tuning", "jobs"]:
                return far.listed(query)
            case ["fine_tuning", "jobs", uid]:
                job = next((job for job in far.jobs if job["id"] == uid), None)
                return (200, far.shown(job)) if job else refusal(404, f"No such job: {uid}")
            case ["fine_tuning", "jobs", _uid, "events" | "checkpoints"]:
                return 200, {"object": "list", "data": [], "has_more": False}
            case ["files"]:
                return 200, {"object": "list", "data": list(far.files.values())}
            case ["files", uid] if uid in far.files:
                return 200, far.files[uid]
        return refusal(404, f"Nothing at {path}")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/v1")
        self.far.calls.append(f"POST {path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match path.strip("/").split("/"):
            case ["files"]:
                self._answer(200, self._take_file(body))
            case ["fine_tuning", "jobs"]:
                self._order(json.loads(body))
            case ["fine_tuning", "jobs", uid, "cancel"]:
                self._cancel(uid)

    def do_DELETE(self) -> None:
        uid = self.path.rpartition("/")[2]
        self.far.files.pop(uid, None)
        self._answer(200, {"id": uid, "deleted": True})

    def _take_file(self, body: bytes) -> Json:
        parts = BytesParser().parsebytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        sent = [part for part in parts.get_payload() if isinstance(part, Message)]
        file = next(part for part in sent if part.get_filename())
        content = file.get_payload(decode=True)
        uid = f"file-{next(self.far.numbers):04}"
        kept = {
            "id": uid,
            "object": "file",
            "filename": file.get_filename(),
            "bytes": len(content) if isinstance(content, bytes) else 0,
            "purpose": "fine-tune",
        }
        self.far.files |= {} if self.far.habits.loses_files else {uid: kept}
        return kept

    def _order(self, order: Json) -> None:
        far = self.far
        far.sent.append(order)
        if refused := far.refused(order):
            self._answer(400, {"error": {**refused, "code": None}})
            return
        fate = far.lose.pop(0) if far.lose else ""
        if fate in ("before", "late"):
            far.late += [order] if fate == "late" else []
            self._drop()
            return
        if fate == "slow":
            far.act.wait()
        job = far.add(order)
        if fate in ("after", "slow"):
            self._drop()
        else:
            self._answer(200, far.shown(job))

    def _cancel(self, uid: str) -> None:
        far = self.far
        with far.lock:
            job = next((job for job in far.jobs if job["id"] == uid), None)
            if job is None:
                self._answer(*refusal(404, f"No such job: {uid}"))
            elif job["status"] in ENDED:
                self._answer(*refusal(400, "The job has ended."))
            else:
                far._end(job, "cancelled")
                self._answer(200, far.shown(job))

    def _drop(self) -> None:
        """Break the connection off before an answer."""
        self.close_connection = True

    def _answer(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(far: FarSide) -> Iterator[FarSide]:
    """The service behind real HTTP while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Call", (_Call,), {"far": far}))
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    far.address = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield far
    finally:
        far.act.set()
        server.shutdown()
        server.server_close()
