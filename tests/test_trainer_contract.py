"""The official SDK talks to the trainer over HTTP, and every answer passes its own models, strictly.

The quirks below are what the real service does beside its own types. The wire in between undoes them one by one,
so that everything else must fit; a test of its own shows each of them raw.
"""

import base64
import io
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import httpx2
import openai
import pytest
import time_machine
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from pydantic import BaseModel, ValidationError
from pytest_django.live_server_helper import LiveServer

from tests.factories import preference_lines
from tests.strict_wire import QUIRKS, Undoing
from trainer.models import File

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
type Json = dict[str, Any]


@pytest.fixture
def wire() -> Iterator[Undoing]:
    transport = Undoing()
    yield transport
    transport.close()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sdk(live_server: LiveServer, wire: Undoing, clock: time_machine.Traveller) -> OpenAI:
    return OpenAI(
        api_key="trainer-contract",
        base_url=f"{live_server.url}/trainer/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=wire),
        _strict_response_validation=True,
    )


def lines(count: int) -> bytes:
    rows = [
        {"messages": [{"role": "user", "content": f"질문 {n}번"}, {"role": "assistant", "content": f"대답 {n}번"}]}
        for n in range(count)
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def upload(sdk: OpenAI, count: int = 60, name: str = "data.jsonl") -> str:
    return sdk.files.create(file=(name, io.BytesIO(lines(count))), purpose="fine-tune").id


def start_dpo(sdk: OpenAI, **settings: Any) -> str:
    file = sdk.files.create(file=("pairs.jsonl", io.BytesIO(preference_lines())), purpose="fine-tune")
    method: Any = {"type": "dpo", "dpo": {"hyperparameters": settings}}
    return sdk.fine_tuning.jobs.create(model="sim-small", training_file=file.id, seed=7, method=method).id


def start(sdk: OpenAI, **more: Any) -> str:
    return sdk.fine_tuning.jobs.create(model="sim-small", training_file=upload(sdk), seed=7, **more).id


def test_files(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    first = sdk.files.create(file=("a.jsonl", io.BytesIO(lines(10))), purpose="fine-tune")
    clock.shift(1)
    second = sdk.files.create(file=("b.txt", io.BytesIO(b"hello")), purpose="user_data")

    assert [file.id for file in sdk.files.list()] == [second.id, first.id]
    assert [file.id for file in sdk.files.list(order="asc", limit=1)] == [first.id, second.id]
    assert [file.id for file in sdk.files.list(after=second.id)] == [first.id]
    assert [file.id for file in sdk.files.list(purpose="user_data")] == [second.id]
    assert sdk.files.retrieve(first.id) == first
    assert (first.filename, first.bytes, first.created_at) == ("a.jsonl", len(lines(10)), int(START.timestamp()))
    assert sdk.files.content(first.id).read() == lines(10)
    assert sdk.files.delete(second.id).deleted is True
    assert [file.id for file in sdk.files.list()] == [first.id]
    with pytest.raises(openai.NotFoundError):
        sdk.files.retrieve(second.id)


def test_a_files_expiry(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    file = sdk.files.create(
        file=("a.jsonl", io.BytesIO(lines(10))),
        purpose="fine-tune",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert file.expires_at == int(START.timestamp()) + 3600
    clock.shift(3601)
    assert list(sdk.files.list()) == []


def test_an_upload_stays_when_the_clock_is_set_back(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    file = upload(sdk)
    clock.shift(-5)

    assert [found.id for found in sdk.files.list()] == [file]
    assert sdk.fine_tuning.jobs.create(model="sim-small", training_file=file).training_file == file


def test_what_was_done_to_a_job_stays_done_when_the_clock_is_set_back(
    sdk: OpenAI, clock: time_machine.Traveller
) -> None:
    job_id = start(sdk)
    clock.shift(1)
    sdk.fine_tuning.jobs.cancel(job_id)
    told = [event.id for event in sdk.fine_tuning.jobs.list_events(job_id)]
    clock.shift(-5)

    assert sdk.fine_tuning.jobs.retrieve(job_id).status == "cancelled"
    assert [event.id for event in sdk.fine_tuning.jobs.list_events(job_id)] == told != []


def test_the_life_of_a_job(sdk: OpenAI, clock: time_machine.Traveller, wire: Undoing) -> None:
    job_id = start(sdk, suffix="봄", metadata={"texthelper_job": "42"})
    jobs = sdk.fine_tuning.jobs
    fresh = jobs.retrieve(job_id)
    assert (fresh.status, fresh.model, fresh.seed) == ("validating_files", "sim-small-2026-06-01", 7)
    assert fresh.hyperparameters.n_epochs == "auto"
    assert fresh.metadata == {"texthelper_job": "42"}
    assert (fresh.fine_tuned_model, fresh.trained_tokens, fresh.estimated_finish) == (None, None, None)
    assert fresh.model_extra is not None
    assert fresh.model_extra["user_provided_suffix"] == "봄"

    clock.shift(3)
    assert jobs.retrieve(job_id).status == "queued"
    assert jobs.retrieve(job_id).hyperparameters.n_epochs == 3

    clock.shift(10)
    running = jobs.retrieve(job_id)
    assert (running.status, running.estimated_finish) == ("running", int(START.timestamp()) + 30)

    clock.shift(17)
    done = jobs.retrieve(job_id)
    assert (done.status, done.finished_at) == ("succeeded", int(START.timestamp()) + 30)
    assert done.fine_tuned_model is not None
    assert done.fine_tuned_model.startswith("ft:sim-small-2026-06-01:simulated:봄:")
    assert done.trained_tokens == 3 * File.objects.get(uid=done.training_file).tokens
    assert wire.met == {"error is {} on a healthy job"}


def test_the_life_of_a_dpo_job(sdk: OpenAI, clock: time_machine.Traveller, wire: Undoing) -> None:
    job_id = start_dpo(sdk, beta=0.3, batch_size=20)
    jobs = sdk.fine_tuning.jobs
    method = jobs.retrieve(job_id).method
    assert method is not None
    assert method.type == "dpo"
    assert method.dpo is not None
    assert method.dpo.hyperparameters is not None
    assert method.dpo.hyperparameters.to_dict() == {
        "n_epochs": "auto",
        "batch_size": 20,
        "learning_rate_multiplier": "auto",
        "beta": 0.3,
    }

    clock.shift(35)
    done = jobs.retrieve(job_id)
    points = [event.data for event in jobs.list_events(job_id) if event.type == "metrics"]
    [result] = done.result_files
    answer = sdk.chat.completions.create(
        model=str(done.fine_tuned_model), messages=[{"role": "user", "content": "눈, 골목 37"}]
    )

    assert done.status == "succeeded"
    assert done.trained_tokens == 3 * File.objects.get(uid=done.training_file).tokens
    assert {name for point in points for name in point} == {"step", "total_steps", "train_loss"}  # type: ignore[attr-defined]
    assert len(points) == 9
    assert base64.b64decode(sdk.files.content(result).read()).decode().splitlines()[1].endswith(",,,")
    assert answer.choices[0].message.content == "37번째 골목에 눈이 소리 없이 쌓였다."
    assert wire.met == {"error is {} on a healthy job", "hyperparameters are null for a DPO job"}


def test_events_and_checkpoints(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    valid = upload(sdk, 12, "valid.jsonl")
    job_id = start(sdk, validation_file=valid, hyperparameters={"n_epochs": 4, "batch_size": 6})
    clock.shift(60)
    job = sdk.fine_tuning.jobs.retrieve(job_id)

    newest_first = list(sdk.fine_tuning.jobs.list_events(job_id, limit=7))
    told = [event for event in reversed(newest_first) if event.type == "message"]
    points = [event for event in reversed(newest_first) if event.type == "metrics"]

    kept = list(sdk.fine_tuning.jobs.checkpoints.list(job_id, limit=2))
    assert [checkpoint.step_number for checkpoint in kept] == [40, 30, 20]
    assert [event.message for event in told if "step 10 " not in event.message] == [
        f"Created fine-tuning job: {job_id}",
        f"Validating training file: {job.training_file} and validation file: {valid}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        f"Checkpoint created at step 20 with Snapshot ID: {kept[2].fine_tuned_model_checkpoint}",
        f"Checkpoint created at step 30 with Snapshot ID: {kept[1].fine_tuned_model_checkpoint}",
        f"New fine-tuned model created: {job.fine_tuned_model}",
        "The job has successfully completed",
    ]
    assert [event.data for event in told if event.message == "Fine-tuning job started"] == [None]
    assert [point.data["step"] for point in points] == list(range(1, 41))  # type: ignore[index]
    assert len({event.id for event in newest_first}) == len(newest_first)
    assert kept[0].fine_tuned_model_checkpoint.endswith(":ckpt-step-40")
    assert kept[0].metrics.full_valid_loss is not None
    assert kept[0].metrics.step == 40


def test_the_result_file_is_base64_of_a_csv(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    job_id = start(sdk, hyperparameters={"n_epochs": 1, "batch_size": 20})
    clock.shift(30)
    [result] = sdk.fine_tuning.jobs.retrieve(job_id).result_files
    raw = sdk.files.content(result).read()
    file = sdk.files.retrieve(result)
    rows = base64.b64decode(raw).decode().splitlines()
    assert rows[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "2", "3"]
    assert (file.purpose, file.bytes, file.created_at) == ("fine-tune-results", len(raw), int(START.timestamp()) + 30)
    assert [each.id for each in sdk.files.list(purpose="fine-tune-results")] == [result]


def test_the_list_of_jobs(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    ids = []
    for number in range(3):
        ids.append(start(sdk, metadata={"a[b]": str(number % 2), "all": "yes"}))
        clock.shift(1)
    plain = start(sdk)
    jobs = sdk.fine_tuning.jobs
    assert [job.id for job in jobs.list(limit=2)] == [plain, *reversed(ids)]
    assert [job.id for job in jobs.list(after=ids[1])] == [ids[0]]
    assert [job.id for job in jobs.list(metadata={"a[b]": "0"})] == [ids[2], ids[0]]
    assert [job.id for job in jobs.list(metadata={"a[b]": "1", "all": "yes"})] == [ids[1]]
    assert [job.id for job in jobs.list(metadata={"all": "no"})] == []
    assert [job.id for job in jobs.list(extra_query={"metadata": "null"})] == [plain]


def test_cancel_pause_resume(sdk: OpenAI, clock: time_machine.Traveller, wire: Undoing) -> None:
    jobs, job_id = sdk.fine_tuning.jobs, start(sdk)
    clock.shift(10)
    jobs.pause(job_id)
    assert wire.met == {"error is {} on a healthy job", "status may be paused"}
    clock.shift(600)
    assert jobs.resume(job_id).status == "queued"
    clock.shift(2)
    assert jobs.retrieve(job_id).status == "running"
    clock.shift(19)
    assert jobs.retrieve(job_id).status == "running"
    clock.shift(1)
    assert jobs.retrieve(job_id).status == "succeeded"
    for act in (jobs.cancel, jobs.pause, jobs.resume):
        with pytest.raises(openai.BadRequestError) as refusal:
            act(job_id)
        assert refusal.value.type == "invalid_request_error"

    second = start(sdk)
    clock.shift(20)
    cancelled = jobs.cancel(second)
    assert (cancelled.status, cancelled.fine_tuned_model) == ("cancelled", None)
    assert cancelled.finished_at == int(START.timestamp()) + 652
    clock.shift(600)
    assert jobs.retrieve(second) == cancelled
    assert next(event.message for event in jobs.list_events(second, limit=1)) == "Fine-tuning job cancelled"


def test_models(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    bases = ["sim-small-2026-06-01", "sim-large-2026-06-01", "sim-old-2025-01-01"]
    assert [model.id for model in sdk.models.list()] == bases
    assert sdk.models.retrieve("sim-old").shutdown_date == "2027-01-14"
    assert sdk.models.retrieve("sim-small").owned_by == "trainer"
    job_id = start(sdk)
    clock.shift(30)
    name = str(sdk.fine_tuning.jobs.retrieve(job_id).fine_tuned_model)
    with pytest.raises(openai.NotFoundError):  # warming up
        sdk.models.retrieve(name)
    clock.shift(5)
    assert sdk.models.retrieve(name).created == int(START.timestamp()) + 35
    assert len(list(sdk.models.list())) == 3 + 1 + 3
    assert sdk.models.delete(name).deleted is True
    with pytest.raises(openai.NotFoundError) as gone:
        sdk.chat.completions.create(model=name, messages=[{"role": "user", "content": "?"}])
    assert gone.value.code == "model_not_found"
    with pytest.raises(openai.PermissionDeniedError):
        sdk.models.delete("sim-small")


def test_a_base_that_was_shut_down(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    clock.move_to(datetime(2027, 1, 14, tzinfo=UTC))
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("sim-old")
    with pytest.raises(openai.BadRequestError) as refusal:
        sdk.fine_tuning.jobs.create(model="sim-old", training_file=upload(sdk))
    assert (refusal.value.code, refusal.value.param) == ("model_not_available", "model")


def test_chat(sdk: OpenAI, clock: time_machine.Traveller) -> None:
    job_id = start(sdk)
    clock.shift(35)
    name = str(sdk.fine_tuning.jobs.retrieve(job_id).fine_tuned_model)
    [checkpoint, *_] = sdk.fine_tuning.jobs.checkpoints.list(job_id)
    for model in (name, checkpoint.fine_tuned_model_checkpoint):
        answer = sdk.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "질문 37번"}], temperature=0.2
        )
        assert answer.choices[0].message.content == "대답 37번"
        assert (answer.model, answer.choices[0].finish_reason) == (model, "stop")
        assert answer.usage is not None
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
def test_a_streamed_chat(sdk: OpenAI) -> None:
    with sdk.chat.completions.create(
        model="sim-large",
        messages=[{"role": "user", "content": "안녕하세요?"}],
        max_completion_tokens=30,
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        *chunks, last = list(stream)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said.startswith("저는 시뮬레이션된 기반 모델 sim-large-2026-06-01입니다.")
    assert len(chunks) > 5
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "length"]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 30


@pytest.mark.parametrize("quirk", QUIRKS)
def test_each_quirk_is_one(live_server: LiveServer, clock: time_machine.Traveller, quirk: str) -> None:
    """With the other quirks undone the SDK's own types still refuse each of them, so each exception is needed."""
    with OpenAI(api_key="trainer-fault.moderation-quirks", base_url=f"{live_server.url}/trainer/v1") as loose:
        jobs = loose.fine_tuning.jobs
        job_id = start_dpo(loose) if "DPO" in quirk else start(loose)
        if quirk == "an event may be moderation_checks":
            clock.shift(30)
            things = json.loads(jobs.with_raw_response.list_events(job_id).text)["data"]
        else:
            act = jobs.with_raw_response.pause if quirk == "status may be paused" else jobs.with_raw_response.retrieve
            things = [json.loads(act(job_id).text)]
    types: dict[str, type[BaseModel]] = {"fine_tuning.job": FineTuningJob, "fine_tuning.job.event": FineTuningJobEvent}
    for thing in things:
        [undo(thing) for name, undo in QUIRKS.items() if name != quirk]
    odd = [thing for thing in things if QUIRKS[quirk](deepcopy(thing))]
    with pytest.raises(ValidationError):
        types[odd[0]["object"]].model_validate(odd[0])
    QUIRKS[quirk](odd[0])
    types[odd[0]["object"]].model_validate(odd[0])
