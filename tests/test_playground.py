"""The playground: real streams from the bundled trainer, and everything that can go wrong with one."""

import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone

from jobs import trainer_keys
from jobs.models import Checkpoint, Connection, Conversation, FineTuneJob, Message, User
from jobs.pipeline import talk
from jobs.states import State
from tests.chat_stub import stub_process
from tests.conftest import World
from tests.factories import make_connection, make_job, make_tuned_model
from tests.real_training import make_base, make_worker

type Login = Callable[[User], Client]

BASE = "sim-large-2026-06-01"
LARGE = {"base_model": BASE}
COUNTS = {"prompt_tokens": 9, "completion_tokens": 1}


@pytest.fixture
def job(world: World) -> FineTuneJob:
    """A job that has succeeded long ago, with a tuned model that the trainer does not know."""
    return finished(world, connection=world.connection)


def finished(world: World, **fields: Any) -> FineTuneJob:
    job = make_job(
        world.team,
        state=State.SUCCEEDED,
        due_at=None,
        finished_at=timezone.now() - timedelta(days=1),
        fine_tuned_model=f"ft:{BASE}:org::abcdefgh",
        **LARGE,
        **fields,
    )
    make_tuned_model(job, name=job.fine_tuned_model)
    return job


def form(job: FineTuneJob, **fields: object) -> dict[str, object]:
    return {
        "left": BASE,
        "right": "",
        "system_prompt": "",
        "temperature": "0.7",
        "max_tokens": "300",
        "history": "10",
        "text": "눈, 골목",
        **fields,
    }


def url(world: World, job: FineTuneJob, tail: str = "") -> str:
    return world.url(f"playground/{job.uuid}/{tail}")


def ask(client: Client, world: World, job: FineTuneJob, **fields: object) -> dict[str, Any]:
    answer = client.post(url(world, job, "ask/"), form(job, **fields), headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def say(
    user: User, world: World, job: FineTuneJob, message: int, column: str = "left", take: int = 10_000
) -> list[Any]:
    """Ask for one column's stream over ASGI, and read `take` lines of it, as a browser that then goes away."""

    async def read() -> list[Any]:
        client = AsyncClient(headers={"accept-language": "en"})
        await client.aforce_login(user)
        response = await client.post(url(world, job, "say/"), {"message": message, "column": column})
        if not getattr(response, "streaming", False):
            return [response.status_code]
        lines = []
        stream: AsyncIterator[bytes] = response.streaming_content.__aiter__()  # type: ignore[attr-defined]
        async for part in stream:
            lines.append(json.loads(part))
            if len(lines) == take:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return lines

    return async_to_sync(read)()


# --- talking ------------------------------------------------------------------------------------------


def test_answer_is_streamed_and_kept_with_its_price(trainer: str, world: World, login: Login, job: FineTuneJob) -> None:
    told = ask(login(world.bob), world, job, system_prompt="짧게 쓴다.")

    lines = say(world.bob, world, job, told["message"])

    words = "".join(line["text"] for line in lines[:-1])
    question, answer = Message.objects.order_by("pk")
    assert told["columns"] == ["left"]
    assert len(lines) > 2  # in pieces, not in one
    assert (question.role, question.content, question.model) == ("user", "눈, 골목", "")
    assert (answer.role, answer.model, answer.content, answer.stopped) == ("assistant", BASE, words, False)
    assert answer.prompt_tokens
    assert answer.completion_tokens
    price = (Decimal("0.80") * answer.prompt_tokens + Decimal("3.20") * answer.completion_tokens) / 1_000_000
    assert answer.cost_usd == price.quantize(Decimal("0.000001"))
    assert lines[-1]["done"] is True
    assert lines[-1]["usage"] == {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }
    assert lines[-1]["meta"] == talk.spent(Message.objects.get(pk=answer.pk)) != ""
    conversation = Conversation.objects.get()
    assert (conversation.user, conversation.job) == (world.bob, job)
    assert (conversation.system_prompt, conversation.temperature) == ("짧게 쓴다.", 0.7)


def test_both_columns_answer_one_question(trainer: str, world: World, login: Login, job: FineTuneJob) -> None:
    Checkpoint.objects.create(job=job, remote_id="c1", step=10, model="sim-small-2026-06-01", created_at=timezone.now())

    told = ask(login(world.bob), world, job, left="sim-small-2026-06-01", right=BASE)
    for column in told["columns"]:
        say(world.bob, world, job, told["message"], column)

    assert told["columns"] == ["left", "right"]
    assert list(Message.objects.order_by("pk").values_list("role", "model")) == [
        ("user", ""),
        ("assistant", "sim-small-2026-06-01"),
        ("assistant", BASE),
    ]


def test_reader_who_leaves_keeps_what_came(trainer: str, world: World, login: Login, job: FineTuneJob) -> None:
    told = ask(login(world.bob), world, job)

    lines = say(world.bob, world, job, told["message"], take=1)

    answer = Message.objects.get(role="assistant")
    assert answer.stopped is True
    assert answer.content == lines[0]["text"]
    assert (answer.prompt_tokens, answer.cost_usd) == (None, None)


def test_each_column_hears_its_own_answers_and_the_last_messages_only(world: World, job: FineTuneJob) -> None:
    conversation = Conversation.objects.create(user=world.bob, job=job, system_prompt="S", history=3)
    for role, model, words in [
        ("user", "", "1"),
        ("assistant", "m", "one"),
        ("assistant", "other", "uno"),
        ("user", "", "2"),
        ("assistant", "m", "two"),
        ("assistant", "other", "dos"),
        ("user", "", "3"),
    ]:
        last = Message.objects.create(conversation=conversation, role=role, model=model, content=words)

    sent = talk.request_for(conversation, "m", last)

    assert [message["content"] for message in sent["messages"]] == ["S", "one", "2", "two", "3"]
    assert [message["role"] for message in sent["messages"]] == ["system", "assistant", "user", "assistant", "user"]
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("m", 1.0, 500)


def test_the_place_in_the_queue_of_a_real_model_is_passed_on(
    trainer: str, world: World, login: Login, settings: Any
) -> None:
    make_base(settings)
    make_worker()
    world.connection.set_key(trainer_keys.new_key())
    world.connection.save()
    job = make_job(world.team, state=State.SUCCEEDED, due_at=None, base_model="little", engine="transformers")
    told = ask(login(world.bob), world, job, left="little")
    with TemporaryDirectory() as short, stub_process(Path(short) / "s") as process:
        settings.TRAINER_SERVE = f"unix:{process.path}"
        process.lines = [{"queue": 2}, {"queue": 0}, {"text": "눈"}, {"end": "stop", **COUNTS}]
        lines = say(world.bob, world, job, told["message"])

    assert lines[:3] == [{"queue": 2}, {"queue": 0}, {"text": "눈"}]
    assert (lines[3]["done"], lines[3]["meta"]) == (True, "9 + 1 tokens")  # a model of one's own has no price
    assert Message.objects.get(role="assistant").content == "눈"


def test_answer_is_given_once(trainer: str, world: World, login: Login, job: FineTuneJob) -> None:
    told = ask(login(world.bob), world, job)
    say(world.bob, world, job, told["message"])

    assert say(world.bob, world, job, told["message"]) == [409]
    assert Message.objects.filter(role="assistant").count() == 1


def test_without_javascript_the_page_comes_with_the_answer(
    trainer: str, world: World, login: Login, job: FineTuneJob
) -> None:
    page = login(world.bob).post(url(world, job, "ask/"), form(job), follow=True)

    answer = Message.objects.get(role="assistant")
    assert page.redirect_chain == [(url(world, job), 302)]
    assert answer.stopped is False
    assert answer.content in page.content.decode()


# --- what goes wrong ----------------------------------------------------------------------------------


def test_model_just_trained_is_warming_up(trainer: str, world: World, login: Login, job: FineTuneJob) -> None:
    FineTuneJob.objects.update(finished_at=timezone.now() - timedelta(minutes=1))
    told = ask(login(world.bob), world, job, left=job.fine_tuned_model)

    lines = say(world.bob, world, job, told["message"])

    assert [line["error"]["warming_up"] for line in lines] == [True]
    assert Message.objects.filter(role="assistant").count() == 0


def test_model_long_gone_is_not_warming_up(trainer: str, world: World, login: Login, job: FineTuneJob) -> None:
    job.tuned_models.update(shutdown_date="2026-01-14")
    told = ask(login(world.bob), world, job, left=job.fine_tuned_model)

    [line] = say(world.bob, world, job, told["message"])

    assert (line["error"]["status"], line["error"]["warming_up"]) == (404, False)
    assert line["error"]["advice"] == "This model was switched off on 2026-01-14, with its base model."


@pytest.mark.parametrize(
    ("fault", "status", "code", "advice"),
    [
        ("invalid-key", 401, "invalid_api_key", "The key was refused."),
        ("429-quota", 429, "insufficient_quota", "The service asks for fewer calls"),
        ("html", None, "shape", ""),
    ],
)
def test_error_is_shown_as_the_service_said_it(
    trainer: str, world: World, login: Login, fault: str, status: int, code: str, advice: str
) -> None:
    job = finished(world, connection=make_connection(world.team, key=f"trainer-fault.{fault}-abcdef123456"))
    told = ask(login(world.bob), world, job)

    [line] = say(world.bob, world, job, told["message"])

    assert (line["error"]["status"], line["error"]["code"]) == (status, code)
    assert line["error"]["advice"].startswith(advice)
    assert Message.objects.filter(role="assistant").count() == 0


@pytest.fixture
def torn(settings: Any) -> Iterator[None]:
    """A service that says two words and hangs up in the middle of its stream."""
    event = json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [{"delta": {"content": "첫눈이 "}}]})
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\ndata: {event}\n\n"
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _address = server.accept()
        with line:
            line.recv(65536)
            line.sendall(answer.encode())

    threading.Thread(target=serve, daemon=True).start()
    settings.TRAINER_URL = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    yield
    server.close()


@pytest.mark.django_db(transaction=True)
def test_broken_stream_keeps_what_came_and_says_so(torn: None, world: World, login: Login, job: FineTuneJob) -> None:
    told = ask(login(world.bob), world, job)

    lines = say(world.bob, world, job, told["message"])

    answer = Message.objects.get(role="assistant")
    assert lines[0] == {"text": "첫눈이 "}
    assert lines[1]["error"]["code"] == "connection"
    assert (answer.content, answer.stopped) == ("첫눈이 ", True)


@pytest.mark.django_db(transaction=True)
def test_deleted_connection_is_an_error_not_a_crash(world: World, login: Login, job: FineTuneJob) -> None:
    told = ask(login(world.bob), world, job)
    Connection.objects.update(deleted_at=timezone.now(), sealed_key="")

    [line] = say(world.bob, world, job, told["message"])

    assert line["error"]["code"] == "key_unreadable"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", "2.1"),
        ("temperature", "nan"),
        ("max_tokens", "0"),
        ("history", "-1"),
        ("text", " "),
        ("left", "gpt-4.1"),
        ("right", "someone-elses-model"),
    ],
)
def test_bad_settings_are_refused(world: World, login: Login, job: FineTuneJob, field: str, value: str) -> None:
    bob = login(world.bob)

    answer = bob.post(url(world, job, "ask/"), form(job, **{field: value}), headers={"accept": "application/json"})
    page = bob.post(url(world, job, "ask/"), form(job, **{field: value}))

    assert (answer.status_code, page.status_code) == (422, 422)
    assert list(answer.json()["errors"]) == [field]
    assert Message.objects.count() == 0


# --- pages --------------------------------------------------------------------------------------------


def test_looking_makes_no_conversation(world: World, login: Login, job: FineTuneJob) -> None:
    page = login(world.bob).get(url(world, job))

    assert page.status_code == 200
    assert Conversation.objects.count() == 0


def test_what_was_said_is_escaped(world: World, login: Login, job: FineTuneJob) -> None:
    conversation = Conversation.objects.create(user=world.bob, job=job, left=BASE)
    Message.objects.create(conversation=conversation, role="assistant", model=BASE, content="<script>alert(1)</script>")

    page = login(world.bob).get(url(world, job)).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_choosing_a_model_swaps_the_columns(world: World, login: Login, job: FineTuneJob) -> None:
    bob = login(world.bob)

    part = bob.post(
        url(world, job, "models/"), form(job, left=job.fine_tuned_model, text=""), headers={"HX-Request": "true"}
    )

    assert Conversation.objects.get().left == job.fine_tuned_model
    assert part.content.decode().lstrip().startswith('<div class="versus" id="columns">')


def test_checkpoint_can_be_put_into_the_first_column(world: World, login: Login, job: FineTuneJob) -> None:
    Checkpoint.objects.create(job=job, remote_id="c1", step=10, model="ft:ckpt-step-10", created_at=timezone.now())

    page = login(world.bob).get(url(world, job), {"model": "ft:ckpt-step-10"})

    assert page.context["columns"][0]["offer"].name == "ft:ckpt-step-10"


def test_clear_forgets_ones_own_talk_only(world: World, login: Login, job: FineTuneJob) -> None:
    for user in (world.bob, world.alice):
        conversation = Conversation.objects.create(user=user, job=job, left=BASE, history=4)
        Message.objects.create(conversation=conversation, role="user", content="비밀")

    login(world.bob).post(url(world, job, "clear/"))

    assert [message.conversation.user for message in Message.objects.all()] == [world.alice]
    assert Conversation.objects.get(user=world.bob).history == 4


def test_a_talk_not_begun_can_be_downloaded_too(world: World, login: Login, job: FineTuneJob) -> None:
    """Its page offers the download before the first word."""
    answer = login(world.bob).get(url(world, job, "talk/"))

    assert (answer.status_code, answer.json()["messages"]) == (200, [])
    assert Conversation.objects.count() == 0


def test_download_has_the_whole_talk(world: World, login: Login, job: FineTuneJob) -> None:
    conversation = Conversation.objects.create(user=world.bob, job=job, left=BASE)
    Message.objects.create(conversation=conversation, role="user", content="눈, 골목")
    Message.objects.create(
        conversation=conversation, role="assistant", model=BASE, content="눈이 내렸다.", cost_usd=Decimal("0.000012")
    )
    bob = login(world.bob)

    as_json = bob.get(url(world, job, "talk/"))
    as_text = bob.get(url(world, job, "talk/"), {"as": "text"})

    assert as_json["Content-Disposition"] == f'attachment; filename="talk-{job.uuid}.json"'
    assert [(m["role"], m["content"], m["cost_usd"]) for m in as_json.json()["messages"]] == [
        ("user", "눈, 골목", None),
        ("assistant", "눈이 내렸다.", "0.000012"),
    ]
    assert as_text.content.decode() == f"[user]\n눈, 골목\n\n[{BASE}]\n눈이 내렸다.\n"


def test_index_lists_final_models_newest_first(world: World, login: Login, job: FineTuneJob) -> None:
    newer = make_tuned_model(job, name="ft:newer")
    make_tuned_model(job, name="ft:newer:ckpt-step-3", step=3)

    page = login(world.bob).get(world.url("playground/"))

    assert [model.name for model in page.context["page"]] == [newer.name, job.fine_tuned_model]


def test_index_says_what_to_do_when_empty(world: World, login: Login) -> None:
    page = login(world.bob).get(world.url("playground/")).content.decode()

    assert world.url("jobs/new/") in page


# --- access -------------------------------------------------------------------------------------------

PAGES = [("get", ""), ("post", "models/"), ("post", "ask/"), ("post", "say/"), ("post", "clear/"), ("get", "talk/")]


@pytest.mark.parametrize(("method", "tail"), PAGES)
def test_viewer_may_not_and_stranger_meets_nothing(
    world: World, login: Login, job: FineTuneJob, method: str, tail: str
) -> None:
    carol, mallory = login(world.carol), login(world.mallory)

    assert getattr(carol, method)(url(world, job, tail)).status_code == 403
    assert getattr(mallory, method)(url(world, job, tail)).status_code == 404


def test_ones_conversation_is_closed_to_the_owner_too(world: World, login: Login, job: FineTuneJob) -> None:
    conversation = Conversation.objects.create(user=world.bob, job=job, left=BASE)
    secret = Message.objects.create(conversation=conversation, role="user", content="bob only")
    Conversation.objects.create(user=world.alice, job=job, left=BASE)
    alice = login(world.alice)

    page = alice.get(url(world, job)).content.decode()
    stream = alice.post(url(world, job, "say/"), {"message": secret.pk, "column": "left"})

    assert "bob only" not in page
    assert stream.status_code == 404
    assert Message.objects.count() == 1


@pytest.mark.parametrize("message", ["", "x", "-1", "9" * 30, "²"])
def test_no_such_message(world: World, login: Login, job: FineTuneJob, message: str) -> None:
    Conversation.objects.create(user=world.bob, job=job, left=BASE)

    assert login(world.bob).post(url(world, job, "say/"), {"message": message}).status_code == 404


@pytest.mark.parametrize("rows", [1, 50])
def test_page_costs_the_same_however_long_the_talk(
    world: World, login: Login, job: FineTuneJob, django_assert_num_queries: Any, rows: int
) -> None:
    conversation = Conversation.objects.create(user=world.bob, job=job, left=BASE)
    for number in range(rows):
        Message.objects.create(conversation=conversation, role="user", content=str(number))
    bob = login(world.bob)
    bob.get(url(world, job))

    with django_assert_num_queries(10):
        bob.get(url(world, job))


SYSTEM = {"role": "system", "content": "짧은 수필을 씁니다.", "long": False}
ASKED = {"role": "user", "content": "첫눈", "long": False}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([[SYSTEM, ASKED], [SYSTEM, ASKED]], "짧은 수필을 씁니다."),
        ([[SYSTEM | {"role": "developer"}, ASKED]], "짧은 수필을 씁니다."),
        ([[SYSTEM, ASKED], [ASKED]], ""),
        ([[SYSTEM, ASKED], [SYSTEM | {"content": "다른 글을 씁니다."}, ASKED]], ""),
        ([[SYSTEM | {"long": True}, ASKED]], ""),  # a report keeps its beginning only
        ([[]], ""),
        ([], ""),
    ],
)
def test_a_talk_begins_with_the_system_message_of_the_examples(
    world: World, login: Login, job: FineTuneJob, sample: list[Any], expected: str
) -> None:
    job.training_file.report = {"sample": sample}  # type: ignore[union-attr]
    job.training_file.save(update_fields=["report"])  # type: ignore[union-attr]
    client = login(world.bob)

    shown = client.get(url(world, job)).context["form"].initial["system_prompt"]

    assert shown == talk.trained_system(job) == expected


@pytest.mark.parametrize(("memorises", "right"), [(True, ""), (False, "little")])
def test_a_talk_begins_beside_the_base_or_alone(world: World, login: Login, memorises: bool, right: str) -> None:
    """A base that only training gives weights is not offered; an early checkpoint is no fitting stand-in."""
    facts = {"engine": "transformers", "model_facts": {"memorises": memorises}}
    job = make_job(world.team, base_model="little", state=State.SUCCEEDED, fine_tuned_model="ft:little:t::x", **facts)
    Checkpoint.objects.create(
        job=job, remote_id="c", model="ft:little:t::x:ckpt-step-3", step=3, created_at=timezone.now()
    )

    page = login(world.bob).get(url(world, job))

    assert page.context["form"].initial["right"] == right
