"""The chunks that a model is to be asked about, cut and counted in a process of their own (`recipes.cut`)."""

import tempfile
from collections.abc import Generator, Iterable
from typing import Any

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.recipes.prompts import fill
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Order, Text
from jobs.training_data.structs import for_threads

CUT = "jobs.training_data.recipes.cut"


class Question(msgspec.Struct, frozen=True):
    """One chunk: which characters of which source, as an example shows them; exact (o200k) tokens of the whole call."""

    source: str
    start: int
    end: int
    text: str
    heading: str
    tokens: int


class Sum(msgspec.Struct, frozen=True):
    """So far, or in all where `last`: characters read and of all texts, chunks, tokens of all calls."""

    done: int
    total: int
    chunks: int
    tokens: int
    last: bool = False


@for_threads
class Heard(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the process; exactly one of them is there."""

    sum: Sum | None = None
    question: Question | None = None
    fault: str = ""  # "text_missing"


def messages(recipe: Recipe, text: str, heading: str) -> list[dict[str, Any]]:
    """What the model is asked about a chunk."""
    return [{"role": "user", "content": fill(recipe.prompt, text=text, heading=heading)}]


def cut_apart(recipe: Recipe, texts: Iterable[Text], *, most: int = 0) -> Generator[Heard]:
    """Tell every chunk (or the first `most` alone) and, last of all, the sum of all. Raises ChildProcessError."""
    order = Order(recipe=msgspec.Raw(msgspec.json.encode(recipe)), texts=list(texts), most=most)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(msgspec.json.encode(order))
        file.flush()
        lines = lines_of(CUT, file.name)
        try:
            for line in lines:
                yield msgspec.json.decode(line, type=Heard)
        finally:
            lines.close()
