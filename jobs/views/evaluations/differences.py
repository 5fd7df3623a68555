"""Answers beside each other, with the words marked that the other one has not."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.models import Answer
from jobs.run_states import ChunkState
from jobs.training_data.aligning import Piece, Sides, sides
from jobs.training_data.scoring.messages import composed

type Span = tuple[int, int]

NOWHERE = (0, 0)


class Compared(NamedTuple):
    """An answer as it is shown. `found` is None where it is compared with nothing."""

    html: SafeString
    found: Sides | None


def beside(answer: Answer, other: Answer | None, *, is_left: bool = False, most: int | None = None) -> Compared:
    """`answer` with its own words marked, and what is copied from the training file.

    `is_left`: it is what the others are compared with. `most`: characters that are shown and compared.
    """
    text = composed(answer.answer)[:most]
    if other is None or other.state != ChunkState.DONE or not (text and other.answer):
        return Compared(_html([Piece(text, is_own=False)], _copied(answer), ""), None)
    theirs = composed(other.answer)[:most]
    found = sides(text, theirs) if is_left else sides(theirs, text)
    pieces, tag = (found.left, "del") if is_left else (found.right, "ins")
    if not found.common:  # marks everywhere would say nothing
        pieces = [Piece(text, is_own=False)]
    return Compared(_html(pieces, _copied(answer), tag), found)


def _copied(answer: Answer) -> Span:
    """Where in the text it is copied from the training file."""
    scores: dict[str, Any] = answer.scores
    start, end = scores.get("copy_span", NOWHERE) if scores.get("copied") else NOWHERE
    return start, end


def _html(pieces: Iterable[Piece], copied: Span, tag: str) -> SafeString:
    found = []
    for text, is_own, is_copied in _cut(pieces, copied):
        words = str(escape(text))
        words = f"<mark>{words}</mark>" if is_copied else words
        found.append(f"<{tag}>{words}</{tag}>" if is_own else words)
    return mark_safe("".join(found))  # noqa: S308 - escaped


def _cut(pieces: Iterable[Piece], copied: Span) -> Iterator[tuple[str, bool, bool]]:
    """Pieces cut where the copied part begins and ends: text, whether it is its own, whether it is copied."""
    start = 0
    for text, is_own in pieces:
        end = start + len(text)
        edges = sorted({start, end, *(edge for edge in copied if start < edge < end)})
        for first, last in pairwise(edges):
            yield text[first - start : last - start], is_own, copied[0] <= first < copied[1]
        start = end
