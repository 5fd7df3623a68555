""" "Where is this text?" finds questions and answers of evaluations, and an owner empties them."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from jobs.models import Answer, AuditEntry, Evaluation, Question, QuestionSet, Search
from jobs.pipeline import passages, searching
from jobs.run_states import ChunkState, RunState
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db
MANY = 10_000
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
    assert "type how many sets of questions it goes from, all saved prompts as one" in page


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


def test_the_verdict_stays_and_the_act_is_in_the_audit(world: World, login: Login) -> None:
    verdict = {"measure": "chrf", "pairs": [], "figures": {"0": {"answers": 2, "chrf": 41.5}}}
    row = evaluated(world, verdict=verdict, spent_nano=7_000)

    forgotten(world, login, searched(world))

    row.refresh_from_db()
    assert (row.verdict, row.spent_nano, row.answers.count()) == (verdict, 7_000, 2)
    entries = AuditEntry.objects.filter(action__startswith="passage").order_by("pk")
    assert [entry.actor for entry in entries] == [world.alice] * len(entries)
    assert not any(PASSAGE in f"{entry.before} {entry.after} {entry.subject}" for entry in entries)
    assert "passage.forgotten" in [entry.action for entry in entries]


@pytest.fixture
def few_values(db: None) -> Iterator[None]:
    """Have a statement of SQLite take no more values than 2,000; as Debian builds it, it takes 250,000."""
    if database.vendor != "sqlite":
        yield
        return
    database.ensure_connection()
    before = database.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 2_000)
    yield
    database.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)


@pytest.mark.usefixtures("few_values")
def test_ten_thousand_answers_are_searched_and_emptied_in_a_moment(world: World, login: Login) -> None:
    made = make_questions(world.team, *(f"{n}: {PASSAGE}" for n in range(MANY)))
    row = make_evaluation(world.team, ["one"], made)
    [candidate] = row.candidates.all()
    about = {"evaluation": row, "candidate": candidate, "state": ChunkState.DONE, "answer": f"그날 {PASSAGE}." * 10}
    rows = (Answer(question=one, position=one.position, **about) for one in made.questions.all())
    Answer.objects.bulk_create(rows, batch_size=1000)
    Evaluation.objects.update(state=RunState.DONE, due_at=None)
    began = time.process_time()
    search = searched(world)
    seconds = time.process_time() - began
    forgotten(world, login, search)

    assert [(entry["questions"], entry["answers"]) for entry in search.evaluations] == [(MANY, MANY)]
    assert seconds < 10
    assert not Answer.objects.exclude(answer="").exists()
    assert not Question.objects.exclude(messages=[]).exists()
