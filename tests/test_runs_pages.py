"""The pages of recipe runs: look first, order once, follow, and act."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs.models import AuditEntry, Chunk, Run, SavedRecipe, Source, TrainingFile
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.runs.prices import estimate
from jobs.pricing import base
from jobs.run_states import ChunkState, RunState
from jobs.training_data.recipes.recipe import Recipe
from tests.conftest import World
from tests.factories import make_file, make_source
from tests.running_recipes import LARGE, SUMMARY, fresh, long_text, make_cut_run, make_run

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def address(world: World, name: str, *args: object) -> str:
    return reverse(name, args=[world.team.slug, *args])


def filled(source: Source, **fields: Any) -> dict[str, Any]:
    """What the form sends."""
    recipe = Recipe().as_json() | {"stop_words": "", "template": "", "system_prompt": ""}
    return recipe | {"order_token": str(uuid4()), "sources": [str(source.uuid)], **fields}


def summary(world: World, source: Source, **fields: Any) -> dict[str, Any]:
    chosen = {"kind": "summary", "size": 120, "base": f"{world.connection.uuid}|{LARGE}"}
    return filled(source, **chosen, **fields)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_free_run_is_ordered_once_by_a_double_click(world: World, login: Login) -> None:
    client, source = login(world.bob), make_source(world.team)
    sent = filled(source, stop_words="것, 수\n그날", seed=7, system_prompt="수필을\r\n쓴다.")

    first, second = (client.post(address(world, "run-new"), sent) for _ in range(2))

    run = Run.objects.get()
    assert first["Location"] == second["Location"] == address(world, "run-detail", run.uuid)
    assert (run.name, run.created_by, run.state, list(run.sources.all())) == ("winter", world.bob, "new", [source])
    told = Recipe(seed=7, stop_words=("것", "수", "그날"), system_prompt="수필을\n쓴다.")
    assert Recipe.from_json(run.recipe) == told
    assert (run.connection, run.cap_nano, run.estimate) == (None, None, {})
    assert actions() == ["run.ordered"]


def test_the_preview_shows_the_first_twenty_and_orders_nothing(world: World, login: Login) -> None:
    source = make_source(world.team, long_text(200))

    answer = login(world.bob).post(address(world, "run-preview"), filled(source), headers=HTMX)

    assert answer.status_code == 200
    looked = answer.context["looked"]
    assert len(looked.examples) == 20
    assert looked.examples[0]["said"][1] == ("assistant", long_text(200)[: looked.examples[0]["end"]])
    assert "Free of charge." in answer.text
    assert "<html" not in answer.text
    assert not Run.objects.exists()


def test_the_preview_of_a_paid_recipe_says_what_it_costs_at_most(world: World, login: Login) -> None:
    source = make_source(world.team, long_text(60))

    answer = login(world.bob).post(address(world, "run-preview"), summary(world, source))

    price = answer.context["looked"].estimate
    known = base("trainer", LARGE)
    assert known
    assert price.chunks > 10
    assert price.completion_tokens == price.chunks * 300
    assert price.usd * 10**9 == cost_nano(known.input, price.prompt_tokens) + cost_nano(
        known.output, price.chunks * 300
    )
    assert f'value="{price.usd}"' in answer.text
    assert str(price.cap) in answer.text
    assert "Start for at most" in answer.text


def test_a_paid_run_is_ordered_at_the_price_that_was_shown(world: World, login: Login) -> None:
    client, source = login(world.bob), make_source(world.team, long_text(60))
    unseen = client.post(address(world, "run-new"), summary(world, source))
    assert unseen.status_code == 422
    assert "Here is what it costs at most. Look at it, then order." in unseen.text
    price = unseen.context["looked"].estimate

    other = client.post(address(world, "run-new"), summary(world, source, shown_usd="0.5"))
    assert other.status_code == 422
    assert "The price has changed since this page showed it." in other.text
    assert not Run.objects.exists()

    client.post(address(world, "run-new"), summary(world, source, shown_usd=str(price.usd), taste="on"))

    run = Run.objects.get()
    assert (run.model, run.connection, run.stop_after) == (LARGE, world.connection, 1)
    assert run.cap_usd == price.cap
    assert run.estimate["usd"] == str(price.usd)
    assert run.estimate["practice"] is True


def test_a_cap_of_ones_own_is_kept(world: World, login: Login) -> None:
    client, source = login(world.bob), make_source(world.team, long_text(60))
    price = client.post(address(world, "run-preview"), summary(world, source)).context["looked"].estimate

    client.post(address(world, "run-new"), summary(world, source, shown_usd=str(price.usd), cap="0.02"))

    assert Run.objects.get().cap_nano == 20_000_000


def test_an_unknown_price_says_so_and_has_no_cap(world: World, login: Login) -> None:
    client, source = login(world.bob), make_source(world.team, long_text(20))
    sent = summary(world, source) | {
        "base": "other",
        "other_model": "x",
        "other_connection": str(world.connection.uuid),
    }

    looked = client.post(address(world, "run-preview"), sent)
    assert "The price of this model is unknown." in looked.text
    client.post(address(world, "run-new"), sent | {"shown_usd": "unknown"})

    run = Run.objects.get()
    assert (run.model, run.cap_nano, run.spent_usd) == ("x", None, None)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sources": []}, "Choose at least one text."),
        ({"low": 6, "high": 5}, "The fewest sentences are more than the most."),
        ({"low": 0}, "Ensure this value is greater than or equal to 1."),
        ({"kind": "own", "template": "쓰세요"}, "The place for the text is missing."),
        ({"kind": "own", "template": "{글}"}, "A place in braces is none that this recipe knows."),
        ({"kind": "summary", "base": "other"}, "Enter the id of the model, as the service names it."),
        ({"kind": "summary", "prompt": "요약해 주세요."}, "The place for the text is missing."),
        ({"temperature": "warm"}, "Enter a number."),
        ({"kind": "nonsense"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_told_at_its_field(world: World, login: Login, fields: dict[str, Any], words: str) -> None:
    answer = login(world.bob).post(address(world, "run-new"), filled(make_source(world.team)) | fields)

    assert answer.status_code == 422
    assert words in answer.text
    assert not Run.objects.exists()


def test_another_teams_texts_are_none_to_choose(world: World, login: Login) -> None:
    theirs = make_source(world.mallory.ensure_team())

    answer = login(world.bob).post(address(world, "run-new"), filled(theirs))

    assert answer.status_code == 422
    assert not Run.objects.exists()


def test_the_page_of_a_run_shows_money_progress_and_what_needs_a_look(world: World, login: Login) -> None:
    run = make_cut_run(world.team, 10)
    Chunk.objects.filter(run=run, position=1).update(
        odd=True, state="unsure", trouble="The service did not answer in time."
    )
    Chunk.objects.filter(run=run, position=2).update(odd=True, state="failed", trouble="No.")
    Chunk.objects.filter(run=run, position=3).update(odd=True, state="done", flags=["cut"], answer="눈이")
    Run.objects.filter(pk=run.pk).update(unsure=1, failed=1, done=1, flagged=1, spent_nano=1_234_000_000)

    page = login(world.carol).get(address(world, "run-detail", run.uuid)).text

    for words in ("3 / 10 pieces", "Spent of at most $1.00", "$1.23", "Answer lost", "Cut off", "may have been billed"):
        assert words in page
    assert "may cost twice" not in page  # a viewer has no buttons
    assert "Ask again (may cost twice)" in login(world.bob).get(address(world, "run-detail", run.uuid)).text


def test_the_poll_is_one_query_and_204_until_something_changed(
    world: World, login: Login, django_assert_num_queries: Any
) -> None:
    run, client = make_cut_run(world.team), login(world.bob)
    url = address(world, "run-poll", run.uuid)
    client.get(url)
    with django_assert_num_queries(1):
        assert client.get(url, {"since": run.version}, headers=HTMX).status_code == 204

    Run.objects.filter(pk=run.pk).update(version=run.version + 1)

    answer = client.get(url, {"since": run.version}, headers=HTMX)
    assert (answer.status_code, answer.text.count('id="live"')) == (200, 1)
    assert f"since={run.version + 1}" in answer.text


def test_the_list_asks_a_constant_number_of_queries(
    world: World, login: Login, django_assert_max_num_queries: Any
) -> None:
    client = login(world.carol)
    for _ in range(12):
        make_run(world.team, make_source(world.team))
    client.get(address(world, "run-list"))
    with django_assert_max_num_queries(8):
        page = client.get(address(world, "run-list"))
    assert page.text.count("row-link") == 12
    seen = page.context["seen"]
    assert client.get(address(world, "run-list"), headers=HTMX | {"X-Since": seen}).status_code == 204


@pytest.mark.parametrize(
    ("act", "state", "wish", "audited"),
    [
        ("pause", RunState.RUNNING, "pause", ["run.paused"]),
        ("resume", RunState.PAUSED, "resume", ["run.resumed"]),
        ("cancel", RunState.RUNNING, "cancel", ["run.cancelled"]),
        ("resume", RunState.DONE, "", []),
        ("cancel", RunState.DONE, "", []),
    ],
)
def test_a_wish_is_left_for_the_worker(
    world: World, login: Login, act: str, state: str, wish: str, audited: list[str]
) -> None:
    run = make_cut_run(world.team)
    Run.objects.filter(pk=run.pk).update(state=state)

    login(world.bob).post(address(world, f"run-{act}", run.uuid))

    run = fresh(run)
    assert (run.wish, run.state, actions()) == (wish, state, audited)


def test_another_cap_lets_a_stopped_run_go_on(world: World, login: Login) -> None:
    run, client = make_cut_run(world.team), login(world.bob)
    Run.objects.filter(pk=run.pk).update(state=RunState.CAPPED, due_at=None)

    assert "0.50" in client.post(address(world, "run-cap", run.uuid), {"cap": "lots"}, follow=True).text
    client.post(address(world, "run-cap", run.uuid), {"cap": "2.50"})

    run = fresh(run)
    assert (run.state, run.cap_nano, actions()) == (RunState.RUNNING, 2_500_000_000, ["run.capped"])


def test_refused_pieces_are_asked_about_again(world: World, login: Login) -> None:
    run, client = make_cut_run(world.team), login(world.bob)
    run.chunks.update(state="done", answer="눈")
    run.chunks.filter(position__in=(1, 2)).update(odd=True, state="failed", trouble="No.")
    run.chunks.filter(position=3).update(odd=True, state="unsure")
    Run.objects.filter(pk=run.pk).update(state="done", done=7, failed=2, unsure=1)

    client.post(address(world, "run-retry", run.uuid), {"chunk": "refused"})

    run = fresh(run)
    assert (run.state, run.failed, run.unsure) == (RunState.RUNNING, 0, 1)
    assert list(run.chunks.filter(state=ChunkState.WAITING).values_list("position", flat=True)) == [1, 2]
    client.post(address(world, "run-retry", run.uuid), {"chunk": "3"})
    assert fresh(run).unsure == 0
    client.post(address(world, "run-retry", run.uuid), {"chunk": "5"})  # it has a good answer
    assert actions() == ["run.retried", "run.retried"]


def test_a_flagged_answer_is_taken_in_and_a_file_made(world: World, login: Login) -> None:
    run, client = make_cut_run(world.team, 4), login(world.bob)
    run.chunks.update(state="done", answer="눈", flags=["cut"], odd=True)
    Run.objects.filter(pk=run.pk).update(state="done", done=4, flagged=4)
    assert "no answer yet" in client.post(address(world, "run-file", run.uuid), follow=True).text

    client.post(address(world, "run-take", run.uuid), {"chunk": "2", "wanted": "1"})
    answer = client.post(address(world, "run-file", run.uuid))

    file = fresh(run).training_file
    assert file
    assert answer["Location"] == address(world, "file-detail", file.uuid)
    assert (file.options["examples"], file.origin) == (1, "recipe")
    assert actions() == ["run.taken", "run.file"]


def test_a_run_that_is_over_leads_to_its_file(world: World, login: Login) -> None:
    run, client = make_run(world.team, make_source(world.team)), login(world.carol)
    Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED, done=1)
    none = client.get(address(world, "run-detail", run.uuid)).text
    file = make_file(world.team)
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE, training_file=file)
    one = client.get(address(world, "run-detail", run.uuid)).text
    TrainingFile.objects.filter(pk=file.pk).update(deleted_at=timezone.now())
    gone = client.get(address(world, "run-detail", run.uuid)).text

    assert "No file has been made of it yet." in none
    assert "Open the training file" in one
    assert ("Open the training file" in gone, "The training file was deleted." in gone) == (False, True)


def test_a_recipe_is_saved_used_renamed_and_deleted(world: World, login: Login) -> None:
    client, source = login(world.bob), make_source(world.team)
    sent = filled(source, top=7, recipe_name="우리 수필") | {"sources": []}

    answer = client.post(address(world, "recipe-save"), sent)

    saved = SavedRecipe.objects.get()
    assert (saved.name, saved.recipe["top"], saved.created_by) == ("우리 수필", 7, world.bob)
    assert 'name="top" value="7"' in client.get(answer["Location"]).text
    client.post(address(world, "recipe-save"), sent | {"top": 9})
    assert SavedRecipe.objects.get().recipe["top"] == 9
    client.post(address(world, "recipe-rename", saved.uuid), {"recipe_name": "겨울 수필"})
    assert "겨울 수필" in client.get(address(world, "recipe-list")).text
    client.post(address(world, "recipe-delete", saved.uuid))
    assert not SavedRecipe.objects.exists()
    assert actions() == ["recipe.saved", "recipe.saved", "recipe.renamed", "recipe.deleted"]


def test_a_run_is_repeated_with_its_settings(world: World, login: Login) -> None:
    source = make_source(world.team)
    make_source(world.team, "다른 글이다.")
    run = make_run(world.team, source, recipe=Recipe(top=5, seed=3))

    page = login(world.bob).get(address(world, "run-new"), {"like": str(run.uuid)})

    assert 'name="top" value="5"' in page.text
    assert page.context["chosen"] == {str(source.uuid)}


def test_before_any_text_the_page_says_what_to_do(world: World, login: Login) -> None:
    assert "First a text" in login(world.bob).get(address(world, "run-new")).text


def test_the_estimate_is_a_bound_in_whole_cents() -> None:
    price = estimate("trainer", LARGE, chunks=3, prompt_tokens=1000, max_tokens=300)

    assert (str(price.usd), str(price.cap)) == ("0.00368", "0.01")
    assert estimate("custom", "x", chunks=3, prompt_tokens=1000, max_tokens=300).usd is None
    assert SUMMARY.problems() == {}
