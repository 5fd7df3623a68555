"""Every scripted fault, met by the real SDK over HTTP. What happened at the far side is counted in rows."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import openai
import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from openai import OpenAI
from pytest_django.live_server_helper import LiveServer

from trainer.faults import hashed, split_key
from trainer.models import FaultUse, Job

LINE = {"messages": [{"role": "user", "content": "봄"}, {"role": "assistant", "content": "꽃"}]}
DATA = "".join(json.dumps(LINE, ensure_ascii=False) + "\n" for _ in range(12)).encode()

type Dial = Callable[[str], OpenAI]


@pytest.fixture
def dial(live_server: LiveServer) -> Iterator[Dial]:
    """A client with that key; no retries, so that one call is one request."""
    clients: list[OpenAI] = []

    def connect(key: str) -> OpenAI:
        url = f"{live_server.url}/trainer/v1"
        clients.append(OpenAI(api_key=key, base_url=url, max_retries=0, timeout=5))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def create(sdk: OpenAI, **more: Any) -> Any:
    with closing(io.BytesIO(DATA)) as data:
        file = sdk.files.create(file=("d.jsonl", data), purpose="fine-tune")
    return sdk.fine_tuning.jobs.create(model="sim-small", training_file=file.id, **more)


@pytest.mark.parametrize(
    ("fault", "error", "made"),
    [
        ("500-before", openai.InternalServerError, 0),
        ("500-after", openai.InternalServerError, 1),
        ("drop-before", openai.APIConnectionError, 0),
        ("drop-after", openai.APIConnectionError, 1),
        ("timeout-before=0.9", openai.APITimeoutError, 0),
        ("timeout-after=0.9", openai.APITimeoutError, 1),
    ],
)
def test_an_answer_lost_at_create(dial: Dial, fault: str, error: type[Exception], made: int) -> None:
    sdk = dial(f"trainer-fault.{fault}-key")
    with pytest.raises(error) as lost:
        create(sdk.with_options(timeout=0.5))
    assert lost.type is error  # a time-out is a connection error too, a dropped connection is no time-out
    assert Job.objects.count() == made
    create(sdk)  # the fault strikes once: who sends again makes one more job
    assert Job.objects.count() == made + 1
    assert FaultUse.objects.get().calls == 2


def test_a_key_in_trouble_is_the_same_organization(dial: Dial) -> None:
    job = create(dial("trainer-key"))
    assert str(dial("trainer-fault.unknown-status-key").fine_tuning.jobs.retrieve(job.id).status) == "compressing"
    assert split_key("trainer-fault.html.fail=server_error.slow=0.5-my-key") == (
        "trainer-my-key",
        {"html": "", "fail": "server_error", "slow": "0.5"},
    )


def test_keys_are_stored_as_hashes_only(dial: Dial) -> None:
    sdk = dial("trainer-fault.429-short-secret")
    with pytest.raises(openai.RateLimitError):
        sdk.models.list()
    job = create(sdk)
    assert Job.objects.get().org == hashed("trainer-secret")
    assert FaultUse.objects.get().key_hash == hashed("trainer-fault.429-short-secret")
    assert "secret" not in job.to_json()


def test_invalid_key(dial: Dial) -> None:
    for key in ("trainer-fault.invalid-key-abc", "sk-abcdefgh", "trainer-"):
        with pytest.raises(openai.AuthenticationError) as refusal:
            dial(key).models.list()
        assert refusal.value.code == "invalid_api_key"
        assert refusal.value.message.startswith("Error code: 401")


def test_training_not_available(dial: Dial) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refusal:
        create(dial("trainer-fault.training-not-available-abc"))
    assert (refusal.value.code, refusal.value.type) == ("training_not_available", "invalid_request_error")
    assert "OpenAI is winding down the fine-tuning platform" in refusal.value.message
    assert Job.objects.count() == 0


def test_429(dial: Dial) -> None:
    short, waits = dial("trainer-fault.429-short-abc"), []
    for _ in range(5):
        try:
            short.models.list()
            waits.append("")
        except openai.RateLimitError as refusal:
            waits.append(refusal.response.headers["retry-after"])
    assert waits == ["1", "", "", "", "1"]
    for fault, code, wait in (
        ("429-long", "rate_limit_exceeded", "600"),
        ("429-quota", "insufficient_quota", None),
    ):
        with pytest.raises(openai.RateLimitError) as long:
            dial(f"trainer-fault.{fault}-abc").models.list()
        assert (long.value.code, long.value.response.headers.get("retry-after")) == (code, wait)


def test_slow(dial: Dial) -> None:
    with pytest.raises(openai.APITimeoutError):
        dial("trainer-fault.slow=0.6-abc").with_options(timeout=0.2).models.list()
    assert len(list(dial("trainer-fault.slow=0.1-abc").models.list())) == 3


def test_malformed_and_html(dial: Dial) -> None:
    job = create(dial("trainer-abc"))
    answer = dial("trainer-fault.malformed-abc").fine_tuning.jobs.with_raw_response.retrieve(job.id)
    assert answer.text == '{"object": "fine_tuning.job", "id": '
    html = dial("trainer-fault.html-abc").models.with_raw_response.list()
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_odd_words(dial: Dial) -> None:
    job = create(dial("trainer-fault.unknown-status.unknown-event.moderation-abc"))
    plain = dial("trainer-abc").fine_tuning.jobs
    assert str(plain.retrieve(job.id).status) == "compressing"
    assert [each.status for each in plain.list()] == ["compressing"]
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert plain.retrieve(job.id).status == "succeeded"
        kinds = {event.type for event in plain.list_events(job.id, limit=100)}
    assert kinds == {"message", "metrics", "quantum_checks", "moderation_checks"}


@pytest.mark.parametrize(
    ("code", "message", "param", "after"),
    [
        ("server_error", "The job failed due to an internal error", None, 20),
        (
            "invalid_training_file",
            "The job failed due to an invalid training file. Invalid file format. "
            "Example 100, message 2 Discriminator 'role' is missing in value",
            "training_file",
            2,
        ),
        (
            "invalid_n_examples",
            "Training file has 7 example(s), but must have at least 10 examples",
            "training_file",
            2,
        ),
        ("made_up", "The job failed due to an internal error", None, 20),
    ],
)
def test_a_failed_job(dial: Dial, code: str, message: str, param: str | None, after: int) -> None:
    sdk = dial(f"trainer-fault.fail={code}-abc")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        job = create(sdk)
        clock.shift(after)
        failed = sdk.fine_tuning.jobs.retrieve(job.id)
        events = list(sdk.fine_tuning.jobs.list_events(job.id, limit=1))
    assert failed.error is not None
    assert (failed.status, failed.error.code, failed.error.message, failed.error.param) == (
        "failed",
        code,
        message,
        param,
    )
    assert (failed.fine_tuned_model, failed.trained_tokens, failed.result_files) == (None, None, [])
    assert (events[0].level, events[0].message) == ("error", message)


def test_a_late_list_and_one_without_a_filter(dial: Dial) -> None:
    sdk = dial("trainer-fault.late-list=30.no-metadata-filter-abc")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        job = create(sdk, metadata={"a": "1"})
        assert list(sdk.fine_tuning.jobs.list()) == []
        assert sdk.fine_tuning.jobs.retrieve(job.id).id == job.id
        clock.shift(30)
        assert [each.id for each in sdk.fine_tuning.jobs.list(metadata={"a": "2"})] == [job.id]


def test_a_header_scripts_them_too(client: Client, db: None) -> None:
    headers = {"authorization": "Bearer trainer-abc", "x-trainer-fault": "429-long,html"}
    answer = client.get("/trainer/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (429, "requests")


def test_a_fault_that_does_not_exist(dial: Dial) -> None:
    with pytest.raises(openai.BadRequestError, match="Unknown fault in 'nonsense-abc'"):
        dial("trainer-fault.nonsense-abc").models.list()
