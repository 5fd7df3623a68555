"""Walks through a part of a document as its XML comes, and writes down its text. Nothing of the XML stays in memory.

What the elements of a kind mean is in `word` and `hangul`. Names are local: namespaces differ between versions.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol
from xml.parsers import expat

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.flow import Block, Flow, Table

type Attributes = dict[str, str]


def parser() -> expat.XMLParserType:
    """One that refuses declarations, and so all entities."""
    parse = expat.ParserCreate()
    parse.buffer_text = True
    parse.StartDoctypeDeclHandler = _refuse_declarations
    return parse


def _refuse_declarations(*_told: object) -> None:
    raise TextFaultError(TextCode.ENTITIES)


def local(name: str) -> str:
    return name.rpartition(":")[2]


def of(told: Attributes, name: str) -> str:
    """An attribute, whatever the prefix; empty where there is none."""
    return next((value for key, value in told.items() if local(key) == name), "")


class Catcher(Protocol):
    """Makes something else of the elements than lines."""

    def start(self, name: str, told: Attributes) -> None: ...
    def text(self, text: str) -> None: ...
    def end(self) -> None: ...


class Walk:
    """The text of some parts, in `flow`. `notes` counts what is left out."""

    texts = frozenset({"t"})  # elements that hold text
    left_out = frozenset({"t"})  # elements that hold text where it is left out
    skipped: dict[str, Note | None] = {}  # elements left out, and the note where there is text in them

    def __init__(self, depth: int) -> None:
        self.deepest = depth
        self.above: list[str] = []  # the open elements
        self.flow = Flow()
        self.flows: list[Flow] = []
        self.tables: list[Table] = []
        self.notes: Counter[Note] = Counter()
        self.ink = 0  # how often text was written
        self.inks: list[int] = []
        self.skip_from = 0  # the depth of the element that is left out
        self.skip_note: Note | None = None
        self.skip_ink = False
        self.caught: Catcher | None = None  # takes the elements below one, instead of us
        self.caught_from = 0
        self.starts: dict[str, Callable[[Attributes], None]] = {"tbl": self.begin_table, "tc": self.enter}
        self.ends: dict[str, Callable[[], None]] = {"tc": self.end_cell, "tr": self.end_row, "tbl": self.end_table}

    def read(self, chunks: Iterable[bytes]) -> None:
        parse = parser()
        parse.StartElementHandler = self._start
        parse.EndElementHandler = self._end
        parse.CharacterDataHandler = self._text
        for chunk in chunks:
            parse.Parse(chunk, False)
        parse.Parse(b"", True)

    def write(self, text: str) -> None:
        self.flow.write(text)
        self.ink += 1

    def writes(self, text: str) -> Callable[[Attributes], None]:
        return lambda _told: self.write(text)

    def skip(self, note: Note | None = None) -> None:
        """Leave out the element that begins here."""
        self.skip_from, self.skip_note, self.skip_ink = len(self.above), note, False

    def catch(self, catcher: Catcher) -> None:
        """Have everything in the element that begins here taken by `catcher`."""
        self.caught, self.caught_from = catcher, len(self.above)

    def enter(self, _told: Attributes) -> None:
        """A place with paragraphs of its own begins."""
        self.flows.append(self.flow)
        self.flow = Flow()

    def leave(self) -> Block:
        lines = self.flow.lines()
        self.flow = self.flows.pop()
        return lines

    def end_box(self) -> None:
        lines = self.leave()
        self.flow.hold(lines)

    def begin_table(self, _told: Attributes) -> None:
        self.tables.append(Table())

    def end_cell(self) -> None:
        cell, self.flow = self.flow, self.flows.pop()
        if cell.is_covered:
            self.notes[Note.HIDDEN] += bool(cell.lines())
            cell = Flow()
        self.tables[-1].cells.append(cell)

    def end_row(self) -> None:
        if gone := self.tables[-1].end_row():
            self.notes[gone] += 1

    def end_table(self) -> None:
        self.flow.hold(self.tables.pop().rows)
        if not self.flow.words:
            self.flow.end_paragraph()

    def begin_choices(self, _told: Attributes) -> None:
        """The same thing in several versions: the first that has text is taken."""
        self.inks.append(self.ink)

    def begin_choice(self, _told: Attributes) -> None:
        if self.inks and self.ink > self.inks[-1]:
            self.skip()

    def end_choices(self) -> None:
        self.inks.pop()

    def parent(self, steps: int = 1) -> str:
        return self.above[-1 - steps] if len(self.above) > steps else ""

    def _start(self, name: str, told: Attributes) -> None:
        name = local(name)
        self.above.append(name)
        if len(self.above) > self.deepest:
            raise TextFaultError(TextCode.TOO_DEEP, limit=self.deepest)
        if self.skip_from:
            return
        if self.caught:
            self.caught.start(name, told)
        elif name in self.skipped:
            self.skip(self.skipped[name])
        elif action := self.starts.get(name):
            action(told)

    def _text(self, text: str) -> None:
        name = self.above[-1] if self.above else ""
        if self.skip_from:
            self.skip_ink |= name in self.left_out and not text.isspace()
        elif self.caught and name == "t":
            self.caught.text(text)
        elif name in self.texts:
            self.take(text.replace("\n", " "))

    def take(self, text: str) -> None:
        """Text that stands in the document."""
        self.write(text)

    def _end(self, _name: str) -> None:
        name = self.above[-1]
        if self.skip_from:
            if self.skip_from == len(self.above):
                self._end_skip()
        elif self.caught and self.caught_from < len(self.above):
            self.caught.end()
        elif action := self.ends.get(name):
            action()
        self.above.pop()

    def _end_skip(self) -> None:
        self.skip_from = 0
        if self.skip_note and self.skip_ink:
            self.notes[self.skip_note] += 1
