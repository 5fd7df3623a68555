"""The report of an evaluation and of a rescue: the verdict with its numbers, the first answers, who signed off."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from jobs.models import Answer, CandidateKind, Evaluation, EvaluationKind, Judging, Question, RemoteModel
from jobs.pipeline.evaluations.verdicts import verdict_of
from jobs.run_states import ChunkState, RunState
from jobs.views.evaluations.report import MOST_ANSWERS, MOST_CHARACTERS, MOST_QUESTIONS
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_file, make_job
from tests.judging import make_judging
from tests.test_evaluation_pages import address
from tests.test_evaluation_scoring import GOOD, answered

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db


def scored(world: World, **fields: Any) -> Evaluation:
    """Done, with a model that is closer than its base in each of eight questions."""
    row = answered(world.team, GOOD, tuple(f"{text[:4]} 아니다" for text in GOOD))
    row.candidates.filter(position=1).update(kind=CandidateKind.BASE)
    row.answers.filter(candidate__position=0).update(scores={"chrf": 90.0, "characters": 20})
    row.answers.filter(candidate__position=1).update(scores={"chrf": 9.0, "characters": 8})
    about = {"state": RunState.DONE, "total": 16, "done": 16, "estimate": {"usd": "0.02"}, "spent_nano": 2_100_000}
    Evaluation.objects.filter(pk=row.pk).update(
        **about | {"verdict": verdict_of(row), "created_by": world.bob} | fields
    )
    row.refresh_from_db()
    return row


def report(client: Client, world: World, row: Evaluation, query: str = "") -> str:
    return client.get(address(world, "evaluation-report", row.uuid) + query).text


def test_the_verdict_comes_with_interval_and_numbers(world: World, login: Login) -> None:
    page = report(login(world.carol), world, scored(world))

    assert "in 100% of 8 questions (95%: 69–100)" in page
    assert "Questions compared: 8 · better: 8 · worse: 0 · no difference: 0" in page
    assert "$0.0021" in page
    assert "bob" in page
    assert page.count('<article class="report-question">') == 8
    assert "not printed" not in page


@pytest.mark.parametrize(("query", "language", "words"), [
    ("", "en", "What was asked of whom"), ("?language=ko", "ko", "무엇을 어느 모델에 물었나"),
    ("?language=en", "en", "What was asked of whom"), ("?language=xx", "en", "What was asked of whom"),
    ("?language=ko&language=en", "en", "What was asked of whom"),
])  # fmt: skip
def test_the_language_is_chosen_on_the_page(world: World, login: Login, query: str, language: str, words: str) -> None:
    answer = login(world.carol).get(address(world, "evaluation-report", scored(world).uuid) + query)

    assert words in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert answer["Content-Language"] == language
    assert translation.get_language() == "en"


def test_the_korean_report_has_korean_sentences(world: World, login: Login) -> None:
    page = report(login(world.carol), world, scored(world), "?language=ko")

    assert "질문 8개 가운데 100%에서 좋은 답에 더 가깝습니다" in page
    assert "기반 모델" in page


def test_a_judge_and_a_file_of_examples_are_named_with_what_they_cost(world: World, login: Login) -> None:
    row = scored(world)
    row.candidates.filter(position=0).update(examples_file=make_file(world.team, name="보기.jsonl"), few_shot=3)
    judging = make_judging(row, "심판 모델")
    Judging.objects.filter(pk=judging.pk).update(state=RunState.DONE, spent_nano=30_000_000, estimate={"usd": "1"})

    page = " ".join(report(login(world.carol), world, row).split())

    assert "examples from: 보기.jsonl (3)" in page
    assert "<code>심판 모델</code> · Practice trainer · Done · $0.03 · ₩" in page


def test_a_long_answer_is_cut_and_it_says_so(world: World, login: Login) -> None:
    row = scored(world)
    row.answers.filter(position=0).update(answer="가" * (MOST_CHARACTERS + 1200))

    page = report(login(world.carol), world, row)

    assert "가" * MOST_CHARACTERS in page
    assert "가" * (MOST_CHARACTERS + 1) not in page
    assert "1,200 more characters are in the CSV file." in page


def test_what_a_model_writes_is_no_markup(world: World, login: Login) -> None:
    row = scored(world)
    row.answers.update(answer="<script>alert(1)</script>", state=ChunkState.DONE)
    Question.objects.update(messages=[{"role": "user", "content": "<img src=x>"}], reference="<b>")

    page = report(login(world.carol), world, row)

    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<b>" not in page


def test_what_never_came_is_said(world: World, login: Login) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈"))
    question, candidate = Question.objects.get(), row.candidates.get()
    row.answers.create(
        question=question, candidate=candidate, position=0, state=ChunkState.FAILED, trouble="No such model"
    )
    client = login(world.carol)

    assert "There is no verdict: the evaluation has not come to its end." in report(client, world, row)
    Evaluation.objects.update(state=RunState.DONE)
    page = report(client, world, row)

    assert "There is no verdict: only one model was asked." in page
    assert "Failed: <span data-service>No such model</span>" in page


def many(world: World, count: int) -> Evaluation:
    made = make_questions(world.team, *(f"질문 {n}" for n in range(count)))
    row = make_evaluation(world.team, ["one", "two"], made)
    candidates, found = list(row.candidates.all()), list(made.questions.all())
    pairs = [(candidate, question) for candidate in candidates for question in found]
    Answer.objects.bulk_create(
        Answer(
            evaluation=row, candidate=one, question=asks, position=place, state=ChunkState.DONE, answer="첫눈이 왔다"
        )
        for place, (one, asks) in enumerate(pairs)
    )
    return row


def test_a_report_of_many_answers_is_bounded_and_says_so(world: World, login: Login) -> None:
    client = login(world.carol)

    def queries(count: int) -> tuple[int, str]:
        row = many(world, count)
        with CaptureQueriesContext(database) as seen:
            page = report(client, world, row)
        assert page.count('<article class="report-question">') == min(count, MOST_QUESTIONS)
        assert page.count('<div class="report-answer">') <= MOST_ANSWERS
        return len(seen), page

    (few, _page), (more, page) = queries(3), queries(500)

    assert few == more
    assert "Printed: the first 60 of 500 questions." in page
    assert "440 more questions are not printed." in page
    assert f"http://testserver{address(world, 'evaluation-csv', Evaluation.objects.latest('pk').uuid)}" in page


def test_a_recording_has_no_verdict_and_each_model_its_answers(world: World, login: Login) -> None:
    row = many(world, 4)
    other = make_questions(world.team, "골목", name="둘째")
    second = row.candidates.get(position=1)
    row.candidates.filter(pk=second.pk).update(question_set=other)
    row.answers.filter(candidate=second, position=4).update(question=other.questions.get(), answer="다른 답")
    row.answers.filter(candidate=second, position__gt=4).delete()
    Evaluation.objects.update(kind=EvaluationKind.RECORDING, state=RunState.DONE)

    page = report(login(world.carol), world, row)

    assert "Did it get better?" not in page
    assert page.count('<article class="report-question">') == 5
    assert page.count('<div class="report-answer">') == 5
    assert "<ins>" not in page


@pytest.mark.parametrize(("models", "repetitions"), [(8, 1), (2, 5), (8, 10)])
def test_many_models_and_repetitions_print_fewer_questions(
    world: World, login: Login, models: int, repetitions: int
) -> None:
    row = make_evaluation(world.team, ["one"] * models, make_questions(world.team, *"abcdefghijklmnopqrs"))
    Evaluation.objects.update(repetitions=repetitions)

    page = report(login(world.carol), world, row)

    assert page.count('<article class="report-question">') == max(1, MOST_ANSWERS // (models * repetitions))


def rescued(world: World, comparison: Evaluation | None, **fields: Any) -> RemoteModel:
    about = {"name": "ft:old", "base": "gpt-4o-mini", "shutdown_date": datetime(2027, 1, 14, tzinfo=UTC).date()}
    return RemoteModel.objects.create(
        team=world.team, connection=world.connection, comparison=comparison, **about | fields
    )


def test_the_report_of_a_rescue_has_steps_parity_and_the_word_of_an_owner(world: World, login: Login) -> None:
    row = scored(world)
    row.candidates.filter(position=1).update(kind=CandidateKind.RECORDED)
    Evaluation.objects.update(verdict=verdict_of(row))
    signed = {"signed_by": world.alice, "signed_at": timezone.now(), "sign_note": "새 모델로 옮겼다 <b>"}
    model = rescued(world, row, job=make_job(world.team, connection=world.connection), **signed)

    page = login(world.carol).get(address(world, "rescue-report", model.uuid)).text

    assert "<h1" in page
    assert "ft:old" in page
    assert "they show whether two models answer alike" in page
    assert "in 100% of 8 questions (95%: 69–100)" in page
    assert "새 모델로 옮겼다 &lt;b&gt;" in page
    assert "alice" in page
    of_evaluation = report(login(world.carol), world, row)
    assert "새 모델로 옮겼다 &lt;b&gt;" in of_evaluation


def test_the_report_of_a_model_that_was_not_compared_says_so(world: World, login: Login) -> None:
    page = login(world.carol).get(address(world, "rescue-report", rescued(world, None).uuid)).text

    assert "Recorded answers have not been compared with those of a new model yet." in page
    assert "Nobody has signed off yet." in page


def test_the_page_of_a_rescued_model_says_the_parity_sentence(world: World, login: Login) -> None:
    row = scored(world)
    row.candidates.filter(position=1).update(kind=CandidateKind.RECORDED)
    Evaluation.objects.update(verdict=verdict_of(row))

    page = login(world.carol).get(address(world, "rescue-model", rescued(world, row).uuid)).text

    assert "Closer to the good answers than model-1 in 100% of 8 questions (95%: 69–100)." in page


def test_both_reports_are_linked(world: World, login: Login) -> None:
    row = scored(world)
    model = rescued(world, row)
    client = login(world.carol)

    assert (
        address(world, "evaluation-report", row.uuid) in client.get(address(world, "evaluation-detail", row.uuid)).text
    )
    assert address(world, "rescue-report", model.uuid) in client.get(address(world, "rescue-model", model.uuid)).text
