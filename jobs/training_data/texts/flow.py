"""Lines of a document: a paragraph stays whole, a row stays a row, a box follows the paragraph that holds it.

A box or a table has an empty line before and after it, so that nothing takes it for the next sentence of the prose.
"""

import re
from collections.abc import Iterable, Iterator

from jobs.training_data.texts.codes import Note

type Block = list[str]  # the lines of a box or a table

INK = re.compile(r"\S")
WIDEST = 63  # columns, as in Word
GAPS = re.compile(r"\n{3,}")


class Flow:
    """Paragraphs of one place: the body, a cell, a box, a note."""

    def __init__(self) -> None:
        self.parts: list[str | Block] = []
        self.words: list[str] = []
        self.after: list[Block] = []  # what the paragraph that is being read holds
        self.wide, self.column = 1, 0  # of a cell: how many columns it fills, and the first where that is known
        self.is_covered = False  # by a cell above

    def write(self, text: str) -> None:
        self.words.append(text)

    def hold(self, block: Block) -> None:
        if block:
            self.after.append(block)

    def end_paragraph(self) -> None:
        line = "".join(self.words).rstrip()
        if INK.search(line):
            self.parts.append(line)
        self.parts += self.after
        self.words, self.after = [], []

    def lines(self) -> Block:
        """Its lines, the last paragraph's too."""
        self.end_paragraph()
        lines: Block = []
        for part in self.parts:
            lines += [part] if isinstance(part, str) else ["", *part, ""]
        return lines

    def text(self) -> str:
        """Its paragraphs in one line, without what they hold."""
        self.end_paragraph()
        return " ".join(word for part in self.parts if isinstance(part, str) for word in part.split())

    def blocks(self) -> list[Block]:
        return [part for part in self.parts if not isinstance(part, str)]


class Table:
    """Rows of cells. Each is a line; cells are a tab apart, and empty ones count, so that columns can be found."""

    def __init__(self) -> None:
        self.rows: Block = []
        self.cells: list[Flow] = []
        self.gone: Note | None = None  # the row that is being read is not shown

    def end_row(self) -> Note | None:
        """Why the row is left out, where it is and has text.

        A row of one cell, or in which one alone holds several paragraphs, is a frame: they stay paragraphs.
        """
        texts = [cell.text() for cell in self.cells]
        inked = [cell for cell in self.cells if cell.parts]
        gone = self.gone if inked else None
        if not self.gone and len(inked) == 1 and (len(self.cells) == 1 or len(inked[0].parts) > 1):
            self.rows += inked[0].lines()
        elif not self.gone and inked:
            self.rows.append("".join(self._columns(texts)).rstrip())
            self.rows += [line for cell in inked for block in cell.blocks() for line in ("", *block, "")]
        self.cells, self.gone = [], None
        return gone

    def _columns(self, texts: list[str]) -> Iterator[str]:
        place = 0
        for cell, text in zip(self.cells, texts, strict=True):
            yield "\t" * min(max(cell.column - place, 0), WIDEST)
            yield text
            yield "\t" * min(cell.wide, WIDEST)
            place = max(cell.column, place) + cell.wide


def joined(lines: Iterable[str]) -> str:
    """As a text, with never more than one empty line."""
    return GAPS.sub("\n\n", "\n".join(lines)).strip("\n")
