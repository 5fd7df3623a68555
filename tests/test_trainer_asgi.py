"""The trainer under uvicorn, as it really runs: streams arrive in pieces, a drop is a drop, uploads pass."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest
from openai import OpenAI

ROOT = Path(__file__).resolve().parent.parent
LINE = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A uvicorn of its own with a database of its own."""
    var = tmp_path_factory.mktemp("var")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"VAR_DIR": str(var), "PORT": str(port), "LOG_LEVEL": "CRITICAL"}
    environment |= {"DATABASE_URL": f"sqlite:///{var / 'db.sqlite3'}", "REDIS_URL": "", "DEBUG": "true"}
    migrate = [sys.executable, "manage.py", "migrate", "-v0", "trainer"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    serve = [sys.executable, "-m", "uvicorn", "ftsite.asgi:application", "--port", str(port), "--log-level", "critical"]
    process = subprocess.Popen(serve, cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}/trainer/v1"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(url)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("uvicorn did not come up")


@pytest.fixture
def sdk(server: str) -> Iterator[OpenAI]:
    with OpenAI(api_key="trainer-asgi", base_url=server, max_retries=0) as client:
        yield client


def test_a_stream_arrives_while_it_is_said(sdk: OpenAI) -> None:
    began = time.monotonic()
    stream = sdk.chat.completions.create(
        model="sim-small", messages=[{"role": "user", "content": "Hello?"}], stream=True
    )
    arrivals = [time.monotonic() - began for _ in stream]
    assert len(arrivals) > 8
    # in one piece they would all arrive at once; the trainer pauses between words
    assert arrivals[-1] - arrivals[0] > 0.1


@pytest.mark.parametrize(("side", "made"), [("before", 0), ("after", 1)])
def test_a_dropped_connection(server: str, side: str, made: int) -> None:
    key = f"trainer-fault.drop-{side}-{side}"
    with OpenAI(api_key=key, base_url=server, max_retries=0, timeout=10) as sdk:
        file = sdk.files.create(file=("d.jsonl", io.BytesIO(LINE * 12)), purpose="fine-tune")
        with pytest.raises(openai.APIConnectionError) as lost:
            sdk.fine_tuning.jobs.create(model="sim-small", training_file=file.id)
        assert lost.type is openai.APIConnectionError
        assert len(list(sdk.fine_tuning.jobs.list())) == made


def test_a_file_comes_back_byte_for_byte(sdk: OpenAI) -> None:
    data = LINE * 50_000  # 4 MB: beyond what Django keeps in memory
    file = sdk.files.create(file=("d.jsonl", io.BytesIO(data)), purpose="fine-tune")
    assert file.bytes == len(data)
    assert sdk.files.content(file.id).read() == data
