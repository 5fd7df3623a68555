"""Lines that were wrapped at any letter: torn words are found and joined, and nothing else is."""

import textwrap
from collections.abc import Iterator

import pytest

from jobs.training_data.recipes.cutting import pieces_of
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Loaded
from jobs.training_data.recipes.torn import torn_words
from tests.test_paragraphs import NOTES

PARAGRAPHS = [one for one in NOTES.strip().split("\n\n") if len(one) > 20]
WIDTH = 31  # letters


def at_any_letter(paragraph: str, spaces: bool = False) -> Iterator[str]:
    """Its lines as HWP breaks them: full, whatever is torn; a space at the border is dropped, or stays at the end."""
    while paragraph:
        line, paragraph = paragraph[:WIDTH], paragraph[WIDTH:]
        if paragraph.startswith(" ") and spaces:
            line += " "
        yield line if spaces else line.strip()
        paragraph = paragraph.lstrip()


def shown(text: str) -> str:
    return "\n\n".join(piece.text for piece in pieces_of(Recipe(low=1, high=50), Loaded("s", text)))


def wrapped(*, spaces: bool = False) -> str:
    return "\n\n".join("\n".join(at_any_letter(one, spaces)) for one in PARAGRAPHS)


def test_most_torn_words_are_joined_and_hardly_any_others() -> None:
    whole, got = "\n\n".join(PARAGRAPHS), shown(wrapped())

    words, found = whole.split(), got.split()
    assert whole.replace(" ", "") == got.replace(" ", "")
    assert len(set(found) - set(words)) < len(set(words)) * 0.03
    assert wrapped().replace("\n", " ").split() != words


def test_where_spaces_stay_at_line_ends_every_torn_word_is_joined() -> None:
    assert shown(wrapped(spaces=True)) == "\n\n".join(PARAGRAPHS)


@pytest.mark.parametrize("width", [25, 31, 44])
def test_lines_wrapped_at_spaces_are_joined_by_spaces(width: int) -> None:
    text = "\n\n".join(textwrap.fill(one, width) for one in PARAGRAPHS)

    assert torn_words(text) == frozenset()
    assert shown(text) == "\n\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("a well-\nknown man", "a well-known man"),
        ("an exam-\nple of it", "an example of it"),
    ],
)
def test_a_hyphen_at_a_line_end_gets_no_space(text: str, joined: str) -> None:
    line = "This line is here so that all of them are about as wide as it,"
    head, tail = text.split("\n")
    lines = [line, f"{line[: len(line) - len(head) - 1]} {head}", f"{tail}{line[len(tail) :]}", line, "for example."]

    assert joined in shown("\n".join(lines))


def test_a_poem_and_the_writers_own_breaks_are_left_alone() -> None:
    stanzas = (
        "나 보기가 역겨워\n가실 때에는\n말없이 고이 보내 드리우리다",
        "영변에 약산\n진달래꽃\n아름 따다 뿌리우리다",
    )
    poem = "\n\n".join(stanzas)

    assert shown(poem) == poem


@pytest.mark.parametrize("breaks", ["join", "keep"])
def test_recipes_that_say_what_a_break_becomes_are_obeyed(breaks: str) -> None:
    text = wrapped()
    recipe = Recipe.of({"line_breaks": breaks, "low": 1, "high": 50})

    assert all(piece.text == text[piece.start : piece.end] for piece in pieces_of(recipe, Loaded("s", text)))
