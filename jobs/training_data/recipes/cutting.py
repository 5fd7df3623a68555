"""What each example of a recipe is made of. It may load MeCab, which knows torn words."""

from collections.abc import Iterator
from typing import NamedTuple

from jobs.training_data.recipes.grouping import Group, by_characters, by_sentences
from jobs.training_data.recipes.layout import Layout
from jobs.training_data.recipes.pieces import Piece, chunks, sentence_groups
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Loaded
from jobs.training_data.recipes.torn import torn_words
from jobs.training_data.recipes.wrapping import is_wrapped


class Shown(NamedTuple):
    """`text` is those characters as an example shows them: its lines may be joined."""

    start: int
    end: int
    text: str
    heading: str


def pieces_of(recipe: Recipe, source: Loaded) -> Iterator[Shown]:
    text, joins = source.text, recipe.line_breaks == "auto"
    torn = torn_words(text) if joins and is_wrapped(text) else frozenset[int]()
    layout = Layout(text, source.headings, torn)
    for start, end, heading in _groups(recipe, layout):
        yield Shown(start, end, layout.flow(start, end) if joins else text[start:end], heading)


def _groups(recipe: Recipe, layout: Layout) -> Iterator[Group]:
    if recipe.cut == "sentences":
        return _under_headings(recipe, layout, sentence_groups(layout.text, recipe.low, recipe.high, recipe.seed))
    if recipe.cut == "characters":
        return _under_headings(recipe, layout, chunks(layout.text, recipe.size))
    if recipe.kind == "summary":
        return by_characters(layout, recipe.size)
    return by_sentences(layout, recipe.low, recipe.high)


def _under_headings(recipe: Recipe, layout: Layout, pieces: Iterator[Piece]) -> Iterator[Group]:
    """Pieces that know no paragraphs, each with the heading of the paragraph in which it begins, if that is wanted."""
    paragraphs = layout.paragraphs() if recipe.wants_heading else iter(())
    paragraph = next(paragraphs, None)
    for piece in pieces:
        while paragraph and paragraph.end <= piece.start:
            paragraph = next(paragraphs, None)
        yield Group(piece.start, piece.end, paragraph.heading if paragraph else "")
