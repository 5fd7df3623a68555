"""The pages of evaluations: questions, the price before, one order for two clicks, following, acting, downloads."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from jobs.models import Answer, AuditEntry, CandidateKind, Evaluation, Question, QuestionSet, TrainingFile
from jobs.pipeline.evaluations import questions
from jobs.run_states import ChunkState, RunState
from jobs.templatetags.desk import cut
from jobs.templatetags.scores import scored
from tests.chat_side import ChatSide, chat_side
from tests.conftest import World
from tests.evaluating import connect, make_evaluation, make_questions, step, walk
from tests.factories import make_file, make_job, make_tuned_model

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db
LARGE = "sim-large-2026-06-01"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    with chat_side() as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def address(world: World, name: str, *args: object) -> str:
    return reverse(name, args=[world.team.slug, *args])


def new(world: World, made: QuestionSet, name: str = "evaluation-new") -> str:
    return f"{address(world, name)}?questions={made.uuid}"


def filled(world: World, *models: str, **fields: Any) -> dict[str, Any]:
    chosen = [f"{world.connection.uuid}|{model}" for model in models or (LARGE,)]
    settings = {"max_tokens": 100, "temperature": 0, "repetitions": 1, "system_prompt": "짧게."}
    return {"order_token": str(uuid4()), "models": chosen, **settings, **fields}


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_pasted_lines_become_questions(world: World, login: Login) -> None:
    client = login(world.bob)
    sent = {"source": "lines", "lines": "첫눈\r\n골목", "system_prompt": "짧게."}

    answer = client.post(address(world, "question-new"), sent)

    made = QuestionSet.objects.get()
    assert answer["Location"] == address(world, "question-detail", made.uuid)
    assert "The questions are read" in client.get(answer["Location"]).text
    questions.make(made)
    page = client.get(answer["Location"]).text
    assert "2 questions" in page
    assert "골목" in page
    assert new(world, made) in page
    assert actions() == ["questions.made"]


def test_nothing_written_is_refused(world: World, login: Login) -> None:
    answer = login(world.bob).post(address(world, "question-new"), {"source": "lines", "lines": " \n"})

    assert answer.status_code == 422
    assert "Write at least one question." in answer.text


def test_what_is_set_aside_makes_a_file_to_train_on(world: World, login: Login) -> None:
    client, file = login(world.bob), make_file(world.team)
    client.post(
        address(world, "question-new"),
        {"source": "held_out", "file": str(file.uuid), "share": 10, "most": 50, "seed": 3},
    )
    made = QuestionSet.objects.get()
    made.options["keep_out"] = [2, 5]
    made.save()

    answer = client.post(address(world, "question-rest", made.uuid))

    rest = TrainingFile.objects.get(parent=file)
    assert answer["Location"] == address(world, "question-detail", made.uuid)
    assert (rest.origin, rest.options) == ("reduced", {"lines": [2, 5]})
    client.post(address(world, "question-rest", made.uuid))
    assert TrainingFile.objects.get(parent=file) == rest
    assert made.options | {"share": 0.1, "most": 50, "seed": 3} == made.options


def test_the_price_is_seen_before_and_two_clicks_are_one_order(world: World, login: Login) -> None:
    client, made = login(world.bob), make_questions(world.team, "첫눈", "골목")
    sent = filled(world, LARGE)
    unseen = client.post(new(world, made), sent)
    assert unseen.status_code == 422
    assert "Here is what it costs at most. Look at it, then order." in unseen.text
    assert not Evaluation.objects.exists()

    price = client.post(new(world, made, "evaluation-price"), sent, headers=HTMX).context["button_price"]
    first, second = (client.post(new(world, made), sent | {"shown_usd": price, "cap": "0.50"}) for _ in range(2))

    row = Evaluation.objects.get()
    assert first["Location"] == second["Location"] == address(world, "evaluation-detail", row.uuid)
    assert (row.name, row.max_tokens, str(row.cap_usd), row.estimate["usd"]) == (made.name, 100, "0.5", price)
    candidate = row.candidates.get()
    assert (candidate.model, candidate.engine, candidate.system_prompt) == (LARGE, "simulated", "짧게.")
    assert actions() == ["evaluation.ordered"]


def test_a_price_that_changed_is_shown_again(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈")

    answer = login(world.bob).post(new(world, made), filled(world, shown_usd="1.23"))

    assert answer.status_code == 422
    assert "The price has changed since this page showed it." in answer.text


def test_the_form_proposes_the_jobs_model_and_its_prompt(world: World, login: Login) -> None:
    model = make_tuned_model(make_job(world.team, connection=world.connection, base_model=LARGE), base=LARGE)
    made = make_questions(world.team, "첫눈", system_prompt="수필을 쓴다.")

    page = login(world.bob).get(f"{new(world, made)}&job={model.job.uuid}")

    assert page.context["chosen"] == {f"{world.connection.uuid}|{name}" for name in (model.name, LARGE)}
    assert "수필을 쓴다." in page.text
    assert "Start for at most" in page.text


def test_questions_that_the_model_was_trained_on_are_refused(world: World, login: Login) -> None:
    job = make_job(world.team, connection=world.connection, training_file=make_file(world.team))
    model = make_tuned_model(job)
    made = make_questions(world.team, "첫눈", origin="file", training_file=job.training_file)

    answer = login(world.bob).post(new(world, made), filled(world, model.name))

    assert answer.status_code == 422
    assert "These questions were in this model&#x27;s training file" in answer.text


def test_an_unknown_model_has_an_unknown_price(world: World, login: Login, far: ChatSide) -> None:
    client, made = login(world.bob), make_questions(world.team, "첫눈")
    sent = filled(world) | {"models": [], "other_connection": str(world.connection.uuid), "other_model": "mine"}

    page = client.post(new(world, made, "evaluation-price"), sent, headers=HTMX)
    assert "The price of a model is unknown." in page.text
    assert f"The questions are sent to a service outside this portal: 127.0.0.1:{far.port}." in page.text
    client.post(new(world, made), sent | {"shown_usd": "unknown"})

    assert Evaluation.objects.get().cap_nano is None


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_what_each_model_said(world: World, login: Login, far: ChatSide) -> None:
    far.gone = {"gone"}
    row = walk(make_evaluation(world.team, ["one", "gone"], make_questions(world.team, "첫눈", "골목")))
    client = login(world.carol)

    page = client.get(address(world, "evaluation-detail", row.uuid))

    assert "첫눈, one 모델의 답입니다." in page.text
    assert "The model does not exist or you do not have access to it." in page.text
    assert "2 answers failed." in page.text
    assert "evaluation-retry" not in page.text
    one = client.get(address(world, "evaluation-question", row.uuid, Question.objects.get(position=1).pk))
    assert "골목, one 모델의 답입니다." in one.text


def test_a_comparison_with_recorded_answers_says_what_it_shows(world: World, login: Login) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈"))
    where, words = address(world, "evaluation-detail", row.uuid), "they show whether two models answer alike"
    client = login(world.carol)
    assert words not in client.get(where).text

    row.candidates.update(kind=CandidateKind.RECORDED)

    assert words in client.get(where).text


def test_a_lost_answer_says_that_it_may_be_paid_twice(world: World, login: Login) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈"))
    question, candidate = Question.objects.get(), row.candidates.get()
    row.answers.create(question=question, candidate=candidate, position=0, state=ChunkState.UNSURE, odd=True)
    Evaluation.objects.update(state=RunState.DONE, total=1, unsure=1)
    client = login(world.bob)

    page = client.get(address(world, "evaluation-detail", row.uuid)).text

    assert "1 answer got lost on its way: it may have been billed, so it is not repeated by itself." in page
    assert "Ask again about all that got lost (may be paid twice)" in page
    one = client.get(address(world, "evaluation-question", row.uuid, question.pk)).text
    assert "Ask again (may cost twice)" in one


@pytest.mark.django_db(transaction=True)
def test_what_failed_is_asked_again_by_a_person(world: World, login: Login, far: ChatSide) -> None:
    far.gone = {"one"}
    row = walk(make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈", "골목")))
    far.gone = set()

    login(world.bob).post(address(world, "evaluation-retry", row.uuid), {"answer": "failed"})

    assert (walk(row).done, actions()) == (2, ["evaluation.retried"])


@pytest.mark.django_db(transaction=True)
def test_answers_are_downloaded_whole(world: World, login: Login, far: ChatSide) -> None:
    row = walk(make_evaluation(world.team, ["one", "two"], make_questions(world.team, "=눈", "골목")))
    client = login(world.carol)

    table = b"".join(client.get(address(world, "evaluation-csv", row.uuid)))
    whole = json.loads(b"".join(client.get(address(world, "evaluation-json", row.uuid))))

    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert [line["model"] for line in rows] == ["one", "one", "two", "two"]
    assert rows[1]["answer"] == "골목, one 모델의 답입니다."
    assert not rows[0]["question"].startswith("=")
    assert [line["answer"] for line in whole["answers"]][3] == "골목, two 모델의 답입니다."
    assert [one["model"] for one in whole["evaluation"]["candidates"]] == ["one", "two"]


def test_an_open_page_asks_for_news_with_one_query(world: World, login: Login) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈"))
    client, poll = login(world.carol), address(world, "evaluation-poll", row.uuid)

    assert client.get(f"{poll}?since=0").status_code == 204
    Evaluation.objects.update(version=1)
    answer = client.get(f"{poll}?since=0")
    assert answer.status_code == 200
    assert "<html" not in answer.text


@pytest.mark.parametrize(("act", "state"), [("pause", RunState.PAUSED), ("cancel", RunState.CANCELLED)])
def test_pause_and_cancel_leave_a_wish(world: World, login: Login, act: str, state: RunState) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈"))
    Evaluation.objects.update(state=RunState.RUNNING)

    login(world.bob).post(address(world, f"evaluation-{act}", row.uuid))
    step()

    row.refresh_from_db()
    assert row.state == state


def test_another_cap_lets_it_go_on(world: World, login: Login) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈"), cap="0.01")
    Evaluation.objects.update(state=RunState.CAPPED)
    client = login(world.bob)
    assert "Raise it and go on" in client.get(address(world, "evaluation-detail", row.uuid)).text

    client.post(address(world, "evaluation-cap", row.uuid), {"cap": "0.02"})

    row.refresh_from_db()
    assert (row.state, str(row.cap_usd), actions()) == (RunState.RUNNING, "0.02", ["evaluation.capped"])


def test_owners_delete_what_is_over(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈")
    row = make_evaluation(world.team, ["one"], made)
    client = login(world.alice)
    client.post(address(world, "evaluation-delete", row.uuid))
    client.post(address(world, "question-delete", made.uuid))
    assert Evaluation.objects.exists()
    assert QuestionSet.objects.exists()

    Evaluation.objects.update(state=RunState.CANCELLED)
    client.post(address(world, "evaluation-delete", row.uuid))
    client.post(address(world, "question-delete", made.uuid))

    assert not Evaluation.objects.exists()
    assert not Question.objects.exists()
    assert actions() == ["evaluation.deleted", "questions.deleted"]


def test_a_page_of_many_answers_has_a_constant_number_of_queries(world: World, login: Login) -> None:
    client = login(world.carol)

    def queries(count: int) -> int:
        made = make_questions(world.team, *(f"질문 {n}" for n in range(count)))
        row = make_evaluation(world.team, ["one", "two"], made)
        candidates, found = list(row.candidates.all()), list(made.questions.all())
        pairs = [(candidate, question) for candidate in candidates for question in found]
        Answer.objects.bulk_create(
            Answer(evaluation=row, candidate=one, question=asks, position=place, state=ChunkState.DONE, answer="답")
            for place, (one, asks) in enumerate(pairs)
        )
        with CaptureQueriesContext(database) as seen:
            page = client.get(address(world, "evaluation-detail", row.uuid))
        assert len(page.context["rows"]) == min(count, 50)
        return len(seen)

    assert queries(3) == queries(120)


def test_what_was_seen_of_an_answer_is_below_it() -> None:
    with translation.override("ko"):
        seen = scored({"chrf": 61.04, "keywords": 3, "covered": 2, "copied": True, "loops": False, "refusal": True})
        missing = scored({"characters": 3})

    assert "chrF 61.0 · 쓰인 핵심어 2 / 3" in seen
    assert [word for word in ("베낌", "되풀이", "거절") if word in seen] == ["베낌", "거절"]
    assert seen.count("<svg") == 2
    assert "chrF" not in missing
    assert scored({}) == ""


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("가나다", 3, "가나다"), ("가나다라", 3, "가나…"), ("", 3, ""), (None, 9, "None")]
)
def test_a_long_text_is_cut(text: Any, most: int, shown: str) -> None:
    assert cut(text, most) == shown
