""" "Where is this text?" finds questions and answers of evaluations, and an owner empties them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Answer, Evaluation, Question, QuestionSet, Search
from jobs.pipeline import passages, searching
from jobs.run_states import ChunkState, RunState
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db
PASSAGE = "함박눈이 밤새 소리 없이 내려 쌓였다"


def evaluated(world: World, **fields: Any) -> Evaluation:
    """Two questions, of which the second and the first's answer hold the passage."""
    made = make_questions(world.team, "첫 질문", f"이어서 써 줘: {PASSAGE}.")
    row = make_evaluation(world.team, ["one"], made)
    for place, text in enumerate((f"그날 {PASSAGE}.", "다른 이야기였다.")):
        question = made.questions.get(position=place)
        about = {"question": question, "position": place, "state": ChunkState.DONE, "scores": {"chrf": 1}}
        row.answers.create(candidate=row.candidates.get(), answer=text, **about)
    Evaluation.objects.update(state=RunState.DONE, due_at=None, **fields)
    return row


def searched(world: World) -> Search:
    search = searching.order(world.team, world.alice, PASSAGE)
    passages.work(search)
    return Search.objects.get(pk=search.pk)


def forgotten(world: World, login: Login, search: Search) -> Search:
    client = login(world.alice)
    where = reverse("passage-forget", args=[world.team.slug, search.uuid])
    assert client.post(where, {"examples": 1}).status_code == 302
    passages.work(Search.objects.get(pk=search.pk))
    return Search.objects.get(pk=search.pk)


def test_questions_and_answers_are_found(world: World, login: Login) -> None:
    row = evaluated(world)

    search = searched(world)

    made = row.candidates.get().question_set
    entry = {"set": str(made.uuid), "questions": 1, "answers": 1, "prompts": 0, "act": "", "why": ""}
    assert search.evaluations == [entry]
    page = login(world.alice).get(reverse("passage-detail", args=[world.team.slug, search.uuid])).text
    assert "Questions and answers that hold it" in page
    assert "type how many sets of questions it goes from" in page


def test_another_teams_questions_are_not_looked_at(world: World) -> None:
    make_questions(world.mallory.ensure_team(), PASSAGE)

    assert searched(world).evaluations == []


def test_they_are_emptied_and_the_figures_stay(world: World, login: Login) -> None:
    row = evaluated(world)
    QuestionSet.objects.update(system_prompt=PASSAGE, options={"lines": PASSAGE, "seed": 1})

    search = forgotten(world, login, searched(world))

    assert [entry["act"] for entry in search.evaluations] == ["done"]
    assert list(Question.objects.values_list("messages", flat=True)) == [[{"role": "user", "content": "첫 질문"}], []]
    assert list(Answer.objects.values_list("answer", "scores")) == [("", {}), ("", {})]
    made = QuestionSet.objects.get()
    assert (PASSAGE in made.system_prompt, made.options) == (False, {"seed": 1})
    assert searched(world).evaluations == []
    page = login(world.carol).get(reverse("evaluation-detail", args=[world.team.slug, row.uuid]))
    assert page.status_code == 200


def test_what_is_being_asked_stays_and_is_named(world: World, login: Login) -> None:
    evaluated(world)
    Evaluation.objects.update(state=RunState.PAUSED)

    search = forgotten(world, login, searched(world))

    assert [(entry["act"], entry["why"]) for entry in search.evaluations] == [("kept", "needed")]
    assert Answer.objects.filter(answer__contains=PASSAGE).exists()
