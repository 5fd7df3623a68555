"""Recording what tuned models say while they live: one order for all, within one cap, nothing asked twice."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import AuditEntry, Candidate, Connection, Evaluation, QuestionSet, RemoteModel
from jobs.pipeline.evaluations import questions
from jobs.pipeline.rescue import inventory, overview
from jobs.pipeline.rescue.steps import StepState
from jobs.run_states import RunState
from tests.chat_side import ChatSide, Json, chat_side
from tests.conftest import World
from tests.evaluating import connect, make_questions, step, walk
from tests.factories import chat_lines, make_file, make_job
from tests.test_access import Login

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "gpt-4o-mini-2024-07-18"


def made(number: int) -> Json:
    """A job as OpenAI lists it, without metadata."""
    about = {"id": f"ftjob-{number:04}", "object": "fine_tuning.job", "model": BASE, "status": "succeeded"}
    name = f"ft:{BASE}:org-x:style:{number:04}"
    return about | {"created_at": 1_780_000_000 - number, "fine_tuned_model": name, "training_file": "file-1"}


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    jobs = [made(number) for number in range(4)]
    with chat_side(jobs=jobs, models=[BASE, *(str(job["fine_tuned_model"]) for job in jobs)]) as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        inventory.order(world.connection)
        for row in inventory.due():
            inventory.read(row.pk)
        yield far


@pytest.fixture
def archived(world: World, far: ChatSide) -> list[RemoteModel]:
    """Two models of one training file, one of another, and one that no file is known of."""
    models = list(RemoteModel.objects.order_by("name"))
    files = [make_file(world.team, chat_lines(word=word)) for word in ("눈", "비")]
    for model, file in zip(models, [files[0], files[0], files[1]], strict=False):
        model.job = make_job(world.team, connection=world.connection, training_file=file, state="succeeded")
        model.save()
    return models


def make_sets() -> None:
    for pk in questions.due():
        questions.make(QuestionSet.objects.select_related("training_file").get(pk=pk))


def propose(client: Client, world: World, **fields: Any) -> None:
    assert client.post(world.url("rescue/propose/"), {"most": 5} | fields).status_code == 302
    make_sets()


def hidden(page: str) -> dict[str, str]:
    """What the order's form carries."""
    return dict(re.findall(r'name="(order_token|shown)"\s+value="([^"]+)"', page))


def order(client: Client, world: World, **fields: Any) -> Evaluation:
    page = client.get(world.url("rescue/record/")).content.decode()
    sent = hidden(page) | {"max_tokens": "512"} | fields
    answer = client.post(world.url("rescue/record/"), sent)
    assert answer.status_code == 302, re.findall(r"errorlist.*?</ul>", answer.content.decode(), re.DOTALL)
    return Evaluation.objects.latest("pk")


def test_questions_come_from_each_models_own_file(world: World, archived: list[RemoteModel], login: Login) -> None:
    propose(login(world.bob), world)

    sets = list(RemoteModel.objects.order_by("name").values_list("question_set", flat=True))
    assert sets[0] == sets[1] != sets[2]
    assert sets[3] is None
    page = login(world.bob).get(world.url("rescue/record/")).content.decode()
    assert "1 model has no questions yet" in page
    assert "<dd>15</dd>" in page


def test_written_questions_serve_models_without_a_file(world: World, archived: list[RemoteModel], login: Login) -> None:
    propose(login(world.bob), world)
    propose(login(world.bob), world, lines="첫눈, 골목\n붕어빵, 장갑")

    done = walk(order(login(world.bob), world))

    assert (done.state, done.done) == (RunState.DONE, 17)
    assert done.candidates.get(model=archived[3].name).answers.count() == 2


def test_all_are_recorded_with_their_trained_prompt(
    world: World, archived: list[RemoteModel], far: ChatSide, login: Login
) -> None:
    propose(login(world.bob), world)

    done = walk(order(login(world.bob), world))

    assert (done.kind, done.state, done.done, done.total) == ("recording", RunState.DONE, 15, 15)
    assert set(far.answers.values()) == {1}
    assert set(done.candidates.values_list("system_prompt", flat=True)) == {"주어진 낱말로 짧은 수필을 쓴다."}
    rows = overview.rows_of(overview.related(RemoteModel.objects.order_by("name")))
    assert [row.steps[1].state for row in rows] == [StepState.DONE] * 3 + [StepState.OPEN]
    page = login(world.carol).get(world.url(f"rescue/models/{archived[0].uuid}/")).content.decode()
    assert f"{archived[0].name} 모델의 답입니다." in page
    assert AuditEntry.objects.filter(action="rescue.recorded").count() == 1


def test_one_that_is_gone_and_one_that_is_forbidden_are_explained(
    world: World, archived: list[RemoteModel], far: ChatSide, login: Login
) -> None:
    far.gone, far.forbidden = {archived[0].name}, {archived[1].name}
    propose(login(world.bob), world)
    done = walk(order(login(world.bob), world))

    page = login(world.carol).get(world.url(f"rescue/recordings/{done.uuid}/")).content.decode()

    assert (done.done, done.failed) == (5, 10)
    assert "The service does not let this key ask this model." in page
    assert "The service has no such model (any more) for this key" in page
    assert set(Candidate.objects.values_list("refused_by", flat=True)) == {404, 403, None}


def test_what_was_refused_is_asked_again_by_a_person_and_nothing_else_is(
    world: World, archived: list[RemoteModel], far: ChatSide, login: Login
) -> None:
    far.gone = {archived[0].name}
    propose(login(world.bob), world)
    done = walk(order(login(world.bob), world))
    far.gone = set()
    refused = done.candidates.get(model=archived[0].name)

    sent = {"candidate": str(refused.uuid), "answer": "failed"}
    answer = login(world.bob).post(world.url(f"evaluations/{done.uuid}/retry/"), sent)
    assert answer["Location"] == world.url(f"rescue/recordings/{done.uuid}/")
    again = walk(done)

    assert (again.state, again.done, again.failed) == (RunState.DONE, 15, 0)
    assert set(far.answers.values()) == {1}


def test_two_clicks_and_two_people_make_one_order(world: World, archived: list[RemoteModel], login: Login) -> None:
    propose(login(world.bob), world)
    page = login(world.bob).get(world.url("rescue/record/")).content.decode()
    other = login(world.alice).get(world.url("rescue/record/")).content.decode()

    for _click in range(2):
        answer = login(world.bob).post(world.url("rescue/record/"), hidden(page) | {"max_tokens": "512"})
        assert answer.status_code == 302
    late = login(world.alice).post(world.url("rescue/record/"), hidden(other) | {"max_tokens": "512"})

    assert late.status_code == 422
    assert Evaluation.objects.count() == 1


def test_another_price_than_the_one_shown_is_shown_first(
    world: World, archived: list[RemoteModel], login: Login
) -> None:
    propose(login(world.bob), world)
    page = login(world.bob).get(world.url("rescue/record/")).content.decode()
    propose(login(world.bob), world, most=7)
    RemoteModel.objects.filter(pk=archived[2].pk).update(question_set=None)

    answer = login(world.bob).post(world.url("rescue/record/"), hidden(page) | {"max_tokens": "512"})

    assert answer.status_code == 422
    assert "have changed since this page showed them" in answer.content.decode()
    assert not Evaluation.objects.exists()


def test_the_price_stands_there_for_each_model_and_in_all(
    world: World, archived: list[RemoteModel], login: Login
) -> None:
    Connection.objects.filter(pk=world.connection.pk).update(profile="openai")  # whose prices are known
    propose(login(world.bob), world)

    page = login(world.bob).get(world.url("rescue/record/")).content.decode()

    assert page.count("₩") >= 4
    assert "Start for at most $" in page
    evaluation = order(login(world.bob), world, cap="0.02")
    assert str(evaluation.cap_usd) == "0.02"


def test_personal_data_of_the_files_is_named_before_it_goes_out(
    world: World, archived: list[RemoteModel], login: Login
) -> None:
    file = archived[0].job.training_file  # type: ignore[union-attr]
    assert file
    file.report |= {
        "findings": [{"code": "personal_phone", "count": 3, "lines": [1, 2, 3]}],
        "statistics": {"personal": True},
    }
    file.save()
    propose(login(world.bob), world)

    page = login(world.bob).get(world.url("rescue/record/")).content.decode()

    assert "Phone numbers" in page
    assert "3 examples" in page


@pytest.mark.parametrize("what", ["pause", "cancel"])
def test_it_is_paused_and_cancelled(world: World, archived: list[RemoteModel], login: Login, what: str) -> None:
    propose(login(world.bob), world)
    evaluation = order(login(world.bob), world)
    Evaluation.objects.filter(pk=evaluation.pk).update(state=RunState.RUNNING)

    login(world.bob).post(world.url(f"evaluations/{evaluation.uuid}/{what}/"))
    done = walk(evaluation)

    assert done.state == {"pause": RunState.PAUSED, "cancel": RunState.CANCELLED}[what]
    assert login(world.carol).get(world.url(f"rescue/recordings/{evaluation.uuid}/")).status_code == 200


@pytest.mark.parametrize("how", ["parked_at", "disabled_at"])
def test_a_connection_that_does_not_work_is_said_on_both_pages(
    world: World, archived: list[RemoteModel], login: Login, how: str
) -> None:
    client = login(world.bob)
    propose(client, world)
    found = order(client, world)
    step()
    Connection.objects.filter(pk=world.connection.pk).update(**{how: timezone.now()})

    page = client.get(world.url(f"rescue/recordings/{found.uuid}/")).content.decode()
    [row, *_others] = overview.rows_of(overview.related(RemoteModel.objects.filter(recording__evaluation=found)))

    words = {"parked_at": "The connection is parked", "disabled_at": "This connection is disabled by staff."}
    assert words[how] in page
    assert row.steps[1].state == StepState.TROUBLE


def test_a_model_that_is_recorded_in_part_is_not_ordered_again(
    world: World, archived: list[RemoteModel], login: Login
) -> None:
    propose(login(world.bob), world)
    done = walk(order(login(world.bob), world))
    done.answers.filter(candidate__model=archived[0].name, question__position=0).update(state="failed")

    page = login(world.bob).get(world.url("rescue/record/")).content.decode()

    assert archived[0].name not in page
    assert archived[0].name in login(world.bob).get(world.url("rescue/?show=unrecorded")).content.decode()


def test_a_set_of_another_evaluation_stays_as_it_was(world: World, archived: list[RemoteModel], login: Login) -> None:
    other = make_questions(world.team, "눈")
    RemoteModel.objects.filter(pk=archived[0].pk).update(question_set=other)

    propose(login(world.bob), world)

    other.refresh_from_db()
    assert other.count == 1
