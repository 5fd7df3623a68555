"""The process that answers for real models, as the API talks to it."""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.engine.chatting import (
    BASE,
    FIRST,
    OTHER,
    PLAIN,
    SECOND,
    TINY,
    WHOLE,
    Json,
    collect,
    make_models,
    question,
    text_of,
)
from trainer.engines.chat import process
from trainer.engines.chat.lines import BROKE_OFF, lines
from wire.errors import WireError

pytestmark = pytest.mark.engine
PATIENCE = 60  # seconds

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield make_models(tmp_path_factory.mktemp("trainer"))
    for started in process._started:
        started.kill()


@pytest.fixture(autouse=True)
def _here(root: Path, settings: Any) -> None:
    settings.TRAINER_DIR = root


def refused(body: Json) -> WireError:
    with pytest.raises(WireError) as refusal:
        collect(body)
    return refusal.value


def endless(root: Path, **more: Any) -> Json:
    """Thousands of tokens, if nobody stops them."""
    body = question(root, base=PLAIN, temperature=1, seed=1, max_tokens=4000, **more)
    return {**body, "do": "complete", "prompt": "눈이"}


async def first_text(answer: AsyncIterator[Json]) -> Json:
    return await anext(line async for line in answer if "text" in line)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def running() -> psutil.Process:
    return psutil.Process(process._started[0].pid)


# --- what it answers ----------------------------------------------------------------------------------


def test_base_and_every_checkpoint_answer_in_their_own_way(root: Path) -> None:
    before = text_of(collect(question(root)))
    tuned = [text_of(collect(question(root, weights=weights))) for weights in (FIRST, SECOND, OTHER)]
    whole = text_of(collect(question(root, base=TINY, weights=WHOLE)))

    assert len({before, whole, *tuned}) == 5
    assert text_of(collect(question(root))) == before
    assert [text_of(collect(question(root, weights=weights))) for weights in (FIRST, SECOND, OTHER)] == tuned


def test_the_same_seed_says_the_same(root: Path) -> None:
    said = [text_of(collect(question(root, temperature=1, seed=seed))) for seed in (1, 1, 2)]

    assert said[0] == said[1] != said[2]


def test_without_a_seed_it_varies(root: Path) -> None:
    assert len({text_of(collect(question(root, temperature=1))) for _ in range(4)}) > 1


def test_top_p_0_is_the_likeliest(root: Path) -> None:
    assert text_of(collect(question(root, temperature=1, top_p=0))) == text_of(collect(question(root)))


def test_it_counts_and_says_why_it_ended(root: Path) -> None:
    end = collect(question(root, max_tokens=5))[-1]

    assert end == {"end": "length", "prompt_tokens": 9, "completion_tokens": 5}


def test_it_ends_at_a_stop_string_and_does_not_say_it(root: Path) -> None:
    whole = text_of(collect(endless(root) | {"max_tokens": 60}))
    stop = whole[20:23]
    found = collect(endless(root, stop=["never said", stop]) | {"max_tokens": 60})

    assert text_of(found) == whole[: whole.index(stop)]
    assert found[-1]["end"] == "stop"
    assert found[-1]["completion_tokens"] < 60


def test_it_ends_where_the_context_is_full(root: Path) -> None:
    end = collect(endless(root) | {"prompt": "눈" * 1350})[-1]

    assert end == {
        "end": "length",
        "prompt_tokens": end["prompt_tokens"],
        "completion_tokens": 4096 - end["prompt_tokens"],
    }


def test_a_prompt_beyond_the_context_is_refused(root: Path) -> None:
    refusal = refused(question(root, content="가" * 3000))

    assert (refusal.status, refusal.code) == (400, "context_length_exceeded")


def test_a_base_without_a_template_completes_only(root: Path) -> None:
    assert refused(question(root, base=PLAIN)).code == "no_chat_template"
    assert text_of(collect(endless(root) | {"max_tokens": 30}))


def test_a_base_that_has_no_weights_yet(root: Path) -> None:
    assert refused(question(root, base=TINY)).code == "model_not_trained"


# --- several at once, and some that leave -------------------------------------------------------------


def test_two_at_once_one_after_the_other_each_its_own(root: Path) -> None:
    async def both() -> list[list[Json]]:
        asked = (endless(root) | {"max_tokens": 100}, question(root, weights=FIRST))
        return await asyncio.gather(*(all_of(body) for body in asked))

    async def all_of(body: Json) -> list[Json]:
        return [line async for line in lines(body)]

    alone = text_of(collect(question(root, weights=FIRST)))
    long, short = asyncio.run(both())

    assert [line["queue"] for line in short if "queue" in line][:2] == [1, 0]
    assert text_of(short) == alone
    assert long[-1]["completion_tokens"] == 100


def test_too_many_are_refused_and_the_others_answered(root: Path) -> None:
    async def many() -> list[Any]:
        return await asyncio.gather(*(last(question(root, max_tokens=2)) for _ in range(20)), return_exceptions=True)

    async def last(body: Json) -> Json:
        return [line async for line in lines(body)][-1]

    ends = asyncio.run(many())

    assert sum(isinstance(end, dict) for end in ends) == 17
    assert [(end.status, end.headers) for end in ends if not isinstance(end, dict)] == [(429, {"Retry-After": "5"})] * 3


def test_nothing_is_computed_for_someone_who_left(root: Path) -> None:
    async def leave() -> float:
        async with aclosing(lines(endless(root))) as answer:
            await first_text(answer)
        began = time.monotonic()
        async with aclosing(lines(question(root))) as answer:
            await first_text(answer)
        return time.monotonic() - began

    began = time.monotonic()
    tokens = collect(endless(root) | {"max_tokens": 500})[-1]["completion_tokens"]
    whole = (time.monotonic() - began) * 4000 / tokens

    assert asyncio.run(leave()) < whole / 4


# --- what goes wrong ----------------------------------------------------------------------------------


def test_a_process_that_is_killed_ends_the_answer_and_is_started_again(root: Path) -> None:
    async def killed() -> None:
        async for line in lines(endless(root)):
            if "text" in line:
                running().kill()

    before = text_of(collect(question(root)))
    with pytest.raises(WireError) as refusal:
        asyncio.run(killed())

    assert refusal.value.message == BROKE_OFF
    assert text_of(collect(question(root))) == before


def without_one_tensor(data: bytes) -> bytes:
    """A safetensors file that is whole, but lacks its last tensor."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensors = {name: about for name, about in header.items() if name != "__metadata__"}
    last = max(tensors, key=lambda name: tensors[name]["data_offsets"][1])
    end = header.pop(last)["data_offsets"][0]
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + data[8 + length : 8 + length + end]


@pytest.mark.parametrize("part", ["half", "empty", "partly", "another"])
def test_damaged_adapters_end_their_own_answers_only(root: Path, part: str) -> None:
    damaged = root / "runs" / f"damaged-{part}" / "checkpoints" / "step-1"
    shutil.copytree(root / FIRST, damaged)
    weights = damaged / "adapter_model.safetensors"
    if part == "another":
        config = json.loads((damaged / "adapter_config.json").read_text())
        (damaged / "adapter_config.json").write_text(json.dumps(config | {"target_modules": ["c_attn"]}))
    else:
        whole = weights.read_bytes()
        weights.write_bytes({"half": whole[:3000], "empty": b"", "partly": without_one_tensor(whole)}[part])
    before = text_of(collect(question(root)))

    refusal = refused(question(root, weights=str(damaged.relative_to(root))))

    assert (refusal.status, refusal.code) == (500, "invalid_model")
    assert refusal.headers == {"x-should-retry": "false"}
    assert text_of(collect(question(root))) == before


def test_an_adapter_with_a_pickle_instead_of_weights(root: Path) -> None:
    damaged = root / "runs" / "pickle" / "checkpoints" / "step-1"
    shutil.copytree(root / FIRST, damaged)
    (damaged / "adapter_model.safetensors").rename(damaged / "adapter_model.bin")

    assert refused(question(root, weights="runs/pickle/checkpoints/step-1")).code == "invalid_model"


def test_a_template_that_never_ends(root: Path) -> None:
    slow = root / "bases" / "slow"
    shutil.copytree(root / BASE, slow)
    (slow / "chat_template.jinja").write_text(ENDLESS)

    assert refused(question(root, base="bases/slow")).message == "The model's chat template does not come to an end."
    assert text_of(collect(question(root)))


def test_a_deleted_model_is_not_remembered(root: Path) -> None:
    gone = root / "runs" / "gone" / "checkpoints" / "step-1"
    shutil.copytree(root / FIRST, gone)
    assert text_of(collect(question(root, weights="runs/gone/checkpoints/step-1")))
    shutil.rmtree(gone)

    assert refused(question(root, weights="runs/gone/checkpoints/step-1")).code == "model_not_trained"


@pytest.mark.parametrize(
    "change",
    [
        {"weights": "/etc"},
        {"base": "../../../etc"},
        {"base": 5},
        {"messages": "hello"},
        {"messages": [None]},
        {"do": "train"},
        {"temperature": "warm"},
        {"max_tokens": []},
    ],
    ids=str,
)
def test_what_is_no_order_is_refused(root: Path, change: Json) -> None:
    assert refused(question(root) | change).status == 400


# --- when it ends -------------------------------------------------------------------------------------


def test_it_ends_after_the_one_who_started_it(root: Path) -> None:
    collect(question(root))
    first, pipe = running(), process._started[0].stdin
    assert pipe
    pipe.close()
    wait_for(lambda: not first.is_running())

    assert text_of(collect(question(root)))
    assert running().pid != first.pid


def test_it_ends_when_nobody_has_come_for_a_while(root: Path, settings: Any) -> None:
    settings.TRAINER_CHAT_IDLE = 0.5
    collect(question(root))
    running().send_signal(signal.SIGTERM)
    wait_for(lambda: not (root / "chat.sock").exists())
    collect(question(root))
    resting = running()
    wait_for(lambda: not resting.is_running())

    assert not (root / "chat.sock").exists()
    assert text_of(collect(question(root)))


def test_its_socket_is_for_this_user_alone(root: Path) -> None:
    collect(question(root))

    assert os.stat(root / "chat.sock").st_mode & 0o077 == 0
    assert not {"SECRET_KEY", "DATABASE_URL"} & set(running().environ())
