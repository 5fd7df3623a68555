"""Texts and chunks know their headings; recipes of before say by themselves what they meant.

Until now a keyword recipe grouped sentences, a summary recipe cut by characters, whatever `cut` said; an empty template
was the keywords or the summary alone. A recipe without `version` still means that (`Recipe.from_json`); here it is
written down, so that saved recipes, runs and files that were made give the same again.
"""

from collections.abc import Callable
from typing import Any

from django.db import migrations, models

Json = dict[str, Any]
ROWS = 500


def explicit(recipe: Json) -> Json:
    if not recipe or "version" in recipe:
        return recipe
    kind = recipe.get("kind", "keywords")
    cut = {"keywords": "sentences", "summary": "characters"}.get(kind, recipe.get("cut", "sentences"))
    template = recipe.get("template") or ("{summary}" if kind == "summary" else "{keywords}")
    return {"line_breaks": "join", **recipe, "version": 2, "cut": cut, "template": template, "units": "keep"}


def as_before(recipe: Json) -> Json:
    """What the code of before can read: it knew neither paragraphs nor units, and no version."""
    old = {key: value for key, value in recipe.items() if key not in ("version", "units")}
    instead = {"cut": ("paragraphs", "sentences"), "line_breaks": ("auto", "join")}
    return {key: instead[key][1] if key in instead and value == instead[key][0] else value for key, value in old.items()}


def rewrite(apps: Any, change: Callable[[Json], Json]) -> None:
    for name in ("SavedRecipe", "Run"):
        rows = apps.get_model("jobs", name).objects.only("pk", "recipe")
        _rewrite(rows, "recipe", change)
    files = apps.get_model("jobs", "TrainingFile").objects.filter(origin="recipe", options__has_key="recipe").only("pk", "options")
    _rewrite(files, "options", lambda options: {**options, "recipe": change(options["recipe"])})


def _rewrite(rows: Any, field: str, change: Callable[[Json], Json]) -> None:
    changed = []
    for row in rows.iterator(ROWS):
        before = getattr(row, field)
        after = change(before)
        if after != before:
            setattr(row, field, after)
            changed.append(row)
    rows.model.objects.bulk_update(changed, [field], batch_size=ROWS)


def forwards(apps: Any, _editor: Any) -> None:
    rewrite(apps, explicit)


def backwards(apps: Any, _editor: Any) -> None:
    rewrite(apps, as_before)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0021_ends_to_read_again")]

    operations = [
        migrations.AddField("chunk", "heading", models.TextField(blank=True)),
        migrations.AddField("source", "headings", models.JSONField(blank=True, default=list)),
        migrations.RunPython(forwards, backwards),
    ]
