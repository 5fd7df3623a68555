"""After the last answer: scores, copies, leaks, and a verdict that names a winner only where there is one."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    Evaluation,
    EvaluationKind,
    Question,
    QuestionSet,
    Team,
    TrainingFile,
)
from jobs.pipeline.evaluations import leaking, scoring, working
from jobs.run_states import ChunkState, RunState
from jobs.verdict_words import sentence
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_file, make_job, make_tuned_model

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = (
    "첫눈이 골목에 내려 발소리가 작아졌다.",
    "붕어빵을 반으로 갈라 할머니께 드렸다.",
    "버스를 놓친 아침, 목도리가 따뜻했다.",
    "등대 불빛이 파도를 천천히 쓸고 갔다.",
    "우체통 앞에서 편지를 다시 읽었다.",
    "다락방 상자에서 사진 한 장이 나왔다.",
    "호수가 얼어 아무도 나루터에 오지 않았다.",
    "시장 골목에서 생선 굽는 냄새가 났다.",
)
OTHER = "Nothing of that kind was written here."
LONG = "그해 겨울 우리는 강가의 낡은 집에서 지냈고 아침마다 얼음을 깨어 물을 길었으며 밤에는 난로 곁에서 책을 읽었다."


def answered(team: Team, *answers: tuple[str, ...], **fields: Any) -> Evaluation:
    """An evaluation that is done: what each candidate said to each question, the last one a base."""
    count = len(answers[0])
    made = make_questions(team, *(f"질문 {n}" for n in range(count)))
    for question, good in zip(made.questions.all(), GOOD * count, strict=False):
        Question.objects.filter(pk=question.pk).update(reference=good)
    row = make_evaluation(team, [f"model-{n}" for n in range(len(answers))], made, **fields)
    places = list(made.questions.all())
    for candidate, texts in zip(row.candidates.all(), answers, strict=True):
        for place, (question, text) in enumerate(zip(places, texts, strict=True)):
            about = {"position": candidate.position * count + place, "state": ChunkState.DONE}
            Answer.objects.create(evaluation=row, candidate=candidate, question=question, answer=text, **about)
    row.candidates.filter(position=len(answers) - 1).update(kind=CandidateKind.BASE)
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.DONE, score_due_at=timezone.now(), due_at=None)
    return Evaluation.objects.get(pk=row.pk)


def score(row: Evaluation) -> Evaluation:
    for pk in scoring.due():
        scoring.score(Evaluation.objects.get(pk=pk))
    row.refresh_from_db()
    return row


def words(row: Evaluation) -> str:
    with translation.override("en"):
        return sentence(row.verdict["pairs"][0])


def test_a_model_that_writes_what_is_wanted_is_called_better(world: World) -> None:
    row = score(answered(world.team, GOOD, (OTHER,) * 8))

    assert (row.verdict["measure"], row.score_due_at) == ("chrf", None)
    pair = row.verdict["pairs"][0]
    assert (pair["wins"], pair["losses"], pair["conclusion"]) == (8, 0, "better")
    assert words(row).startswith("Closer to the good answers than model-1 in 100% of 8 questions (95%: ")
    assert row.verdict["figures"]["0"]["chrf"] == 100
    assert row.answers.get(position=0).scores["chrf"] == 100


def test_the_page_marks_what_is_ahead(world: World, login: Login) -> None:
    row = score(answered(world.team, (*GOOD[:7], OTHER), (OTHER,) * 8))

    page = login(world.carol).get(reverse("evaluation-detail", args=[world.team.slug, row.uuid]))

    assert [[bool(cell.get("best")) for cell in shown["cells"]] for shown in page.context["rows"]] == [
        *([[True, False]] * 7),
        [False, False],
    ]
    assert "Closer to the good answers than model-1 in 100% of 7 questions" in page.text


def test_three_questions_are_too_few_to_tell(world: World) -> None:
    row = score(answered(world.team, GOOD[:3], (OTHER,) * 3))

    assert row.verdict["pairs"][0]["conclusion"] == "too_few"
    assert words(row).startswith("Too few questions to tell whether it is better than model-1: so far in 100% of 3")
    assert "questions would be needed." in words(row)


def test_no_winner_where_both_say_the_same(world: World) -> None:
    row = score(answered(world.team, GOOD, GOOD))

    assert row.verdict["pairs"][0]["winner"] == ""
    assert "In 8 questions there was no difference." in words(row)


def test_a_worse_model_is_called_worse(world: World) -> None:
    row = score(answered(world.team, (OTHER,) * 8, GOOD))

    assert words(row).startswith("Less close to the good answers than model-1 in 100% of 8 questions")


def test_a_copier_is_called_one(world: World) -> None:
    line = {"messages": [{"role": "user", "content": "겨울"}, {"role": "assistant", "content": LONG}]}
    file = make_file(world.team, json.dumps(line, ensure_ascii=False).encode() + b"\n")
    row = answered(world.team, (LONG,) * 8, GOOD)
    tuned = make_tuned_model(make_job(world.team, connection=world.connection, training_file=file))
    Candidate.objects.filter(evaluation=row, position=0).update(tuned_model=tuned)

    score(row)

    scores = row.answers.get(position=0).scores
    assert (scores["copied"], scores["copy_line"]) == (True, 1)
    assert "100% of its answers are copied from its training file." in words(row)


def test_simulated_models_are_called_so(world: World) -> None:
    row = answered(world.team, GOOD, (OTHER,) * 8)
    row.candidates.update(engine="simulated")

    assert "Simulated: this shows how the page works" in words(score(row))


def test_only_new_answers_are_scored_again(world: World) -> None:
    row = score(answered(world.team, GOOD, (OTHER,) * 8))
    row.answers.filter(position=0).update(scores={"characters": 1, "chrf": 42.0})
    row.answers.filter(position=1).update(scores={})
    Evaluation.objects.update(score_due_at=timezone.now())

    score(row)

    assert [answer.scores["chrf"] for answer in row.answers.all()[:2]] == [42.0, 100]


def test_a_killed_scorer_is_replaced(world: World) -> None:
    row = answered(world.team, GOOD, (OTHER,) * 8)
    lease = scoring.Lease(row)
    lease.write()
    assert scoring.due() == []

    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=True):
        assert score(row).verdict["pairs"]
    with pytest.raises(scoring.LeaseLostError):
        lease.write(verdict={})


def leaky(world: World, **fields: Any) -> tuple[Evaluation, TrainingFile]:
    """An evaluation by a question that its model was trained on, in other spacing."""
    said = "우체통 앞에서 겨울 편지를 두 번 읽은 날을 써 줘"
    line = {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": GOOD[4]}]}
    file = make_file(world.team, json.dumps(line, ensure_ascii=False).encode() + b"\n", name="수필.jsonl")
    made: QuestionSet = make_questions(world.team, f"{said}.", "등대에 부는 바람을 묘사해 줘")
    row = make_evaluation(world.team, ["one"], made, **fields)
    tuned = make_tuned_model(make_job(world.team, connection=world.connection, training_file=file))
    row.candidates.update(tuned_model=tuned, kind=CandidateKind.TUNED)
    return row, file


def test_questions_that_leak_are_refused_before_anything_is_sent(world: World) -> None:
    row, _file = leaky(world)

    working.work(row)

    row.refresh_from_db()
    assert (row.state, row.trouble, row.answers.count()) == (RunState.FAILED, leaking.LEAKED, 0)
    leak = {"model": "one", "file": "수필.jsonl", "lines": [1], "questions": 1}
    assert row.verdict == {"leaks": [leak]}


def test_a_recording_may_have_the_questions_of_the_training_file(world: World) -> None:
    row, _file = leaky(world, kind=EvaluationKind.RECORDING)

    working.work(row)

    row.refresh_from_db()
    assert (row.state, row.answers.count()) == (RunState.RUNNING, 2)


def test_a_training_file_that_is_gone_leaks_nothing(world: World) -> None:
    row, file = leaky(world)
    file.path.unlink()

    working.work(row)

    row.refresh_from_db()
    assert row.state == RunState.RUNNING
