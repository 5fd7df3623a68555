"""Runs a recipe: `python -m jobs.training_data.recipes.run ORDER.json`. Use it through `recipes.apart`."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import msgspec

from jobs.training_data.apart import tell
from jobs.training_data.recipes.cutting import pieces_of
from jobs.training_data.recipes.examples import make_examples
from jobs.training_data.recipes.keywords import NoAnalyserError
from jobs.training_data.recipes.recipe import Example, Recipe
from jobs.training_data.recipes.told import Far, Loaded, Made, Order, Place, Told

BUFFER = 1024 * 1024
SECONDS = 0.5  # between two words about how far it is


class Way:
    """How far it is. The first word comes before the first example."""

    def __init__(self, texts: list[Loaded], passes: int) -> None:
        self.lengths = [len(text.text) for text in texts]
        self.sources = [text.source for text in texts]
        self.total = passes * sum(self.lengths)
        self.before = self.at = self.examples = 0
        self.turn = 0
        self.told = float("-inf")

    def seen(self, source: str, end: int) -> None:
        while self.sources[self.turn % len(self.sources)] != source or end < self.at:  # the next text began
            self.before += self.lengths[self.turn % len(self.sources)]
            self.turn += 1
            self.at = 0
        self.at = end
        self.tell()

    def tell(self, last: bool = False) -> None:
        if last or time.monotonic() - self.told >= SECONDS:
            self.told = time.monotonic()
            done = self.total if last else self.before + self.at
            tell(Told(far=Far(done, self.total, self.examples)))


def run(order: Order) -> None:
    recipe = msgspec.json.decode(order.recipe, type=Recipe)
    texts = [Loaded.of(text) for text in order.texts]
    way = Way(texts, passes=2 if recipe.is_free and recipe.ranking == "distinctive" else 1)
    way.tell()
    made = _made(recipe, texts, way)
    with ExitStack() as files:
        take = _writer(order, files) if order.target else _teller
        for one in islice(made, order.most or None):
            take(one)
            way.examples += 1
    way.tell(last=True)


def _made(recipe: Recipe, texts: list[Loaded], way: Way) -> Iterator[Made]:
    if not recipe.is_free:
        return _chunks(recipe, texts, way)
    return map(_as_made, make_examples(texts, recipe, way.seen))


def _chunks(recipe: Recipe, texts: Iterable[Loaded], way: Way) -> Iterator[Made]:
    for text in texts:
        for piece in pieces_of(recipe, text):
            yield Made(text.source, piece.start, piece.end, text=piece.text, heading=piece.heading)
            way.seen(text.source, piece.end)


def _as_made(example: Example) -> Made:
    return Made(example.source, example.start, example.end, msgspec.Raw(example.line), heading=example.heading)


def _teller(made: Made) -> None:
    tell(Told(made=made))


def _writer(order: Order, files: ExitStack) -> Callable[[Made], None]:
    """Writes examples to the target, and where they came from to `places`."""
    target = files.enter_context(Path(order.target).open("wb", BUFFER))  # noqa: SIM115  # the stack closes it
    places = files.enter_context(Path(order.places).open("wb", BUFFER)) if order.places else None  # noqa: SIM115

    def write(made: Made) -> None:
        target.write(bytes(made.line) + b"\n")
        if places:
            places.write(msgspec.json.encode(Place(made.source, made.start, made.end)) + b"\n")

    return write


def main(path: str) -> None:
    try:
        run(msgspec.json.decode(Path(path).read_bytes(), type=Order))
    except FileNotFoundError:
        tell(Told(fault="text_missing"))
    except NoAnalyserError:
        tell(Told(fault="no_analyser"))


if __name__ == "__main__":
    main(sys.argv[1])
