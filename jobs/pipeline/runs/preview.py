"""What a recipe would make, before anything is ordered: the first results, and for a paid one what all would cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from jobs.models import Connection, Source
from jobs.pipeline.runs.prices import Estimate, estimate
from jobs.pipeline.runs.texts import NO_ANALYSER, TEXT_MISSING, TextGoneError, named
from jobs.training_data.recipes.apart import run_apart
from jobs.training_data.recipes.asking import Question, cut_apart
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Made

SHOWN = 20
MOST_CALLS = 20_000  # of one run
FAULTS = {"no_analyser": NO_ANALYSER, "text_missing": TEXT_MISSING}


@dataclass
class Preview:
    """`examples`: each with source, start, end, and what is said in it. `trouble`: why there are none."""

    examples: list[dict[str, Any]] = field(default_factory=list)
    estimate: Estimate | None = None
    trouble: str = ""


def preview(recipe: Recipe, sources: Sequence[Source], connection: Connection | None, model: str) -> Preview:
    """Look at what `recipe` makes of `sources`. Nothing is asked of any service."""
    names = {str(source.uuid): source for source in sources}
    try:
        if recipe.is_free:
            return _free(recipe, sources, names)
        return _paid(recipe, sources, names, connection, model)
    except TextGoneError:
        return Preview(trouble=TEXT_MISSING)


def _free(recipe: Recipe, sources: Sequence[Source], names: dict[str, Source]) -> Preview:
    found = Preview()
    told = run_apart(recipe, named(sources), most=SHOWN)
    for one in told:
        if one.fault:
            found.trouble = FAULTS.get(one.fault, one.fault)
        if one.made:
            found.examples.append(_example(one.made, names[one.made.source]))
    return found


def _example(made: Made, source: Source) -> dict[str, Any]:
    said = said_in(bytes(made.line))
    return {"source": source, "start": made.start, "end": made.end, "heading": made.heading, "said": said}


def said_in(line: bytes) -> list[tuple[str, str]]:
    """Who says what in an example's line, whichever format it has."""
    data = msgspec.json.decode(line)
    if "messages" in data:
        return [(message["role"], message["content"]) for message in data["messages"]]
    return [("user", data["prompt"]), ("assistant", data["completion"])]


def _paid(
    recipe: Recipe, sources: Sequence[Source], names: dict[str, Source], connection: Connection | None, model: str
) -> Preview:
    found = Preview()
    for one in cut_apart(recipe, named(sources), most=SHOWN):
        if one.fault:
            found.trouble = FAULTS.get(one.fault, one.fault)
        if one.question:
            found.examples.append(_question(one.question, names[one.question.source]))
        if one.sum and one.sum.last and connection:
            found.estimate = estimate(
                connection.profile,
                model,
                chunks=one.sum.chunks,
                prompt_tokens=one.sum.tokens,
                max_tokens=recipe.max_tokens,
                engine=connection.engine_of(model),
            )
    return found


def _question(asked: Question, source: Source) -> dict[str, Any]:
    about = {"text": asked.text, "heading": asked.heading, "tokens": asked.tokens}
    return {"source": source, "start": asked.start, "end": asked.end, **about}
