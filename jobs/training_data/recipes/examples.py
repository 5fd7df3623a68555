"""Makes the examples of the free recipes. It loads MeCab: for a process of its own (`recipes.run`)."""

from collections.abc import Callable, Iterable, Iterator

from jobs.training_data.recipes.keywords import Extractor
from jobs.training_data.recipes.pieces import Piece, chunks, paragraphs
from jobs.training_data.recipes.recipe import Example, Recipe, example_line

type Texts = Iterable[tuple[str, str]]  # id of the source, its text
type Seen = Callable[[str, int], object]  # how far it is: source, characters


def pieces_of(recipe: Recipe, text: str) -> Iterator[Piece]:
    """What each example of `recipe` is made of."""
    if recipe.by_sentences:
        return paragraphs(text, recipe.low, recipe.high, recipe.seed)
    return chunks(text, recipe.size)


def extractor_for(recipe: Recipe) -> Extractor:
    return Extractor(recipe.top, recipe.ranking, recipe.stop_words, recipe.analyser)


def make_examples(texts: Texts, recipe: Recipe, seen: Seen | None = None) -> Iterator[Example]:
    """Every example, in the order of the texts. `seen` hears of every piece, those without a noun too: they make none.

    With distinctive ranking `texts` is gone through twice, so it must be a list or the like.
    """
    extractor = extractor_for(recipe)
    if recipe.ranking == "distinctive":
        for source, text in texts:
            extractor.learn(piece.text for piece in _told(source, pieces_of(recipe, text), seen))
    for source, text in texts:
        for piece in _told(source, pieces_of(recipe, text), seen):
            if found := extractor.keywords(piece.text):
                yield Example(source, piece.start, piece.end, example_line(recipe, piece.text, found))


def _told(source: str, pieces: Iterator[Piece], seen: Seen | None) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        if seen:
            seen(source, piece.end)
