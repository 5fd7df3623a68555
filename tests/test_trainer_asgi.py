"""The trainer under uvicorn, as it really runs: streams arrive in pieces, a drop is a drop, uploads pass."""

import io
import json
import time
from collections.abc import Iterator

import httpx2
import openai
import pytest
from openai import OpenAI

from tests.serving import trainer_serving

LINE = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with trainer_serving(tmp_path_factory.mktemp("var")) as url:
        yield url


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


def in_pieces(size: int) -> Iterator[bytes]:
    """A multipart upload whose length nobody knows before its end."""
    yield b'--edge\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
    yield b'--edge\r\ncontent-disposition: form-data; name="file"; filename="d.jsonl"\r\n\r\n'
    yield from (LINE for _ in range(size // len(LINE)))
    yield b"\r\n--edge--\r\n"


def send_in_pieces(server: str, size: int) -> httpx2.Response:
    headers = {"authorization": "Bearer trainer-asgi", "content-type": "multipart/form-data; boundary=edge"}
    return httpx2.post(f"{server}/files", content=in_pieces(size), headers=headers, timeout=30)


def test_a_file_of_undeclared_length_is_taken(server: str, sdk: OpenAI) -> None:
    answer = send_in_pieces(server, 4_000_000)

    assert answer.status_code == 200
    assert sdk.files.content(answer.json()["id"]).read() == LINE * (4_000_000 // len(LINE))


def test_a_file_of_undeclared_length_has_the_same_limit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with trainer_serving(tmp_path_factory.mktemp("var"), UPLOAD_LIMIT="1000000") as server:
        answer = send_in_pieces(server, 4_000_000)

        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "content_too_large"
        assert httpx2.get(f"{server}/files", headers={"authorization": "Bearer trainer-asgi"}).json()["data"] == []


def test_a_json_body_of_undeclared_length_is_read(server: str) -> None:
    body = json.dumps({"model": "sim-small", "messages": [{"role": "user", "content": "Hello?"}]}).encode()
    headers = {"authorization": "Bearer trainer-asgi", "content-type": "application/json"}

    answer = httpx2.post(f"{server}/chat/completions", content=iter([body[:9], body[9:]]), headers=headers)

    assert answer.status_code == 200
