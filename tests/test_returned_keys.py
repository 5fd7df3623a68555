"""A service that repeats the key it is called with, anywhere and in any writing: nothing of it is stored."""

import asyncio
import base64
import html
import json
from collections.abc import Iterator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from jobs import provider
from jobs.key_masking import HIDDEN, KeyMask, StreamMask
from jobs.models import Connection, FineTuneJob, Metric
from jobs.pipeline import copies, follow, launch, probe
from jobs.pipeline.exporting import Archive
from jobs.provider import Access, ProviderError
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job

KEY = "sk-proj-Ab3/dE+fGh1jKl9mN0pQrStUvWxYz27_8-Zz=="
PLAIN = "gw_0123456789abcdefghijklmnopqrstuvwxyz"


def all_writings(key: str) -> dict[str, str]:
    raw = key.encode()
    return {
        "plain": key,
        "JSON": json.dumps(f"x{key}"),
        "slashes": key.replace("/", "\\/"),
        "unicode": key.replace("-", "\\u002d").replace("/", "\\u002F"),
        "URL": quote(key, safe=""),
        "all of URL": "".join(f"%{byte:02X}" for byte in raw),
        "HTML": html.escape(key).replace("/", "&#47;").replace("=", "&#x3D;"),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "base64": base64.b64encode(raw).decode(),
        "base64 behind one": base64.b64encode(b"a" + raw + b"zz").decode(),
        "base64 behind two": base64.b64encode(b"id" + raw + b"z").decode(),
        "Basic": f"Basic {base64.b64encode(b'user:' + raw).decode()}",
        "URL-safe base64": base64.urlsafe_b64encode(b"\xff\xfe" + raw).decode(),
        "its beginning": f"{key[:20]}…",
        "its end": f"…{key[-18:]}",
        "its middle": f"…{key[10:-6]}…",
    }


def reveals(text: str, key: str = KEY) -> list[str]:
    """What of the key a text gives away: twelve characters in a row, plainly or by decoding."""
    inner = [base64.b64encode(bytes(at) + key.encode()).decode()[4:-4] for at in range(3)]
    pieces = [key[at : at + 12] for at in range(8, len(key) - 12)]
    coded = [key.encode().hex(), *inner, *(each.replace("+", "-").replace("/", "_") for each in inner)]
    return [each for each in [*pieces, *coded] if each.lower() in text.lower()]


@pytest.mark.parametrize("key", [KEY, PLAIN])
@pytest.mark.parametrize("writing", all_writings(KEY))
def test_a_key_is_hidden_however_it_is_written(key: str, writing: str) -> None:
    text = f"Wrong key <{all_writings(key)[writing]}>, sent by you."

    hidden = KeyMask(key).text(text)

    assert reveals(hidden, key) == []
    assert HIDDEN in hidden
    assert hidden.startswith("Wrong key <")
    assert hidden.endswith(", sent by you.")


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj- keys are made in your project; trainer- keys are for practice",
        "https://example.com/a%20b?c=%ED%95%9C\\u0020&amp;",
        "ft:gpt-4o-mini-2024-07-18:org::AbC12345",
        "",
        "한글로 된 설명 · 100 %",
        "c2stcHJvai0=",
    ],
)
def test_words_that_are_not_the_key_stay(text: str) -> None:
    assert KeyMask(KEY).text(text) == text
    assert KeyMask("trainer-demo-0123456789abcdef").text(f"{text} trainer-demo") == f"{text} trainer-demo"


def test_a_word_that_many_servers_take_for_a_key_is_no_secret() -> None:
    answer = {"id": "ftjob-EMPTY", "status": "EMPTY", "none": None}

    assert KeyMask("EMPTY").answer(answer) == answer
    assert KeyMask("").answer(answer) == answer


def test_names_and_numbers_of_an_answer_stay() -> None:
    answer = {"a": [1, None, True, {"b": f"{KEY}!"}], KEY: 2.5}

    assert KeyMask(KEY).answer(answer) == {"a": [1, None, True, {"b": f"{HIDDEN}!"}], HIDDEN: 2.5}


@pytest.mark.parametrize("size", [1, 7, 46, 47, 1000])
def test_a_key_across_two_pieces_of_a_file_is_hidden(size: int) -> None:
    content = f"a\n{KEY}\nb{KEY}{KEY}\n{KEY[:-1]}".encode()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]

    assert b"".join(KeyMask(KEY).chunks(pieces)).decode() == f"a\n{HIDDEN}\nb{HIDDEN}{HIDDEN}\n{KEY[:-1]}"
    assert b"".join(KeyMask("").chunks(pieces)) == content


@pytest.mark.parametrize("size", [1, 3, 46, 1000])
def test_a_key_across_two_pieces_of_a_talk_is_hidden(size: int) -> None:
    text = f"Your key is {KEY}. sk-proj- is how it begins, sk-"
    mask = StreamMask(KEY)

    shown = "".join(mask.feed(text[at : at + size]) for at in range(0, len(text), size)) + mask.rest()

    assert shown == f"Your key is {HIDDEN}. sk-proj- is how it begins, sk-"


@pytest.mark.parametrize("pack", [bytes, base64.b64encode, base64.encodebytes], ids=["plain", "base64", "in lines"])
def test_a_result_file_is_searched_inside(pack: Any) -> None:
    table = f"step,loss,{KEY}\n1,2.5,{quote(KEY, safe='')}\n".encode()

    hidden = KeyMask(KEY).content(pack(table))

    plain = hidden if pack is bytes else base64.b64decode(hidden)
    assert plain.decode() == f"step,loss,{HIDDEN}\n1,2.5,{HIDDEN}\n"
    assert KeyMask(KEY).content(pack(b"step,loss\n1,2\n")) == pack(b"step,loss\n1,2\n")


def test_a_result_file_in_utf16_is_searched_too() -> None:
    assert KEY not in KeyMask(KEY).content(f"step,{KEY}".encode("utf-16")).decode("utf-16")


# --- through the pipeline ---------------------------------------------------------------------------------


class Parrot(BaseHTTPRequestHandler):
    """Repeats the key wherever an answer has room for words."""

    refuses = 0  # the status of a refusal; 0: it does as it is asked

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers["Authorization"].removeprefix("Bearer ")
        said = " ".join(all_writings(key).values())
        error = {"message": said, "code": f"code-{key}", "param": f"param-{key}", "type": key}
        if self.refuses:
            self.send(self.refuses, {"error": error})
        elif self.path.endswith("/content"):
            self.send(200, base64.b64encode(f"step,train_loss\n1,0.5\n2,{key}\n".encode()))
        else:
            self.send(200, self.answer(self.path.partition("?")[0], key, said, error))

    def answer(self, path: str, key: str, said: str, error: Any) -> Any:
        told = {"note": said, "user_provided_suffix": said, key: key, "metadata": {key: said}, "integrations": [said]}
        job = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "succeeded", "created_at": 1, "finished_at": 2}
        job |= {"fine_tuned_model": "ft:m", "result_files": ["file-9"], "trained_tokens": 7, "model": said} | told
        job["error"] = error
        event = {"id": "ev-1", "message": said, "level": key, "created_at": 1, "data": {key: said}}
        if path.endswith("/models"):
            return {"object": "list", "data": [{"id": "m", **told}, {"id": f"m-{key}"}]}
        if path.endswith("/events"):
            return {"object": "list", "data": [event]}
        if path.endswith("/checkpoints"):
            return {
                "object": "list",
                "data": [{"id": "cp", "fine_tuned_model_checkpoint": "ft:m:1", "step_number": 1, **told}],
            }
        if path.endswith("/files") and self.command == "GET":
            return {"object": "list", "data": []}
        if path.endswith("/jobs"):
            return {"object": "list", "data": [job]}
        return {"id": "file-1", "object": "file", "filename": said, **told} if "/files" in path else job

    do_POST = do_DELETE = do_GET  # noqa: N815

    def send(self, status: int, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def parrot(world: World, settings: Any) -> Iterator[Connection]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.UPSTREAM_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield make_connection(world.team, KEY, profile="custom", base_url=f"http://127.0.0.1:{server.server_port}/v1")
    Parrot.refuses = 0
    server.shutdown()
    server.server_close()


def stored() -> str:
    """Everything that the database holds."""
    with database.cursor() as cursor:
        tables = database.introspection.table_names(cursor)
        rows = [cursor.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables]
    return "\n".join(str(cell) for table in rows for row in table for cell in row)


def test_what_the_service_answers_is_stored_without_the_key(world: World, parrot: Connection, login: Any) -> None:
    job = make_job(world.team, connection=parrot, state=State.RUNNING, remote_id="ftjob-1")
    copies.bring(parrot, parrot.access(), job.trained_on)
    probe.test(parrot)
    for _ in range(2):
        FineTuneJob.objects.update(due_at=timezone.now())
        follow.follow(Connection.objects.get(pk=parrot.pk))

    job = FineTuneJob.objects.get()
    assert (job.state, job.fine_tuned_model, Metric.objects.count()) == (State.SUCCEEDED, "ft:m", 1)
    assert HIDDEN in job.result_csv
    assert reveals(stored()) == []
    read_everywhere(login(world.carol), world, job)


def read_everywhere(client: Client, world: World, job: FineTuneJob) -> None:
    """What a viewer sees and takes along, and what an owner does."""
    paths = [
        "jobs/",
        *(f"jobs/{job.uuid}/{tail}" for tail in ("", "job.json", "events.csv", "metrics.csv", "result.csv")),
    ]
    pages = [client.get(world.url(path)) for path in [*paths, "connections/", f"connections/{job.service.uuid}/"]]
    archive = b"".join(Archive(world.team).chunks()).decode("latin-1")

    assert {page.status_code for page in pages} == {200}
    texts = [b"".join(page) for page in pages]
    assert [reveals(text.decode()) for text in texts] == [[]] * len(pages)
    assert reveals(archive) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_a_refusal_is_stored_without_the_key(world: World, parrot: Connection, status: int) -> None:
    Parrot.refuses = status
    job = make_job(world.team, connection=parrot, state=State.READY)

    probe.test(Connection.objects.get(pk=parrot.pk))
    launch.advance(job)

    assert reveals(stored()) == []
    with pytest.raises(ProviderError) as refused:
        provider.list_models(parrot.access())
    error = refused.value
    assert (error.code, error.param) == (f"code-{HIDDEN}", f"param-{HIDDEN}")
    assert reveals(str(error.as_dict())) == []


def test_a_talk_is_shown_without_the_key(monkeypatch: pytest.MonkeyPatch, parrot: Connection) -> None:
    """The far side speaks server-sent events here, the key in two of them."""
    parts = ["Your key: ", KEY[:9], KEY[9:], "."]
    lines = [f"data: {json.dumps({'choices': [{'delta': {'content': part}}]})}\n\n" for part in parts]

    def stream(self: Parrot) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write("".join([*lines, "data: [DONE]\n\n"]).encode())

    monkeypatch.setattr(Parrot, "do_POST", stream)

    async def talk(access: Access) -> str:
        async with aclosing(provider.stream_chat(access, {"model": "m", "messages": []})) as pieces:
            return "".join([piece.text async for piece in pieces])

    assert asyncio.run(talk(parrot.access())) == f"Your key: {HIDDEN}."


def test_a_text_that_is_nothing_but_the_shortest_secret_is_hidden() -> None:
    assert KeyMask("a1b2c3d4").text("a1b2c3d4") == HIDDEN
    assert KeyMask("a1b2c3d").text("a1b2c3d") == "a1b2c3d"


@pytest.mark.parametrize(("start", "end"), [(9, 27), (10, 30), (11, 29), (12, 40), (13, 31)])
def test_a_part_of_a_key_is_hidden_from_its_first_letter_to_its_last(start: int, end: int) -> None:
    assert KeyMask(KEY).text(f"<{KEY[start:end]}>") == f"<{HIDDEN}>"
