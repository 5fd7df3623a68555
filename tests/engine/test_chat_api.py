"""Real models through the API as it really runs: uvicorn, both kinds of SDK clients, a chat process with torch."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import psutil
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.engine.chatting import BASE, ROOT, make_models
from tests.engine.rows import KEY, STRANGER
from tests.serving import trainer_serving

pytestmark = pytest.mark.engine

SMALL, ENDLESS, BROKEN, TINY = "llama-small", "plain-small", "broken", "tiny"
TUNED, CHECKPOINT = f"ft:{SMALL}:team::r1", f"ft:{SMALL}:team::r1:ckpt-step-3"
OTHER, WHOLE = f"ft:{SMALL}:team::r2", f"ft:{TINY}:team::whole"
HELLO = [{"role": "user", "content": "안녕"}]
ROWS = """
from tests.engine.rows import put_tuned, put_worker
put_worker()
put_tuned("r1", "llama-small", 6, {":ckpt-step-3": 3})
put_tuned("r2", "llama-small", 6, {})
put_tuned("whole", "tiny", 9, {})
"""


@dataclass
class Site:
    url: str
    root: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("var")
    root = make_models(var / "trainer")
    broken = root / "bases" / BROKEN
    shutil.copytree(root / BASE, broken)
    about = json.loads((broken / "base.json").read_text())
    (broken / "base.json").write_text(json.dumps(about | {"name": BROKEN}))
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:9000])
    with trainer_serving(var, TRAINER_DIR=str(root)) as url:
        given = os.environ | {"VAR_DIR": str(var), "DATABASE_URL": f"sqlite:///{var / 'db.sqlite3'}", "REDIS_URL": ""}
        subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", ROWS], cwd=ROOT, env=given, check=True
        )
        yield Site(url, root)
        process = chat_process(root)
    psutil.wait_procs([process], 30)
    assert not process.is_running(), "it outlives the server that started it"


def chat_process(root: Path) -> psutil.Process:
    socket = f"unix:{root.resolve()}/chat.sock"
    return next(one for one in psutil.process_iter(["cmdline"]) if socket in (one.info["cmdline"] or []))


@pytest.fixture
def sdk(site: Site) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=site.url, max_retries=0, timeout=120) as client:
        yield client


def settings_for(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": HELLO, "temperature": 0, "max_tokens": 12, **more}


def whole(sdk: OpenAI, model: str, **more: Any) -> str:
    return str(sdk.chat.completions.create(**settings_for(model, **more)).choices[0].message.content)


def streamed(sdk: OpenAI, model: str, **more: Any) -> str:
    with closing(sdk.chat.completions.create(**settings_for(model, **more), stream=True)) as stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def endless(sdk: OpenAI, tokens: int = 4000) -> Any:
    return sdk.completions.create(model=ENDLESS, prompt="눈이", seed=1, max_tokens=tokens, stream=True)


def test_every_model_answers_whole_and_streamed(sdk: OpenAI) -> None:
    models = (SMALL, TUNED, CHECKPOINT, OTHER, WHOLE)
    said = {model: whole(sdk, model) for model in models}

    assert len(set(said.values())) == len(models)
    assert {model: streamed(sdk, model) for model in models} == said


def test_the_list_and_the_answers_agree(sdk: OpenAI) -> None:
    listed = {model.id for model in sdk.models.list()}

    assert {SMALL, ENDLESS, TUNED, CHECKPOINT, OTHER, WHOLE} <= listed


def test_a_stream_is_counted_and_repeatable(sdk: OpenAI) -> None:
    options = settings_for(TUNED, temperature=1.2, seed=5, max_tokens=6)
    chunks = list(sdk.chat.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    again = sdk.chat.completions.create(**options)

    assert chunks[-1].usage == again.usage
    assert chunks[-2].choices[0].finish_reason == again.choices[0].finish_reason
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == again.choices[0].message.content


def test_two_clients_at_once(site: Site, sdk: OpenAI) -> None:
    alone = {model: whole(sdk, model) for model in (TUNED, OTHER)}

    async def both() -> list[str]:
        async with AsyncOpenAI(api_key=KEY, base_url=site.url, max_retries=0, timeout=120) as client:
            return await asyncio.gather(*(one(client, model) for model in (TUNED, OTHER) * 2))

    async def one(client: AsyncOpenAI, model: str) -> str:
        stream = await client.chat.completions.create(**settings_for(model), stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(both()) == [alone[TUNED], alone[OTHER]] * 2


def test_a_client_that_leaves_is_not_worked_for(sdk: OpenAI) -> None:
    began = time.monotonic()
    assert list(endless(sdk, 400))
    all_of_it = (time.monotonic() - began) * 10
    stream = endless(sdk)
    next(stream)
    stream.close()

    began = time.monotonic()
    assert whole(sdk, SMALL)
    assert time.monotonic() - began < all_of_it / 4


@pytest.mark.parametrize("stream", [False, True])
def test_damaged_weights_are_an_error_before_the_first_byte(sdk: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.InternalServerError) as refusal:
        sdk.chat.completions.create(**settings_for(BROKEN), stream=stream)

    assert (refusal.value.status_code, refusal.value.code) == (500, "invalid_model")
    assert whole(sdk, SMALL)


@pytest.mark.parametrize(
    ("model", "content", "code"),
    [
        (SMALL, "가" * 3000, "context_length_exceeded"),
        (ENDLESS, "가", "no_chat_template"),
        (TINY, "가", "model_not_trained"),
    ],
)
def test_what_a_model_cannot_answer(sdk: OpenAI, model: str, content: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        sdk.chat.completions.create(**settings_for(model, messages=[{"role": "user", "content": content}]), stream=True)

    assert refusal.value.code == code


def test_another_organization_sees_none_of_it(site: Site) -> None:
    with OpenAI(api_key=STRANGER, base_url=site.url, max_retries=0) as stranger:
        for model in (TUNED, CHECKPOINT, WHOLE):
            with pytest.raises(openai.NotFoundError):
                stranger.chat.completions.create(**settings_for(model), stream=True)


def test_a_killed_process_ends_the_stream_and_the_next_question_is_answered(site: Site, sdk: OpenAI) -> None:
    before = whole(sdk, TUNED)
    stream = endless(sdk)
    next(stream)
    chat_process(site.root).kill()

    with pytest.raises(openai.APIError, match="ended in the middle of the answer"):
        list(stream)
    assert whole(sdk, TUNED) == before
