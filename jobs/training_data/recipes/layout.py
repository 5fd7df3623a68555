"""A text as its writer laid it out: paragraphs, the headings that they are under, and lines that were wrapped."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from jobs.training_data.recipes import headings
from jobs.training_data.recipes.endings import ENDED, HEAD
from jobs.training_data.recipes.wrapping import Line, is_deliberate, is_wrapped, lines_of, width_of

BREAK = re.compile(r"(?<![ \t\r\u3000])-?[ \t\r\u3000]*+\n\s*")
CLOSING_MARKS = frozenset(".,!?;:)]}…。、”’」』》〉")  # no space is before them
CHAIN = 3  # unnumbered headings in a row: title, part, chapter; more of them are a list
MOST = 50  # lines in a row that may be headings


class Unit(NamedTuple):
    """Lines that belong together: a paragraph, a stanza, a table, or one line that may be a heading."""

    start: int
    end: int
    after_gap: bool
    lines: int


class Paragraph(NamedTuple):
    start: int
    end: int
    section: int  # the same under the same heading
    heading: str


class Layout:
    """Of one text. `known`: where headings begin that the file marks so. `torn`: where lines begin within a word."""

    def __init__(self, text: str, known: Collection[int] = (), torn: Collection[int] = ()) -> None:
        self.text, self.known, self.torn = text, frozenset(known), frozenset(torn)
        self.wrapped = is_wrapped(text)
        self._width = width_of(text) if self.wrapped else 0
        self._starts = {unit.start for unit in self._units()} if self.wrapped else set[int]()
        head = text[:HEAD]
        self._has_gaps = head.count("\n\n") * 10 > head.count("\n")

    def paragraphs(self) -> Iterator[Paragraph]:
        """In order; the headings are not among them."""
        section, heading = 0, ""
        for unit, is_heading in self._judged():
            line = self.text[unit.start : unit.end]
            if is_heading:
                section += 1
                heading = heading if headings.is_border(line) else line
            else:
                yield Paragraph(unit.start, unit.end, section, heading)

    def flow(self, start: int, end: int) -> str:
        """That part of the text with a wrapped line as one: a space for its break, nothing inside a word."""
        text = self.text[start:end]
        return BREAK.sub(lambda found: self._instead(found, start), text) if "\n" in text else text

    def _instead(self, found: re.Match[str], start: int) -> str:
        place, hyphen = start + found.end(), found[0][:1] == "-"
        if not self.wrapped or place in self._starts:
            return "-" * hyphen + ("\n\n" if found[0].count("\n") > 1 else "\n")
        if place in self.torn or self.text[place : place + 1] in CLOSING_MARKS:
            return ""
        glued = hyphen and self.text[start + found.start() - 1].isalpha() and self.text[place].isalpha()
        return "-" if glued else "-" * hyphen + " "

    def _judged(self) -> Iterator[tuple[Unit, bool]]:
        """Every unit, and whether it is a heading."""
        waiting: list[Unit] = []
        before: Unit | None = None
        for unit in self._units():
            if len(waiting) < MOST and self._may_head(unit, before):
                waiting.append(unit)
            else:
                yield from self._decided(waiting, unit)
                yield unit, False
                waiting = []
            before = unit
        yield from self._decided(waiting, None)

    def _may_head(self, unit: Unit, before: Unit | None) -> bool:
        if unit.start in self.known:
            return True
        line = self.text[unit.start : unit.end]
        if unit.lines > 1 or not headings.looks_like_one(line):
            return False
        if unit.after_gap or headings.is_numbered(line):
            return True
        return before is not None and not self._has_gaps and self._is_said(before)

    def _is_said(self, unit: Unit) -> bool:
        """Whether it ends as a sentence does; a line that may be a heading need not."""
        return self.text[unit.end - 1] in ENDED or headings.looks_like_one(self.text[unit.start : unit.end])

    def _decided(self, waiting: list[Unit], after: Unit | None) -> Iterator[tuple[Unit, bool]]:
        lines = [self.text[unit.start : unit.end] for unit in waiting]
        follows = self.text[after.start : after.end] if after else ""
        items = [headings.item_of(line) for line in [*lines, follows]]
        plain = sum(not headings.is_numbered(line) for line in lines)
        for place, (unit, line) in enumerate(zip(waiting, lines, strict=True)):
            listed = bool(items[place]) and items[place] in (items[place + 1], items[place - 1] if place else "")
            if headings.is_numbered(line):
                looks = bool(follows) and not listed
            else:
                looks = plain <= CHAIN and headings.stands_under_one(follows)
            yield unit, unit.start in self.known or looks

    def _units(self) -> Iterator[Unit]:
        block: list[Line] = []
        for line in lines_of(self.text):
            if block and (line.after_gap or line.start in self.known or block[-1].start in self.known):
                yield from self._of_block(block)
                block = []
            block.append(line)
        yield from self._of_block(block)

    def _of_block(self, block: list[Line]) -> Iterator[Unit]:
        """Lines without an empty one between them: all one unit, or each its own, or as far as they were wrapped."""
        each = not self.wrapped and self._is_prose(block)
        first = 0
        for place in range(1, len(block) + 1):
            if place == len(block) or each or (self.wrapped and self._was_ended(block[place - 1], block[place])):
                yield Unit(block[first].start, block[place - 1].end, block[first].after_gap, place - first)
                first = place

    def _was_ended(self, before: Line, after: Line) -> bool:
        """Whether the writer broke here, not the width of the page."""
        if after.indented > before.indented:
            return True
        texts = self.text[before.start : before.end], self.text[after.start : after.end]
        return is_deliberate(*texts, self._width, bool(self.torn))

    def _is_prose(self, block: list[Line]) -> bool:
        """Whether each line is a paragraph: half of them end as sentences do. Else it is a stanza or a table."""
        lines = [self.text[line.start : line.end] for line in block]
        body = [line for line in lines if not headings.is_numbered(line)]
        return bool(body) and sum(line[-1] in ENDED for line in body) * 2 >= len(body)
