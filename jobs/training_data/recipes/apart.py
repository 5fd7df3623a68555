"""Runs a recipe in a process of its own, which ends with whoever asked. Web and worker use recipes through here."""

import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Order, Text, Told

RUN = "jobs.training_data.recipes.run"


def run_apart(
    recipe: Recipe, texts: Iterable[Text], *, target: Path | None = None, places: Path | None = None, most: int = 0
) -> Generator[Told]:
    """What the process tells, as it comes. Close the generator to end it. See `told.Order` and `told.Told`.

    Free recipes give examples; a summary recipe gives its chunks as `made.text`. Raises ChildProcessError.
    """
    order = Order(
        recipe=msgspec.Raw(msgspec.json.encode(recipe)),
        texts=list(texts),
        target=str(target or ""),
        places=str(places or ""),
        most=most,
    )
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(msgspec.json.encode(order))
        file.flush()
        lines = lines_of(RUN, file.name)
        try:
            for line in lines:
                yield msgspec.json.decode(line, type=Told)
        finally:
            lines.close()
