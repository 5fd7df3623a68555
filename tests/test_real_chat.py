"""Chat with real models, as far as it needs no torch: a stub stands where their process is."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.chat_stub import Stub, stub_process
from tests.engine.rows import KEY, STRANGER, put_base, put_tuned, put_worker

pytestmark = pytest.mark.django_db(transaction=True)

type Json = dict[str, Any]

BASE = "llama-small"
TUNED, CHECKPOINT = f"ft:{BASE}:team::run-1", f"ft:{BASE}:team::run-1:ckpt-step-3"
HELLO = [{"role": "user", "content": "안녕"}]
END = {"end": "stop", "prompt_tokens": 9, "completion_tokens": 2}


@pytest.fixture
def folder(settings: Any) -> Path:
    """A base and a finished job on it, without weights."""
    root = Path(settings.TRAINER_DIR)
    put_base(BASE)
    for step in (3, 6):
        (root / "runs" / "run-1" / "checkpoints" / f"step-{step}").mkdir(parents=True)
    put_worker()
    put_tuned("run-1", BASE, 6, {":ckpt-step-3": 3})
    return root


@pytest.fixture
def stub(settings: Any) -> Iterator[Stub]:
    with TemporaryDirectory() as short, stub_process(Path(short) / "s") as process:
        settings.TRAINER_SERVE = f"unix:{process.path}"
        process.lines = [{"queue": 0}, {"text": "눈이 "}, {"text": "온다."}, END]
        yield process


@pytest.fixture
def sdk(trainer: str, folder: Path) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=trainer, max_retries=0) as client:
        yield client


def ask(sdk: OpenAI, model: str = BASE, **more: Any) -> Any:
    return sdk.chat.completions.create(**{"model": model, "messages": HELLO, **more})


def test_an_answer_as_a_whole(sdk: OpenAI, stub: Stub) -> None:
    answer = ask(sdk)

    assert answer.model == BASE
    assert answer.choices[0].message.content == "눈이 온다."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.to_dict() == {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def test_an_answer_in_pieces(sdk: OpenAI, stub: Stub) -> None:
    chunks = list(ask(sdk, stream=True, stream_options={"include_usage": True}))

    deltas = [chunk.choices[0].delta.to_dict() for chunk in chunks[:-1]]
    assert deltas == [{"role": "assistant", "content": ""}, {"content": "눈이 "}, {"content": "온다."}, {}]
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, None, None, "stop"]
    assert chunks[-1].usage.total_tokens == 11
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize(("options", "places"), [({"include_queue": True}, [2, 1, 0]), ({}, [])], ids=str)
def test_a_stream_says_its_place_where_it_is_to(
    sdk: OpenAI, stub: Stub, options: dict[str, bool], places: list[int]
) -> None:
    stub.lines = [{"queue": 2}, {"queue": 2}, {"queue": 1}, {"queue": 0}, {"queue": 0}, {"text": "눈"}, END]

    chunks = [chunk.to_dict() for chunk in ask(sdk, stream=True, stream_options=options)]

    assert [chunk["queue"] for chunk in chunks if not chunk["choices"]] == places
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks if chunk["choices"]] == ["", "눈", None]


def test_a_text_is_continued(sdk: OpenAI, stub: Stub) -> None:
    whole = sdk.completions.create(model=BASE, prompt="첫눈", max_tokens=5)
    pieces = [
        chunk.choices[0].text for chunk in sdk.completions.create(model=BASE, prompt="첫눈", stream=True) if chunk.id
    ]

    assert whole.choices[0].text == "눈이 온다."
    assert [piece for piece in pieces if piece] == ["눈이 ", "온다."]
    assert [question["do"] for question in stub.questions] == ["complete", "complete"]
    assert stub.questions[0]["prompt"] == "첫눈"


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (BASE, None),
        (TUNED, "runs/run-1/checkpoints/step-6"),
        (CHECKPOINT, "runs/run-1/checkpoints/step-3"),
    ],
)
def test_each_model_has_its_own_folder(sdk: OpenAI, stub: Stub, folder: Path, model: str, weights: str | None) -> None:
    ask(sdk, model)

    assert stub.questions[0]["base"] == str(folder / "bases" / BASE)
    assert stub.questions[0]["weights"] == (weights and str(folder / weights))


def test_what_is_wanted_reaches_the_model(sdk: OpenAI, stub: Stub) -> None:
    ask(sdk, temperature=0.5, top_p=0.9, max_completion_tokens=7, seed=-3, stop="끝")
    ask(sdk, messages=[{"role": "developer", "content": [{"type": "text", "text": "짧게"}]}, *HELLO])

    names = ("temperature", "top_p", "max_tokens", "seed", "stop")
    assert [stub.questions[0][name] for name in names] == [0.5, 0.9, 7, -3, ["끝"]]
    assert [stub.questions[1][name] for name in names] == [1.0, 1.0, None, None, []]
    assert stub.questions[1]["messages"][0] == {"role": "system", "content": "짧게"}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"top_p": True}, "top_p"),
        ({"n": 2}, "n"),
        ({"seed": 1.5}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"stop": ["1", "2", "3", "4", "5"]}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"stop": 5}, "stop"),
        ({"stop": ["x" * 1001]}, "stop"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"messages": [{"role": "tool", "content": "5"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "a\x00"}]}, "messages[0]"),
    ],
    ids=str,
)
def test_what_a_real_model_cannot_do_is_refused(sdk: OpenAI, stub: Stub, change: Json, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        ask(sdk, **change)

    assert refusal.value.param == param
    assert stub.questions == []


@pytest.mark.parametrize("prompt", [["a", "b"], 5, [[1, 2]], None], ids=str)
def test_one_text_is_continued_at_a_time(sdk: OpenAI, stub: Stub, prompt: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        sdk.post("/completions", body={"model": BASE, "prompt": prompt}, cast_to=object)

    assert refusal.value.param == "prompt"


def test_simulated_models_chat_only(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="not supported in the v1/completions endpoint"):
        sdk.completions.create(model="sim-small", prompt="첫눈")


@pytest.mark.parametrize(
    "model",
    [
        "../../etc",
        "runs/run-1/checkpoints/step-3",
        f"{TUNED}/../../..",
        f"{TUNED}:ckpt-step-6",
        "ft:" + "x" * 5000,
        "llama-small.new",
        "'; DROP TABLE trainer_job; --",
    ],
)
def test_names_that_no_model_has(sdk: OpenAI, stub: Stub, model: str) -> None:
    for call in (ask, lambda sdk, model: sdk.completions.create(model=model, prompt="첫눈")):
        with pytest.raises(openai.NotFoundError):
            call(sdk, model)

    assert stub.questions == []


@pytest.mark.parametrize("model", [TUNED, CHECKPOINT])
def test_another_organization_s_models_are_not_there(trainer: str, folder: Path, stub: Stub, model: str) -> None:
    with OpenAI(api_key=STRANGER, base_url=trainer, max_retries=0) as stranger:
        with pytest.raises(openai.NotFoundError):
            ask(stranger, model)
        with pytest.raises(openai.NotFoundError):
            stranger.completions.create(model=model, prompt="첫눈")

    assert stub.questions == []


def test_an_open_key_reaches_no_real_model(trainer: str, folder: Path, stub: Stub) -> None:
    with OpenAI(api_key="trainer-made-up", base_url=trainer, max_retries=0) as anybody:
        for model in (BASE, TUNED):
            with pytest.raises(openai.NotFoundError):
                ask(anybody, model)

    assert stub.questions == []


def test_a_model_whose_weights_are_gone_is_not_there(sdk: OpenAI, stub: Stub, folder: Path) -> None:
    (folder / "runs" / "run-1" / "checkpoints" / "step-3").rmdir()

    with pytest.raises(openai.NotFoundError):
        ask(sdk, CHECKPOINT)


# --- what may go wrong with the process ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("rate_limit", 429, "rate_limit_exceeded"),
        ("context_length_exceeded", 400, "context_length_exceeded"),
        ("invalid_model", 500, "invalid_model"),
        ("out_of_memory", 503, "out_of_memory"),
        ("some new code", 500, "server_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refusals_of_the_process(sdk: OpenAI, stub: Stub, code: str, status: int, name: str, stream: bool) -> None:
    stub.lines = [{"queue": 3}, {"error": {"code": code, "message": "in plain words"}}]

    with pytest.raises(openai.APIStatusError) as refusal:
        ask(sdk, stream=stream)

    assert (refusal.value.status_code, refusal.value.code) == (status, name)
    assert "in plain words" in refusal.value.message


@pytest.mark.parametrize(
    "last", [[], [b'{"text": "half'], [{"error": {"code": "invalid_model", "message": "NaN"}}]], ids=str
)
def test_an_answer_that_breaks_off_is_no_answer(sdk: OpenAI, stub: Stub, last: list[Any]) -> None:
    stub.lines = [{"queue": 0}, {"text": "눈이 "}, *last]

    with pytest.raises(openai.InternalServerError):
        ask(sdk)


def test_a_process_that_closes_at_once_is_tried_twice(sdk: OpenAI, stub: Stub) -> None:
    stub.lines = []

    with pytest.raises(openai.InternalServerError) as refusal:
        ask(sdk)

    assert refusal.value.status_code == 503
    assert len(stub.questions) == 2


def test_nobody_at_the_given_address(sdk: OpenAI, settings: Any) -> None:
    settings.TRAINER_SERVE = "tcp://127.0.0.1:1"

    with pytest.raises(openai.InternalServerError, match="nothing answers at TRAINER_SERVE") as refusal:
        ask(sdk)

    assert refusal.value.status_code == 503


@pytest.mark.parametrize(
    ("python", "words"), [("/nonexistent/python", "is not installed"), ("/bin/false", "does not start")]
)
@pytest.mark.parametrize("stream", [False, True])
def test_without_its_environment_it_says_what_is_missing(
    sdk: OpenAI, settings: Any, python: str, words: str, stream: bool
) -> None:
    settings.TRAINER_PYTHON = python

    with pytest.raises(openai.InternalServerError, match=words) as refusal:
        ask(sdk, stream=stream)

    assert refusal.value.status_code == 503
