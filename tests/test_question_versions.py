"""Another version of a set of questions: made on a page, linked both ways; what an evaluation asked stays as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs.models import AuditEntry, Question, QuestionSet, QuestionState
from jobs.pipeline.evaluations import questions, versions
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_file

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db


def url(world: World, made: QuestionSet, page: str = "question-change") -> str:
    return reverse(page, args=[world.team.slug, made.uuid])


def filled(made: QuestionSet, **fields: Any) -> dict[str, Any]:
    return {"name": made.name, "system_prompt": made.system_prompt, **fields}


def changed(world: World, login: Login, made: QuestionSet, **fields: Any) -> QuestionSet:
    """The next version, made."""
    answer = login(world.bob).post(url(world, made), filled(made, **fields))
    assert answer.status_code == 302, answer.text
    new = made.later.get()
    assert answer["Location"] == url(world, new, "question-detail")
    questions.make(new)
    new.refresh_from_db()
    return new


def texts(made: QuestionSet) -> list[str]:
    return [messages[-1]["content"] for messages in made.questions.values_list("messages", flat=True)]


def test_a_locked_set_opens_its_lines_and_makes_the_next_version(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈은?", "골목은?", locked_at=timezone.now())
    evaluation = make_evaluation(world.team, ["one"], made)
    made.questions.filter(position=0).update(reference="첫눈이 왔다.", line=7)
    form = login(world.bob).get(url(world, made)).context["form"]
    assert form["lines"].value() == "첫눈은?\n골목은?"

    new = changed(world, login, made, lines="첫눈은?\r\n골목 끝은?\r\n등대는?")

    assert (new.number, new.before, new.origin, new.state, new.count) == (2, made, "lines", QuestionState.READY, 3)
    kept = list(new.questions.values_list("reference", "line"))
    assert (texts(new), kept) == (["첫눈은?", "골목 끝은?", "등대는?"], [("첫눈이 왔다.", 7), ("", None), ("", None)])
    assert texts(made) == ["첫눈은?", "골목은?"]
    assert {candidate.question_set for candidate in evaluation.candidates.all()} == {made}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before, entry.after["number"]) == ("questions.changed", {"number": 1}, 2)


def test_versions_are_linked_both_ways_and_only_the_last_is_offered(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈은?")
    new = changed(world, login, made, lines="등대는?")
    client = login(world.bob)

    old_page, new_page = (client.get(url(world, one, "question-detail")).text for one in (made, new))

    assert url(world, new, "question-detail") in old_page
    assert url(world, made, "question-detail") in new_page
    assert url(world, made) not in old_page
    assert url(world, new) in new_page
    offered = client.get(reverse("evaluation-new", args=[world.team.slug])).text
    assert f"questions={new.uuid}" in offered
    assert f"questions={made.uuid}" not in offered
    again = client.get(f"{reverse('evaluation-new', args=[world.team.slug])}?questions={made.uuid}")
    assert again.context["questions"] == made


def test_an_older_version_is_not_changed_and_two_clicks_make_one(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈은?")
    client, sent = login(world.bob), filled(made, lines="등대는?")

    first, second = (client.post(url(world, made), sent) for _ in range(2))

    new = made.later.get()
    assert first["Location"] == second["Location"] == url(world, new, "question-detail")
    assert client.get(url(world, made))["Location"] == url(world, new, "question-detail")
    assert versions.order(made, world.bob, lines="x", leave=None, name="n", system_prompt="") is None


def long_ones(world: World, **fields: Any) -> QuestionSet:
    """Three questions that are no lines, with good answers."""
    made = make_questions(world.team, "하나\n둘", "셋\n넷", "다섯\n여섯", origin="held_out", **fields)
    for question in made.questions.all():
        Question.objects.filter(pk=question.pk).update(reference=f"답 {question.position}", line=question.position + 10)
    return made


def test_of_longer_questions_some_are_left_out_and_lines_added(world: World, login: Login) -> None:
    file = make_file(world.team)
    made = long_ones(world, training_file=file, options={"keep_out": [10, 11], "seed": 1, "most": 3, "share": 0.1})
    form = login(world.bob).get(url(world, made)).context["form"]
    assert form["lines"].value() == ""

    new = changed(world, login, made, leave="2", lines="등대는?\n하나 둘")

    assert texts(new) == ["하나\n둘", "다섯\n여섯", "등대는?"]
    assert list(new.questions.values_list("reference", "line")) == [("답 0", 10), ("답 2", 12), ("", None)]
    assert (new.training_file, new.options["keep_out"], new.left_out) == (file, [10, 11], {"repeated": 1})
    same = questions.order_file(world.team, world.bob, file, most=3, seed=1, share=0.1)
    assert same == made


@pytest.mark.parametrize(
    ("leave", "left"),
    [("1-2", ["다섯\n여섯"]), (" 3 , 1 ", ["셋\n넷"]), ("2-2,2", ["하나\n둘", "다섯\n여섯"])],
)
def test_numbers_and_ranges(world: World, login: Login, leave: str, left: list[str]) -> None:
    assert texts(changed(world, login, long_ones(world), leave=leave)) == left


@pytest.mark.parametrize("leave", ["0", "4", "3-1", "1-9999999", "x", "1;2", "-1", "1-", "１", "1,,2", "1" * 20_001])
def test_strange_numbers_are_refused(world: World, login: Login, leave: str) -> None:
    made = long_ones(world)

    assert login(world.bob).post(url(world, made), filled(made, leave=leave)).status_code == 422
    assert QuestionSet.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lines": "첫눈은?\r\n골목은?"}, "Nothing has changed"),
        ({"lines": " \n"}, "Leave at least one question."),
        ({}, "Leave at least one question."),
        ({"lines": "등대는?", "name": ""}, "This field is required."),
        ({"lines": "a" * 2_000_001}, "at most 2000000"),
        ({"lines": "a\0b"}, "Null characters are not allowed."),
    ],
    ids=["same", "blank", "none", "no name", "huge", "zero"],
)
def test_what_makes_no_version_is_refused(world: World, login: Login, fields: dict[str, str], words: str) -> None:
    made = make_questions(world.team, "첫눈은?", "골목은?")

    answer = login(world.bob).post(url(world, made), filled(made, **fields))

    assert (answer.status_code, words in answer.text) == (422, True)
    assert QuestionSet.objects.count() == 1


def test_leaving_all_out_is_refused_and_another_system_prompt_is_a_change(world: World, login: Login) -> None:
    made = long_ones(world)
    assert login(world.bob).post(url(world, made), filled(made, leave="1-3")).status_code == 422

    new = changed(world, login, made, leave="", system_prompt="짧게.")

    assert (new.system_prompt, texts(new)) == ("짧게.", texts(made))


def test_a_set_that_is_read_and_a_strangers_are_not_changed(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈은?", state=QuestionState.MAKING)
    assert login(world.bob).post(url(world, made), filled(made, lines="x"))["Location"] == url(
        world, made, "question-detail"
    )
    theirs = make_questions(world.mallory.ensure_team(), "비밀은?")
    assert login(world.bob).get(reverse("question-change", args=[world.team.slug, theirs.uuid])).status_code == 404
    assert QuestionSet.objects.count() == 2


def test_what_was_erased_comes_into_no_version(world: World, login: Login) -> None:
    made = long_ones(world)
    made.questions.filter(position=1).update(messages=[], reference="")

    assert texts(changed(world, login, made, lines="등대는?")) == ["하나\n둘", "다섯\n여섯", "등대는?"]


def test_the_older_one_stays_while_the_later_is_there(world: World, login: Login) -> None:
    made = make_questions(world.team, "첫눈은?")
    new = changed(world, login, made, lines="등대는?")
    client = login(world.alice)
    page = client.post(url(world, made, "question-delete"), follow=True).text
    assert "An evaluation or a later version uses these questions." in page

    client.post(url(world, new, "question-delete"))

    assert list(QuestionSet.objects.all()) == [made]
    assert changed(world, login, made, lines="우체통은?").number == 2


def test_ten_thousand_questions_change(world: World, login: Login) -> None:
    made = make_questions(world.team, *(f"질문 {n}" for n in range(10_000)))

    new = changed(world, login, made, lines="\n".join(f"질문 {n}" for n in range(1, 10_003)))

    assert (new.count, new.left_out) == (10_000, {"over_limit": 2})
