"""Blind votes: nobody sees whose an answer is, nobody votes twice, and what all say becomes a verdict."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from jobs.models import Answer, CandidateKind, Choice, Evaluation, User, Vote
from jobs.pipeline.evaluations import scoring
from jobs.pipeline.evaluations.voting import Ballot, Booth
from jobs.run_states import ChunkState, RunState
from jobs.verdict_words import sentence
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)


def answered(world: World, count: int = 8, same: int = 0) -> Evaluation:
    """A tuned model and its base, of which the last `same` answers are word for word the same."""
    made = make_questions(world.team, *(f"질문 {n}" for n in range(count)))
    row = make_evaluation(world.team, ["ours", "base"], made)
    for candidate in row.candidates.all():
        for place, question in enumerate(made.questions.all()):
            text = f"답 {place}" if place >= count - same else f"{candidate.model} {place}"
            about = {"position": candidate.position * count + place, "state": ChunkState.DONE, "answer": text}
            Answer.objects.create(evaluation=row, candidate=candidate, question=question, **about)
    row.candidates.filter(model="base").update(kind=CandidateKind.BASE)
    Evaluation.objects.update(state=RunState.DONE, due_at=None, done=2 * count)
    row.refresh_from_db()
    return row


def vote_all(row: Evaluation, user: User, model: str) -> None:
    """Prefer every answer of `model`, by the side that it is shown on."""
    booth = Booth(row, user)
    while ballot := booth.next():
        side = "left" if ballot.left.answer.startswith(model) else "right"
        assert booth.cast((ballot.question.pk, ballot.a, ballot.b), side)
        booth = Booth(row, user)


def shown(ballot: Ballot | None) -> Ballot:
    assert ballot
    return ballot


def test_every_pair_is_shown_once_in_an_order_that_tells_nothing(world: World) -> None:
    row = answered(world, 40)

    booth = Booth(row, world.bob)

    swapped = [booth.is_swapped(place) for place in booth.all]
    assert len(booth.all) == 40
    assert 8 < sum(swapped) < 32
    assert booth.all != Booth(row, world.alice).all


def test_the_page_does_not_say_whose_answers_they_are(world: World, login: Login) -> None:
    row = answered(world)
    Answer.objects.update(answer="가나다")
    Answer.objects.filter(candidate__model="base").update(answer="라마바")

    page = login(world.bob).get(reverse("evaluation-vote", args=[world.team.slug, row.uuid])).text

    assert "가나다" in page
    assert "라마바" in page
    assert "ours" not in page
    assert "base</" not in page


def test_a_vote_counts_for_the_model_on_that_side(world: World, login: Login) -> None:
    row = answered(world)
    where = reverse("evaluation-vote", args=[world.team.slug, row.uuid])
    client = login(world.bob)
    ballot = client.get(where).context["ballot"]
    sent = {"question": ballot.question.pk, "a": ballot.a, "b": ballot.b, "side": "left"}

    for _click in range(2):
        assert client.post(where, sent).status_code == 302

    vote = Vote.objects.get()
    assert vote.choice == (Choice.A if ballot.left.answer.startswith("ours") else Choice.B)
    assert (vote.user, client.get(where).context["done"]) == (world.bob, 1)
    assert client.get(where).context["ballot"].question != ballot.question


def test_what_people_prefer_becomes_the_verdict(world: World, login: Login) -> None:
    row = answered(world)
    vote_all(row, world.alice, "ours")
    vote_all(row, world.bob, "ours")

    row.refresh_from_db()

    with translation.override("en"):
        words = sentence(row.verdict["votes"][0])
    assert words.startswith("People prefer it to base in 100% of 8 questions (95%: ")
    assert "2 members voted." in words
    page = login(world.carol).get(reverse("evaluation-detail", args=[world.team.slug, row.uuid])).text
    assert "People prefer it to base" in page


def test_members_who_disagree_make_no_winner(world: World) -> None:
    row = answered(world)
    vote_all(row, world.alice, "ours")
    vote_all(row, world.bob, "base")

    row.refresh_from_db()

    assert (row.verdict["votes"][0]["winner"], row.verdict["votes"][0]["ties"]) == ("", 8)


def test_scores_leave_the_votes_alone(world: World) -> None:
    row = answered(world)
    vote_all(row, world.alice, "ours")
    Evaluation.objects.update(score_due_at=timezone.now())

    scoring.score(Evaluation.objects.get())

    row.refresh_from_db()
    assert row.verdict["votes"][0]["wins"] == 8
    assert row.verdict["figures"]


def test_two_members_at_once_are_both_counted(world: World) -> None:
    row = answered(world)

    def work(user: User) -> None:
        vote_all(row, user, "ours")
        database.close()

    workers = [Thread(target=work, args=(user,)) for user in (world.alice, world.bob)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    row.refresh_from_db()
    assert Vote.objects.count() == 16
    assert (row.verdict["votes"][0]["people"], row.verdict["votes"][0]["wins"]) == (2, 8)


def test_the_last_vote_can_be_taken_back(world: World, login: Login) -> None:
    row = answered(world)
    booth = Booth(row, world.bob)
    first = shown(booth.next())
    booth.cast((first.question.pk, first.a, first.b), "tie")

    login(world.bob).post(reverse("evaluation-vote-back", args=[world.team.slug, row.uuid]))

    row.refresh_from_db()
    assert (Vote.objects.count(), row.verdict["votes"]) == (0, [])
    assert shown(Booth(row, world.bob).next()).question == first.question


def test_the_same_words_are_no_choice(world: World) -> None:
    row = answered(world, 4, same=4)

    booth = Booth(row, world.bob)

    assert (booth.all, booth.next()) == ([], None)


@pytest.mark.parametrize("sent", [{}, {"question": "x", "a": "1", "b": "9" * 30, "side": "left"}, {"side": "middle"}])
def test_a_vote_on_nothing_is_not_counted(world: World, login: Login, sent: dict[str, Any]) -> None:
    row = answered(world)
    ballot = shown(Booth(row, world.bob).next())
    about = {"question": ballot.question.pk, "a": ballot.a, "b": ballot.b} if sent.get("side") == "middle" else {}

    answer = login(world.bob).post(reverse("evaluation-vote", args=[world.team.slug, row.uuid]), {**about, **sent})

    assert answer.status_code == 302
    assert not Vote.objects.exists()
