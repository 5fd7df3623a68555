"""Makes the examples of the free recipes. It loads MeCab: for a process of its own (`recipes.run`)."""

from collections.abc import Callable, Iterable, Iterator

from jobs.training_data.recipes.cutting import Shown, pieces_of
from jobs.training_data.recipes.keywords import Extractor
from jobs.training_data.recipes.recipe import Example, Recipe, example_line
from jobs.training_data.recipes.told import Loaded

type Seen = Callable[[str, int], object]  # how far it is: source, characters


def extractor_for(recipe: Recipe) -> Extractor:
    return Extractor(recipe.top, recipe.ranking, recipe.stop_words, recipe.analyser, recipe.units)


def make_examples(texts: Iterable[Loaded], recipe: Recipe, seen: Seen | None = None) -> Iterator[Example]:
    """Every example, in the order of the texts. `seen` hears of every piece, those without a noun too: they make none.

    With distinctive ranking `texts` is gone through twice, so it must be a list or the like.
    """
    extractor = extractor_for(recipe)
    if recipe.ranking == "distinctive":
        for text in texts:
            extractor.learn(piece.text for piece in _told(text, recipe, seen))
    for text in texts:
        for piece in _told(text, recipe, seen):
            if found := extractor.keywords(piece.text):
                line = example_line(recipe, piece.text, found, piece.heading)
                yield Example(text.source, piece.start, piece.end, piece.heading, line)


def _told(text: Loaded, recipe: Recipe, seen: Seen | None) -> Iterator[Shown]:
    for piece in pieces_of(recipe, text):
        yield piece
        if seen:
            seen(text.source, piece.end)
