"""TRAINER_SERVE=vllm:…, against a stub that answers as vLLM's documentation says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.engine.rows import KEY, put_base, put_tuned, put_worker

pytestmark = pytest.mark.django_db(transaction=True)

type Json = dict[str, Any]

BASE, TUNED, WHOLE = "qwen3-0.6b", "ft:qwen3-0.6b:team::run-1", "ft:tiny:team::run-2"
HELLO = [{"role": "user", "content": "안녕"}]
USAGE = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


class Vllm(ThreadingHTTPServer):
    """Knows BASE, and whatever adapter it was handed. `calls` are path and body of each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.known, self.calls = {BASE}, list[tuple[str, Json]]()
        self.refusal: tuple[int, Json | str] | None = None
        self.breaks_off = False


class Handler(BaseHTTPRequestHandler):
    server: Vllm

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((self.path, body))
        if self.path == "/v1/load_lora_adapter":
            self.server.known.add(body["lora_name"])
            self.answer(200, "Success: LoRA adapter added successfully.")
        elif self.server.refusal:
            self.answer(*self.server.refusal)
        elif body["model"] not in self.server.known:
            self.answer(404, {"error": {"message": f"The model `{body['model']}` does not exist.", "code": 404}})
        else:
            self.stream("delta" if "chat" in self.path else "text")

    def answer(self, status: int, body: Json | str) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def stream(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for text, end in (("눈이 ", None), ("온다.", None), ("", "stop")):
            part = {"delta": {"content": text}} if kind == "delta" else {"text": text}
            self.send({"choices": [{"index": 0, **part, "finish_reason": end}]})
        if not self.server.breaks_off:
            self.send({"choices": [], "usage": USAGE})
            self.wfile.write(b"data: [DONE]\n\n")

    def send(self, chunk: Json) -> None:
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, *_arguments: object) -> None:
        """Prints nothing."""


@contextmanager
def serving() -> Iterator[Vllm]:
    with Vllm() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def vllm(settings: Any) -> Iterator[Vllm]:
    root = Path(settings.TRAINER_DIR)
    for base, run, weights in ((BASE, "run-1", "adapter_config.json"), ("tiny", "run-2", "config.json")):
        put_base(base)
        step = root / "runs" / run / "checkpoints" / "step-6"
        step.mkdir(parents=True)
        (step / weights).write_text("{}")
        put_tuned(run, base, 6, {})
    put_worker()
    with serving() as server:
        settings.TRAINER_SERVE = f"vllm:http://127.0.0.1:{server.server_port}"
        yield server


@pytest.fixture
def sdk(trainer: str, vllm: Vllm) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=trainer, max_retries=0) as client:
        yield client


def ask(sdk: OpenAI, model: str = BASE, **more: Any) -> Any:
    return sdk.chat.completions.create(**{"model": model, "messages": HELLO, **more})


def test_the_base_answers_at_once(sdk: OpenAI, vllm: Vllm) -> None:
    answer = ask(sdk, temperature=0.5, top_p=0.9, seed=3, stop=["끝"], max_tokens=20)

    assert answer.choices[0].message.content == "눈이 온다."
    assert (answer.choices[0].finish_reason, answer.usage.total_tokens) == ("stop", 6)
    ((path, body),) = vllm.calls
    assert path == "/v1/chat/completions"
    assert body == {
        "model": BASE,
        "messages": HELLO,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["끝"],
        "max_tokens": 20,
        "stream": True,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"enable_thinking": False},
    }


def test_an_adapter_is_handed_over_once(sdk: OpenAI, vllm: Vllm, settings: Any) -> None:
    said = [ask(sdk, TUNED).choices[0].message.content for _ in range(2)]

    chat, load = "/v1/chat/completions", "/v1/load_lora_adapter"
    folder = Path(settings.TRAINER_DIR) / "runs" / "run-1" / "checkpoints" / "step-6"
    assert said == ["눈이 온다."] * 2
    assert [path for path, _body in vllm.calls] == [chat, load, chat, chat]
    assert vllm.calls[1][1] == {"lora_name": TUNED, "lora_path": str(folder.resolve())}


def test_it_streams_texts_too(sdk: OpenAI, vllm: Vllm) -> None:
    stream = sdk.completions.create(model=BASE, prompt="첫눈", stream=True)

    assert [chunk.choices[0].text for chunk in stream] == ["눈이 ", "온다.", ""]
    assert vllm.calls[0][1]["prompt"] == "첫눈"
    assert "chat_template_kwargs" not in vllm.calls[0][1]


def test_whole_models_are_not_for_vllm(sdk: OpenAI, vllm: Vllm) -> None:
    with pytest.raises(openai.BadRequestError, match="serves adapters only"):
        ask(sdk, WHOLE)

    assert vllm.calls == []


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        ((400, {"error": {"message": "maximum context length"}}), 400, "maximum context length"),
        ((400, {"message": "of older versions"}), 400, "of older versions"),
        ((500, "Internal Server Error"), 503, "vLLM cannot answer: 500"),
        ((404, {"detail": "Not Found"}), 503, "vLLM cannot answer: 404"),
    ],
    ids=str,
)
def test_what_vllm_refuses(sdk: OpenAI, vllm: Vllm, refusal: tuple[int, Json | str], status: int, words: str) -> None:
    vllm.refusal = refusal

    with pytest.raises(openai.APIStatusError, match=words) as error:
        ask(sdk)

    assert error.value.status_code == status


def test_an_answer_that_breaks_off(sdk: OpenAI, vllm: Vllm) -> None:
    vllm.breaks_off = True

    with pytest.raises(openai.InternalServerError, match="ended in the middle"):
        ask(sdk)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://nowhere.invalid", "no address"])
def test_nobody_there(sdk: OpenAI, settings: Any, address: str) -> None:
    settings.TRAINER_SERVE = f"vllm:{address}"

    with pytest.raises(openai.InternalServerError, match="vLLM does not answer") as refusal:
        ask(sdk)

    assert refusal.value.status_code == 503
