"""What the API does until the first part of an answer is there, and after: uvicorn, and a stub for the chat process."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest

from tests.engine.rows import KEY
from tests.serving import ROOT, trainer_serving
from trainer.engines.chat import process
from wire.errors import WireError

type Json = dict[str, Any]

BASE, HELLO = "llama-small", [{"role": "user", "content": "안녕"}]
ROWS = "from tests.engine.rows import put_base, put_worker; put_base('llama-small'); put_worker()"
END = {"end": "stop", "prompt_tokens": 9, "completion_tokens": 2}
PATIENCE = 30  # seconds


@dataclass
class Site:
    """`process` is where the API's questions arrive."""

    url: str
    process: socket.socket


@dataclass
class Call:
    """One question, as the chat process has it."""

    connection: socket.socket

    def send(self, *lines: Json) -> None:
        self.connection.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def is_left(self) -> bool:
        """Whether the API closes the connection before PATIENCE is over."""
        return not self.connection.recv(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("var")
    with TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as stub:
        stub.bind(f"{short}/s")
        stub.listen()
        stub.settimeout(PATIENCE)
        with trainer_serving(var, TRAINER_SERVE=f"unix:{short}/s", TRAINER_DIR=str(var / "trainer")) as url:
            given = os.environ | {
                "VAR_DIR": str(var),
                "DATABASE_URL": f"sqlite:///{var / 'db.sqlite3'}",
                "REDIS_URL": "",
            }
            given["TRAINER_DIR"] = str(var / "trainer")
            rows = [sys.executable, "manage.py", "shell", "--no-imports", "-c", ROWS]
            subprocess.run(rows, cwd=ROOT, env=given, check=True)
            yield Site(url, stub)


def received(site: Site) -> Call:
    connection, _address = site.process.accept()
    connection.settimeout(PATIENCE)
    with connection.makefile("rb") as stream:
        assert json.loads(stream.readline())["do"] == "chat"
    return Call(connection)


class Client:
    """A browser or SDK that has just sent its question, and `call`, the question as the chat process has it."""

    def __init__(self, site: Site, stream: bool, **more: Json) -> None:
        host, port = site.url.split("/")[2].split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        body = json.dumps({"model": BASE, "messages": HELLO, "stream": stream, **more}).encode()
        head = f"POST /trainer/v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {KEY}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        self.call = received(site)
        self.seen = ""

    def read_until(self, text: str) -> str:
        """All that has come, once `text` is part of it."""
        while text not in self.seen:
            more = self.socket.recv(65536)
            assert more, self.seen
            self.seen += more.decode()
        return self.seen

    def has_nothing(self) -> bool:
        self.socket.settimeout(0.2)
        try:
            return not self.socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)


@pytest.mark.parametrize("stream", [False, True])
def test_no_status_is_sent_before_it_is_known(site: Site, stream: bool) -> None:
    client = Client(site, stream)
    client.call.send({"queue": 2}, {"queue": 0})
    assert client.has_nothing()

    client.call.send({"error": {"code": "out_of_memory", "message": "needs 9.0 GiB"}})
    answer = client.read_until("needs 9.0 GiB").lower()

    assert answer.startswith("http/1.1 503 ")
    assert "content-type: application/json" in answer
    assert "x-should-retry: false" in answer


def test_a_place_arrives_while_it_waits_and_a_refusal_after_it_ends_the_stream(site: Site) -> None:
    client = Client(site, stream=True, stream_options={"include_queue": True})
    client.call.send({"queue": 2})
    first = client.read_until('"queue": 2')
    client.call.send({"error": {"code": "out_of_memory", "message": "needs 9.0 GiB"}})

    assert first.startswith("HTTP/1.1 200 ")
    assert '"out_of_memory"' in client.read_until('data: {"error": ')


def test_pieces_arrive_one_by_one(site: Site) -> None:
    client = Client(site, stream=True)
    client.call.send({"queue": 0}, {"text": "눈이 "})
    first = client.read_until("눈이 ")
    client.call.send({"text": "온다."}, END)

    assert first.startswith("HTTP/1.1 200 ")
    assert "온다." not in first
    assert client.read_until("data: [DONE]").count('"finish_reason": "stop"') == 1


def test_a_stream_that_breaks_off_ends_with_an_error(site: Site) -> None:
    client = Client(site, stream=True)
    client.call.send({"text": "눈이 "})
    client.call.connection.close()

    assert '"server_error"' in client.read_until('data: {"error": ')
    assert "[DONE]" not in client.seen


@pytest.mark.parametrize("lines", [[], [{"queue": 1}], [{"queue": 0}, {"text": "눈이 "}]], ids=str)
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_is_left(site: Site, stream: bool, lines: list[Json]) -> None:
    client = Client(site, stream)
    client.call.send(*lines)
    if stream and len(lines) > 1:
        client.read_until("눈이 ")
    client.socket.close()

    assert client.call.is_left()


def test_pages_are_answered_while_many_wait(site: Site) -> None:
    """Those who wait hold no thread: there are 32."""
    waiting = [Client(site, stream=bool(number % 2)) for number in range(40)]
    answer = httpx2.get(f"{site.url}/models", headers={"authorization": f"Bearer {KEY}"}, timeout=PATIENCE)
    for client in waiting:
        client.call.send({"text": "snow"}, END)

    assert answer.status_code == 200
    assert all(client.read_until("snow").startswith("HTTP/1.1 200 ") for client in waiting)


# --- where the process listens ------------------------------------------------------------------------


def test_a_long_folder_has_its_socket_in_a_private_one(settings: Any, tmp_path: Path) -> None:
    settings.TRAINER_DIR = tmp_path / ("x" * 120)
    path = process.socket_path()

    assert len(os.fsencode(path)) <= process.LONGEST_PATH
    assert path.parent.stat().st_mode & 0o077 == 0
    assert process.socket_path() == path


def test_a_folder_that_others_may_write_to_is_not_used(settings: Any, tmp_path: Path) -> None:
    settings.TRAINER_DIR = tmp_path / ("x" * 120)
    process.socket_path().parent.chmod(0o777)

    with pytest.raises(WireError):
        process.socket_path()
