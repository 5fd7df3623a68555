"""Saved prompts of a team: kept, changed, deleted, used in the playground, put to models as questions, found again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import AuditEntry, Question, QuestionSet, QuestionState, SavedPrompt, Search
from jobs.pipeline import passages, searching
from jobs.pipeline.evaluations import questions
from tests.conftest import World
from tests.factories import make_job

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db
PASSAGE = "함박눈이 밤새 소리 없이 내려 쌓였다"


def url(world: World, name: str, *args: object) -> str:
    return reverse(name, args=[world.team.slug, *args])


def saved(world: World, text: str = "첫눈으로 써 줘.", **fields: Any) -> SavedPrompt:
    return SavedPrompt.objects.create(team=world.team, text=text, **{"name": "첫눈", **fields})


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_one_is_kept_changed_and_deleted(world: World, login: Login) -> None:
    client = login(world.bob)
    client.post(url(world, "prompt-new"), {"name": "첫눈", "text": "첫눈\r\n골목", "system_prompt": "짧게."})
    prompt = SavedPrompt.objects.get()
    assert (prompt.name, prompt.text, prompt.system_prompt, prompt.created_by) == (
        "첫눈",
        "첫눈\n골목",
        "짧게.",
        world.bob,
    )

    client.post(url(world, "prompt-edit", prompt.uuid), {"name": "함박눈", "text": "함박눈"})
    assert "함박눈" in login(world.carol).get(url(world, "prompt-list")).text
    client.post(url(world, "prompt-delete", prompt.uuid))

    prompt.refresh_from_db()
    assert (prompt.name, prompt.text, prompt.system_prompt, prompt.deleted_at is None) == ("함박눈", "", "", False)
    assert "함박눈" not in client.get(url(world, "prompt-list")).text
    assert client.get(url(world, "prompt-detail", prompt.uuid)).status_code == 404
    assert actions() == ["prompt.saved", "prompt.changed", "prompt.deleted"]
    assert PASSAGE not in str(list(AuditEntry.objects.values_list("after", "before")))


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "", "text": "첫눈"},
        {"name": "첫눈", "text": " \n"},
        {"name": "가" * 121, "text": "첫눈"},
        {"name": "첫눈", "text": "가" * 50_001},
        {"name": "첫눈", "text": "a\0b"},
    ],
)
def test_what_is_none_is_refused(world: World, login: Login, sent: dict[str, str]) -> None:
    assert login(world.bob).post(url(world, "prompt-new"), sent).status_code == 422
    prompt = saved(world)
    assert login(world.bob).post(url(world, "prompt-edit", prompt.uuid), sent).status_code == 422
    assert list(SavedPrompt.objects.values_list("text", flat=True)) == ["첫눈으로 써 줘."]


def test_a_form_that_was_open_brings_no_deleted_prompt_back(world: World, login: Login) -> None:
    prompt = saved(world)
    client = login(world.bob)
    client.post(url(world, "prompt-delete", prompt.uuid))

    assert client.post(url(world, "prompt-edit", prompt.uuid), {"name": "n", "text": "t"}).status_code == 404
    assert not SavedPrompt.objects.alive().exists()


def test_another_teams_prompt_is_none(world: World, login: Login) -> None:
    theirs = SavedPrompt.objects.create(team=world.mallory.ensure_team(), name="비밀 이름", text="비밀")
    client, job = login(world.bob), make_job(world.team)

    assert client.get(url(world, "prompt-detail", theirs.uuid)).status_code == 404
    assert client.post(url(world, "prompt-delete", theirs.uuid)).status_code == 404
    client.post(url(world, "prompt-questions"), {"prompt": [str(theirs.uuid)]})
    assert not QuestionSet.objects.exists()
    assert "비밀" not in client.get(f"{url(world, 'playground-job', job.uuid)}?prompt={theirs.uuid}").text


def test_of_two_teams_each_keeps_its_own(world: World, login: Login) -> None:
    own = SavedPrompt.objects.create(team=world.bob.ensure_team(), name="내 것", text="나만의 글")
    client = login(world.bob)

    assert client.get(url(world, "prompt-detail", own.uuid)).status_code == 404
    assert "내 것" not in client.get(url(world, "prompt-list")).text


def test_the_playground_saves_what_was_typed_and_uses_what_was_saved(world: World, login: Login) -> None:
    client, job = login(world.bob), make_job(world.team)
    page = client.get(url(world, "playground-job", job.uuid)).text
    assert f'formaction="{url(world, "prompt-new")}"' in page

    form = client.post(url(world, "prompt-new"), {"text": "골목 이야기", "system_prompt": "짧게.", "temperature": "1"})
    assert (form.status_code, SavedPrompt.objects.count()) == (200, 0)
    assert "골목 이야기" in form.text
    prompt = saved(world, "등대 이야기", system_prompt="길게.")

    used = client.get(f"{url(world, 'playground-job', job.uuid)}?prompt={prompt.uuid}")
    assert (used.context["form"]["text"].value(), used.context["form"]["system_prompt"].value()) == (
        "등대 이야기",
        "길게.",
    )
    for strange in ("x", "00000000-0000-0000-0000-000000000000"):
        again = client.get(f"{url(world, 'playground-job', job.uuid)}?prompt={strange}")
        assert again.context["form"]["text"].value() is None


def test_chosen_ones_become_questions_that_stay(world: World, login: Login) -> None:
    client = login(world.bob)
    kept = [
        saved(world, f"{thing}에 대해\n써 줘.", name=thing, system_prompt="짧게.") for thing in ("골목", "등대", "눈")
    ]
    client.post(url(world, "prompt-questions"), {"prompt": [str(one.uuid) for one in kept[:2]], "name": "둘"})
    made = QuestionSet.objects.get()
    client.post(url(world, "prompt-delete", kept[0].uuid))

    questions.make(made)

    made.refresh_from_db()
    assert (made.origin, made.name, made.state, made.system_prompt) == ("prompts", "둘", QuestionState.READY, "짧게.")
    texts = [messages[0]["content"] for messages in made.questions.values_list("messages", flat=True)]
    assert sorted(texts) == ["골목에 대해\n써 줘.", "등대에 대해\n써 줘."]


def test_all_that_the_search_finds_and_nothing_chosen(world: World, login: Login) -> None:
    client = login(world.bob)
    SavedPrompt.objects.bulk_create(
        SavedPrompt(team=world.team, name=f"{n}번", text=f"{'눈' if n % 2 else '비'} {n}") for n in range(120)
    )
    listed = client.get(f"{url(world, 'prompt-list')}?q=눈")
    assert listed.context["page"].paginator.count == 60

    nothing = client.post(url(world, "prompt-questions"), {"q": "눈"}, follow=True)
    assert "Choose at least one prompt." in nothing.text
    client.post(url(world, "prompt-questions"), {"q": "눈", "all": "1"})

    made = QuestionSet.objects.get()
    questions.make(made)
    assert Question.objects.filter(question_set=made).count() == 60


def test_ten_thousand_are_listed_and_asked_and_more_are_not(world: World, login: Login) -> None:
    client = login(world.bob)
    SavedPrompt.objects.bulk_create(SavedPrompt(team=world.team, name="n", text=f"질문 {n}") for n in range(10_000))
    assert client.get(url(world, "prompt-list")).status_code == 200
    client.post(url(world, "prompt-questions"), {"all": "1"})
    made = QuestionSet.objects.get()
    questions.make(made)
    made.refresh_from_db()
    assert (made.state, made.count) == (QuestionState.READY, 10_000)

    saved(world, "eins zu viel")
    page = client.post(url(world, "prompt-questions"), {"all": "1"}, follow=True)

    assert "These are too many for one set of questions." in page.text
    assert QuestionSet.objects.count() == 1


def test_two_that_say_the_same_are_one_question(world: World) -> None:
    given = [[{"role": "user", "content": text}] for text in ("첫눈은?", "첫눈은?!", "...", "골목은?")]
    made = questions.order_given(world.team, world.bob, given, name="n", origin="prompts")  # type: ignore[arg-type]

    questions.make(made)

    made.refresh_from_db()
    assert (made.count, made.left_out) == (2, {"repeated": 1, "no_question": 1})


def searched(world: World) -> Search:
    search = searching.order(world.team, world.alice, PASSAGE)
    passages.work(search)
    return Search.objects.get(pk=search.pk)


def test_a_text_is_found_in_them_and_goes_with_them(world: World, login: Login) -> None:
    saved(world, "다른 글")
    saved(world, f"이어 써 줘: {PASSAGE}.", name=PASSAGE)
    given = [[{"role": "user", "content": PASSAGE}]]
    made = questions.order_given(world.team, world.bob, given, name="n", origin="talks")  # type: ignore[arg-type]
    questions.make(made)
    search = searched(world)
    counts = [(entry["set"], entry["questions"], entry.get("saved")) for entry in search.evaluations]
    assert counts == [(str(made.uuid), 1, None), ("", 0, 1)]
    client = login(world.alice)
    assert "1 saved prompt holds it." in client.get(url(world, "passage-detail", search.uuid)).text

    answer = client.post(url(world, "passage-forget", search.uuid), {"examples": 2})
    assert answer.status_code == 302
    passages.work(Search.objects.get(pk=search.pk))

    search.refresh_from_db()
    assert [entry["act"] for entry in search.evaluations] == ["done", "done"]
    assert list(SavedPrompt.objects.alive().values_list("text", flat=True)) == ["다른 글"]
    everything = [*SavedPrompt.objects.values_list("name", "text"), *QuestionSet.objects.values_list("options")]
    assert PASSAGE not in str(everything)
    assert searched(world).evaluations == []
    assert client.get(url(world, "passage-detail", search.uuid)).status_code == 200
