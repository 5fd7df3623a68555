"""Recipes of before there were paragraphs: saved ones, runs and files keep the grouping and prompt that they had."""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from jobs.models import Origin, Run, SavedRecipe, TrainingFile
from jobs.training_data.recipes.examples import make_examples
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Loaded
from tests.conftest import World
from tests.factories import make_file, make_source

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db

BEFORE: dict[str, Any] = {  # as 0.1 stored it
    "kind": "keywords", "cut": "sentences", "low": 3, "high": 5, "seed": 0, "size": 600, "line_breaks": "join",
    "top": 21, "ranking": "frequency", "analyser": "mecab", "stop_words": [], "between": ", ",
    "prompt": "다음 글을 한두 문장으로 요약해 주세요.\n\n{text}", "max_tokens": 300, "temperature": 0.5,
    "template": "", "answer": "text", "system_prompt": "", "format": "chat",
}  # fmt: skip
KEPT = {"version": 2, "units": "keep", "line_breaks": "join"}
TEXT = "첫눈\n\n첫눈은 늘 예고 없이 온다. 제1조에 따른다.\n\n연탄\n\n새벽 두 시에 연탄을 갈았다. 방이 식지 않았다."
migration = import_module("jobs.migrations.0022_paragraphs")


def plain(recipe: Recipe) -> dict[str, Any]:
    """As a JSON column gives it back."""
    back: dict[str, Any] = json.loads(json.dumps(recipe.as_json()))
    return back


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ({}, {"cut": "sentences", "template": "{keywords}"}),
        ({"cut": "characters"}, {"cut": "sentences", "template": "{keywords}"}),  # the kind did not look at it
        ({"kind": "summary"}, {"cut": "characters", "template": "{summary}"}),
        ({"kind": "own", "cut": "characters", "template": "글: {keywords}"}, {}),
        ({"kind": "own", "line_breaks": "keep"}, {"cut": "sentences", "template": "{keywords}", "line_breaks": "keep"}),
    ],
)  # fmt: skip
def test_an_old_recipe_means_what_it_meant(stored: dict[str, Any], meant: dict[str, Any]) -> None:
    told = Recipe.from_json(BEFORE | stored)

    assert plain(told) == BEFORE | stored | KEPT | meant | {"line_breaks": stored.get("line_breaks", "join")}
    assert migration.explicit(BEFORE | stored) == plain(told)
    assert Recipe.from_json(told.as_json()) == told


def test_settings_without_the_key_are_of_before() -> None:
    assert (Recipe.from_json({"kind": "keywords"}).cut, Recipe().cut) == ("sentences", "paragraphs")


def test_an_old_recipe_makes_the_examples_that_it_made() -> None:
    made = make_examples([Loaded("s", TEXT)], Recipe.from_json(BEFORE))

    assert [[message["content"] for message in json.loads(one.line)["messages"]] for one in made] == [
        ["첫눈, 예고, 조, 연탄", "첫눈 첫눈은 늘 예고 없이 온다. 제1조에 따른다. 연탄"],
        ["새벽, 연탄, 방", "새벽 두 시에 연탄을 갈았다. 방이 식지 않았다."],
    ]


def test_the_upgrade_writes_it_down_wherever_a_recipe_is_stored(world: World) -> None:
    saved = SavedRecipe.objects.create(team=world.team, name="수필", recipe=BEFORE)
    run = Run.objects.create(team=world.team, name="겨울", recipe=BEFORE | {"kind": "summary"})
    file = make_file(world.team)
    TrainingFile.objects.filter(pk=file.pk).update(origin=Origin.RECIPE, options={"run": "x", "recipe": BEFORE})
    new = SavedRecipe.objects.create(team=world.team, name="문단", recipe=Recipe().as_json())

    for _again in range(2):
        migration.forwards(apps, None)
        for row in (saved, run, file, new):
            row.refresh_from_db()
        assert (saved.recipe["cut"], saved.recipe["template"]) == ("sentences", "{keywords}")
        assert (run.recipe["cut"], run.recipe["template"]) == ("characters", "{summary}")
        assert file.options == {"run": "x", "recipe": saved.recipe}
        assert new.recipe == plain(Recipe())
    migration.backwards(apps, None)
    saved.refresh_from_db()
    assert saved.recipe == BEFORE | {"template": "{keywords}"}


@pytest.mark.parametrize("by", ["recipe", "like"])
def test_the_form_shows_an_old_recipe_as_it_was(world: World, login: Login, by: str) -> None:
    make_source(world.team)
    row: Any = (
        SavedRecipe.objects.create(team=world.team, name="수필", recipe=BEFORE)
        if by == "recipe"
        else Run.objects.create(team=world.team, name="겨울", recipe=BEFORE)
    )

    form = login(world.bob).get(reverse("run-new", args=[world.team.slug]), {by: str(row.uuid)}).context["form"]

    shown = {name: form[name].value() for name in ("cut", "template", "units", "line_breaks", "low", "high")}
    assert shown == {
        "cut": "sentences", "template": "{keywords}", "units": "keep", "line_breaks": "join", "low": 3, "high": 5,
    }  # fmt: skip
