"""Talks of the playground as questions: only their author gives them, what is given is shown before, the talk stays."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import AuditEntry, Conversation, Message, Question, QuestionSet, User
from jobs.pipeline.evaluations import questions, talks
from tests.conftest import World
from tests.factories import make_job

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db


def talk(world: World, user: User, *said: str, **fields: Any) -> Conversation:
    """What the person said, each answered by both columns."""
    about = {"left": "left-model", "right": "right-model", "system_prompt": "짧게.", **fields}
    made = Conversation.objects.create(user=user, job=make_job(world.team), **about)
    for text in said:
        Message.objects.create(conversation=made, role="user", content=text)
        for model in ("left-model", "right-model"):
            Message.objects.create(conversation=made, role="assistant", model=model, content=f"{model}: {text}")
    return made


def url(world: World, *chosen: Conversation) -> str:
    query = "&".join(f"talk={one.uuid}" for one in chosen)
    return f"{reverse('question-talks', args=[world.team.slug])}?{query}"


def sent(page: Any, **more: Any) -> dict[str, Any]:
    """The form as the page has it, all ticked."""
    context = page.context
    ticked = [str(turn.message) for turn, is_chosen in context["rows"] if is_chosen]
    named = [str(one.uuid) for one in context["chosen"]]
    return {"talk": named, "seen": context["seen"], "give": ticked, **more}


def texts(made: QuestionSet) -> list[list[str]]:
    questions.make(made)
    rows = Question.objects.filter(question_set=made).values_list("messages", flat=True)
    return [[message["content"] for message in messages] for messages in rows]


def test_what_is_shown_is_what_the_team_gets(world: World, login: Login) -> None:
    client, mine = login(world.bob), talk(world, world.bob, "첫눈은?", "골목은?")
    page = client.get(url(world, mine))
    assert "This is what your team will see" in page.text
    assert "right-model: 첫눈" not in page.text
    assert not QuestionSet.objects.exists()

    answer = client.post(url(world), sent(page, name="내 질문"))

    made = QuestionSet.objects.get()
    assert answer["Location"] == reverse("question-detail", args=[world.team.slug, made.uuid])
    assert texts(made) == [["첫눈은?"], ["첫눈은?", "left-model: 첫눈은?", "골목은?"]]
    made.refresh_from_db()
    assert (made.origin, made.name, made.system_prompt, made.count) == ("talks", "내 질문", "짧게.", 2)
    assert login(world.carol).get(answer["Location"]).text.count("골목은?") == 1
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["questions"], "첫눈은" in str(entry.after)) == ("questions.made", 2, False)
    assert mine.messages.count() == 6


def test_what_is_not_ticked_stays_private(world: World, login: Login) -> None:
    client, mine = login(world.bob), talk(world, world.bob, "비밀이야", "골목은?", history=0)
    page = client.get(url(world, mine))

    client.post(url(world), sent(page, give=[page.context["rows"][1][0].message]))

    assert texts(QuestionSet.objects.get()) == [["골목은?"]]
    assert "비밀" not in str(list(QuestionSet.objects.values_list("options", "name")))


def test_as_much_of_the_talk_goes_along_as_the_model_was_sent(world: World) -> None:
    mine = talk(world, world.bob, "하나", "둘", "셋", history=2, system_prompt="")

    last = talks.turns([mine])[-1]

    assert [message["content"] for message in last.messages] == ["둘", "left-model: 둘", "셋"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_elses_talk_is_none(world: World, login: Login, method: str) -> None:
    theirs, mine = talk(world, world.alice, "앨리스의 비밀"), talk(world, world.bob, "첫눈은?")
    for client in (login(world.bob), login(world.mallory)):
        fields = {
            "talk": [str(mine.uuid), str(theirs.uuid)],
            "give": ["1"],
            "seen": talks.digest(talks.turns([theirs])),
        }
        answer = client.get(url(world, mine, theirs)) if method == "get" else client.post(url(world), fields)
        assert answer.status_code == 404
    assert list(login(world.bob).get(url(world)).context["conversations"]) == [mine]
    assert not QuestionSet.objects.exists()


def test_messages_of_others_are_not_given_by_their_number(world: World, login: Login) -> None:
    theirs, mine = talk(world, world.alice, "앨리스의 비밀"), talk(world, world.bob, "첫눈은?")
    client = login(world.bob)
    page = client.get(url(world, mine))
    foreign = [str(pk) for pk in theirs.messages.values_list("pk", flat=True)]

    answer = client.post(url(world), sent(page, give=[*foreign, "x", "-1"]))

    assert answer.status_code == 422
    assert not QuestionSet.objects.exists()


def test_a_talk_that_went_on_is_shown_again(world: World, login: Login) -> None:
    client, mine = login(world.bob), talk(world, world.bob, "첫눈은?")
    page = client.get(url(world, mine))
    for change in ({"system_prompt": "비밀 규칙"}, {"left": "right-model", "system_prompt": "짧게."}):
        Message.objects.create(conversation=mine, role="user", content="더")
        Conversation.objects.filter(pk=mine.pk).update(**change)

        again = client.post(url(world), sent(page))

        assert again.status_code == 422
        assert "The talk has changed since this page showed it." in again.text
    assert not QuestionSet.objects.exists()


def test_an_empty_talk_and_none_at_all(world: World, login: Login) -> None:
    client, empty = login(world.bob), talk(world, world.bob)

    assert "You have no talks yet" in client.get(url(world)).text
    assert "You have no talks yet" in client.get(url(world, empty)).text
    assert client.post(url(world), {"talk": [str(empty.uuid)], "give": ["1"]}).status_code == 422
    assert client.get(f"{url(world)}talk=no-uuid").status_code == 404


def test_of_a_long_talk_the_newest_are_offered(world: World, login: Login) -> None:
    mine = talk(world, world.bob, *(f"질문 {n}" for n in range(230)), history=4)
    client = login(world.bob)

    page = client.get(url(world, mine))

    assert len(page.context["rows"]) == talks.MOST_OFFERED
    assert page.context["rows"][-1][0].question == "질문 229"
    assert "30 earlier messages are left out" in page.text
    client.post(url(world), sent(page))
    assert len(texts(QuestionSet.objects.get())) == talks.MOST_OFFERED


def test_clearing_the_talk_leaves_what_was_given(world: World, login: Login) -> None:
    client, mine = login(world.bob), talk(world, world.bob, "첫눈은?")
    client.post(url(world), sent(client.get(url(world, mine))))

    client.post(reverse("playground-clear", args=[world.team.slug, mine.job.uuid]))

    assert mine.messages.count() == 0
    assert texts(QuestionSet.objects.get()) == [["첫눈은?"]]


def test_the_playground_leads_there(world: World, login: Login) -> None:
    mine = talk(world, world.bob, "첫눈은?")

    page = login(world.bob).get(reverse("playground-job", args=[world.team.slug, mine.job.uuid])).text

    assert url(world, mine) in page
