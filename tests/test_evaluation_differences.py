"""Answers beside each other: what only one of them has is marked, and nothing of a model becomes markup."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from jobs.models import CandidateKind, Evaluation
from tests.conftest import World
from tests.test_evaluation_pages import address
from tests.test_evaluation_scoring import answered

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)


def shown(client: Client, world: World, row: Evaluation, query: str = "") -> list[str]:
    """The answers of the first question's page, as HTML."""
    place = row.candidates.all()[0].question_set.questions.all()[0].pk
    page = client.get(address(world, "evaluation-question", row.uuid, place) + query).text
    return re.findall(r'<p class="prewrap anywhere" lang="">(.*?)</p>', page, re.DOTALL)


def compared(world: World, *texts: str, scores: dict[str, object] | None = None) -> Evaluation:
    row = answered(world.team, *((text,) for text in texts))
    row.candidates.filter(position=len(texts) - 1).update(kind=CandidateKind.BASE)
    row.answers.filter(candidate__position=0).update(scores=scores or {})
    return row


def test_of_two_answers_both_are_marked(world: World, login: Login) -> None:
    row = compared(world, "첫눈이 온 저녁, 골목에 섰다.", "첫눈이 오던 저녁, 골목에 섰다.")

    found = shown(login(world.carol), world, row)

    assert found == [
        "첫눈이 <ins>온</ins> 저녁, 골목에 섰다.",
        "첫눈이 <del>오던</del> 저녁, 골목에 섰다.",
    ]


def test_what_a_model_writes_is_no_markup(world: World, login: Login) -> None:
    row = compared(world, "눈 <script>alert(1)</script> & 비", "눈 <ins>비</ins>")

    found = "".join(shown(login(world.carol), world, row))

    assert "<script" not in found
    assert "&lt;" in found
    assert re.sub(r"</?(?:ins|del)>", "", found).count("<") == 0


def test_copied_words_are_marked_within_the_difference(world: World, login: Login) -> None:
    row = compared(world, "가 나 다 라", "가 다", scores={"copied": True, "copy_span": [2, 5], "copy": 30})

    assert shown(login(world.carol), world, row)[0] == "가 <ins><mark>나</mark></ins><mark> 다</mark> <ins>라</ins>"


def test_nothing_in_common_is_said_and_not_marked(world: World, login: Login) -> None:
    row = compared(world, "눈이 온다", "비가 간다")
    client = login(world.carol)
    place = row.candidates.all()[0].question_set.questions.all()[0].pk

    assert shown(client, world, row) == ["눈이 온다", "비가 간다"]
    assert "No word in common." in client.get(address(world, "evaluation-question", row.uuid, place)).text


@pytest.mark.parametrize("query", ["", "?with=9", "?with=x", "?with="])
def test_of_three_answers_two_are_beside_the_base(world: World, login: Login, query: str) -> None:
    row = compared(world, "눈 하나", "눈 둘", "눈 셋")

    found = shown(login(world.carol), world, row, query)

    assert found == ["눈 <ins>하나</ins>", "눈 <ins>둘</ins>", "눈 셋"]


def test_another_model_can_be_the_one_compared_with(world: World, login: Login) -> None:
    row = compared(world, "눈 하나", "눈 둘", "눈 하나")

    assert shown(login(world.carol), world, row, "?with=0") == ["눈 하나", "눈 <ins>둘</ins>", "눈 하나"]
