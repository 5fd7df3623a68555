"""The trainer's webhooks, against the official SDK: its endpoint calls, its own check of the signature."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import openai
import pytest
import time_machine
from django.utils import timezone
from openai import OpenAI

from tests.factories import chat_lines
from tests.real_training import issue_key, make_base, make_worker, stand_in, work
from tests.real_training import order as order_real
from trainer import hooks
from trainer.models import Delivery, Endpoint, Job

type Told = tuple[dict[str, str], bytes]
KINDS: Any = hooks.KINDS


class Ear(BaseHTTPRequestHandler):
    """A receiver: notes what came and answers with the next of `answers` (204 when they are used up)."""

    told: list[Told]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ear(trainer: str, settings: Any) -> Iterator[type[Ear]]:
    """A receiver at what the trainer takes for its own origin."""

    class Mine(Ear):
        told: list[Told] = []
        answers: list[int] = []

    server = HTTPServer(("127.0.0.1", 0), Mine)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.TRAINER_URL = f"http://127.0.0.1:{server.server_port}/trainer/v1"
    yield Mine
    server.shutdown()
    server.server_close()


@pytest.fixture
def sdk(trainer: str) -> OpenAI:
    return OpenAI(api_key="trainer-hooks", base_url=trainer, max_retries=0, _strict_response_validation=True)


def address(settings: Any, tail: str = "/hooks/1/") -> str:
    return str(settings.TRAINER_URL).replace("/trainer/v1", tail)


def order(sdk: OpenAI, faults: str = "") -> Job:
    file = sdk.files.create(file=("a.jsonl", io.BytesIO(chat_lines(12))), purpose="fine-tune")
    act(sdk, "", faults, {"model": "sim-small", "training_file": file.id})
    return Job.objects.latest("pk")


def act(sdk: OpenAI, path: str, faults: str = "", body: Any = None) -> None:
    """A call about a job, past the SDK's strict types: they do not know the `{}` of a healthy job's error."""
    headers = {"X-Trainer-Fault": faults}
    sdk.post(f"/fine_tuning/jobs{path}", body=body, cast_to=object, options={"headers": headers})


def fresh(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("endpoint", "job__training_file").get(pk=delivery.pk)


def tell(job: Job) -> Delivery:
    """Send what is due about this job, at the moment when it is."""
    delivery = fresh(job.deliveries.get())
    assert delivery.due_at is not None
    with time_machine.travel(delivery.due_at + timedelta(milliseconds=1), tick=False):
        hooks.deliver(delivery)
    return fresh(delivery)


def test_end_of_a_job_is_told_once_in_openais_shape(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    endpoint = sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    job = order(sdk)

    delivery = tell(job)
    hooks.deliver(delivery)

    [(headers, body)] = ear.told
    assert delivery.due_at is None
    assert (delivery.tries, delivery.status) == (1, 204)
    moment = int(headers["webhook-timestamp"])
    with time_machine.travel(moment, tick=False):
        event = sdk.webhooks.unwrap(body, headers, secret=endpoint.signing_secret)
    assert event.to_dict() == {
        "id": json.loads(body)["id"],
        "object": "event",
        "type": "fine_tuning.job.succeeded",
        "created_at": moment,
        "data": {"id": job.uid},
    }
    assert event.id.startswith("evt_")


def test_endpoints_are_made_listed_and_deleted(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    made = sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    again = sdk.webhooks.create(name="renamed", url=address(settings), event_types=KINDS[:1])
    other = sdk.webhooks.create(name="other", url=address(settings, "/hooks/2/"), event_types=KINDS)

    assert (again.id, again.signing_secret) == (made.id, made.signing_secret)
    assert other.signing_secret != made.signing_secret
    assert [(e.id, e.name) for e in sdk.webhooks.list()] == [(other.id, "other"), (made.id, "renamed")]
    assert sdk.webhooks.retrieve(made.id).event_types == KINDS[:1]
    assert sdk.webhooks.delete(made.id).deleted is True
    assert [e.id for e in sdk.webhooks.list()] == [other.id]
    stranger = sdk.with_options(api_key="trainer-other")
    assert list(stranger.webhooks.list()) == []
    with pytest.raises(openai.NotFoundError):
        stranger.webhooks.delete(other.id)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/",
        "http://localhost/hooks/1/",
        "http://127.0.0.1:1/hooks/1/",
        "https://{host}/hooks/1/",
        "ftp://{host}/",
        "http://user@{host}/",
        "http://{host}@127.0.0.1:1/",
        "http://{host}\\@127.0.0.1:1/",
        "http://{host}/?a=b",
        "http://{host}/#a",
        "http://{host}/a b",
        "http://{host}/\r\nX: y",
        "http://{host}/눈",
        "http://127.0.0.1:99999999/",
        "http://[::1/",
        "http://{host}" + "/a" * 300,
        "",
    ],
)
def test_only_the_trainers_own_origin_is_sent_to(sdk: OpenAI, ear: type[Ear], settings: Any, url: str) -> None:
    host = settings.TRAINER_URL.split("/")[2]

    with pytest.raises(openai.BadRequestError) as refused:
        sdk.webhooks.create(name="x", url=url.replace("{host}", host), event_types=KINDS)

    assert refused.value.param == "url"
    assert Endpoint.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"event_types": ["batch.completed"]}, "event_types"),
        ({"event_types": []}, "event_types"),
        ({"event_types": "all"}, "event_types"),
        ({"event_types": [{}]}, "event_types"),
        ({"name": "x" * 201}, "name"),
        ({"name": "\0"}, "name"),
        ({"url": 7}, "url"),
    ],
)
def test_bad_endpoint_is_refused_by_name(
    sdk: OpenAI, ear: type[Ear], settings: Any, change: dict[str, Any], param: str
) -> None:
    body = {"name": "x", "url": address(settings), "event_types": KINDS} | change

    with pytest.raises(openai.BadRequestError) as refused:
        sdk.post("/webhook_endpoints", body=body, cast_to=object)

    assert refused.value.param == param


def test_address_that_is_ours_no_more_is_not_called(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    job = order(sdk)
    settings.TRAINER_URL = "http://127.0.0.1:1/trainer/v1"

    delivery = tell(job)

    assert ear.told == []
    assert delivery.status == 0


def test_failed_attempt_is_made_again_with_the_same_id_and_a_longer_rest(
    sdk: OpenAI, ear: type[Ear], settings: Any
) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    ear.answers += [500, 302]
    job = order(sdk)

    seen = []
    for _ in range(3):
        delivery = tell(job)
        seen.append((delivery.tries, delivery.status, delivery.due_at is None))

    assert seen == [(1, 500, False), (2, 302, False), (3, 204, True)]
    assert len({headers["webhook-id"] for headers, _ in ear.told}) == 1
    assert len(ear.told) == 3


def test_receiver_that_never_takes_it_is_given_up(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    ear.answers += [410] * hooks.MOST_TRIES
    job = order(sdk)

    for _ in range(hooks.MOST_TRIES):
        delivery = tell(job)

    assert (delivery.due_at, delivery.tries, delivery.status) == (None, hooks.MOST_TRIES, 410)
    assert len(ear.told) == hooks.MOST_TRIES


def test_two_workers_send_it_once(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    job = order(sdk)
    first = fresh(job.deliveries.get())
    second = fresh(first)
    assert first.due_at is not None

    with time_machine.travel(first.due_at + timedelta(seconds=1), tick=False):
        hooks.deliver(first)
        assert hooks.deliver(second) is None

    assert len(ear.told) == 1


def test_sweep_finds_what_a_killed_worker_left(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    delivery = order(sdk).deliveries.get()
    assert delivery.due_at is not None

    with time_machine.travel(delivery.due_at - timedelta(seconds=0.1), tick=False):
        assert hooks.due() == []
    with time_machine.travel(delivery.due_at, tick=False):
        assert hooks.due() == [delivery.pk]
        Delivery.objects.update(due_at=timezone.now() + hooks.LEASE)  # claimed, and never heard of again
    with time_machine.travel(delivery.due_at + hooks.LEASE, tick=False):
        assert hooks.due() == [delivery.pk]


def test_cancelled_and_failed_jobs_say_so(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    settings.TRAINER_SPEED = 1  # still running when it is cancelled
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    cancelled, failed = order(sdk), order(sdk, "fail")
    act(sdk, f"/{cancelled.uid}/cancel")

    tell(cancelled)
    tell(failed)

    told = {json.loads(body)["data"]["id"]: json.loads(body)["type"] for _, body in ear.told}
    assert told == {cancelled.uid: "fine_tuning.job.cancelled", failed.uid: "fine_tuning.job.failed"}


def test_pause_moves_the_moment(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    settings.TRAINER_SPEED = 1
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    job = order(sdk)
    planned = job.deliveries.get().due_at
    assert planned is not None

    act(sdk, f"/{job.uid}/pause")
    paused = job.deliveries.get().due_at
    act(sdk, f"/{job.uid}/resume")
    resumed = job.deliveries.get().due_at

    assert paused is None
    assert resumed is not None
    assert resumed > planned


def test_endpoint_made_later_hears_of_running_jobs_alone(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    settings.TRAINER_SPEED = 1
    running, over = order(sdk), order(sdk)
    act(sdk, f"/{over.uid}/cancel")

    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)

    assert [delivery.job for delivery in Delivery.objects.all()] == [running]


def test_kind_that_nobody_asked_for_is_not_sent(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=["fine_tuning.job.failed"])

    delivery = tell(order(sdk))

    assert ear.told == []
    assert delivery.due_at is None


@pytest.mark.parametrize(
    ("fault", "times", "right"),
    [("hook-twice", 2, True), ("hook-late", 1, False), ("hook-late=5", 1, True), ("hook-forged", 1, False)],
)
def test_faults_on_order(sdk: OpenAI, ear: type[Ear], settings: Any, fault: str, times: int, right: bool) -> None:
    endpoint = sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)
    job = order(sdk, fault)
    due_at = job.deliveries.get().due_at
    assert due_at is not None

    tell(job)

    checks = []
    with time_machine.travel(due_at, tick=False):
        for headers, body in ear.told:
            try:
                sdk.webhooks.verify_signature(body, headers, secret=endpoint.signing_secret)
                checks.append(True)
            except openai.InvalidWebhookSignatureError:
                checks.append(False)
    assert checks == [right] * times
    assert len({headers["webhook-id"] for headers, _ in ear.told}) == 1


def test_lost_webhook_is_never_sent(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    sdk.webhooks.create(name="ours", url=address(settings), event_types=KINDS)

    delivery = tell(order(sdk, "hook-lost"))

    assert ear.told == []
    assert delivery.due_at is None


def test_end_of_a_real_job_is_sent_when_it_has_come(sdk: OpenAI, ear: type[Ear], settings: Any) -> None:
    make_base(settings)
    make_worker()
    stand_in(settings)
    issue_key("trainer-hooks")
    early = sdk.webhooks.create(name="early", url=address(settings), event_types=KINDS)
    job = order_real(sdk)
    late = sdk.webhooks.create(name="late", url=address(settings, "/hooks/2/"), event_types=KINDS)
    before = list(job.deliveries.values_list("due_at", flat=True))

    work()
    for delivery in job.deliveries.all():
        hooks.deliver(fresh(delivery))

    assert before == [None, None]
    assert [json.loads(body)["type"] for _headers, body in ear.told] == ["fine_tuning.job.succeeded"] * 2
    assert {delivery.endpoint.uid for delivery in job.deliveries.all()} == {early.id, late.id}
    assert [fresh(delivery).due_at for delivery in job.deliveries.all()] == [None, None]
