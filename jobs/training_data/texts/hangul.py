"""What the elements of a .hwpx mean to a reader of the paper: changes accepted, notes and memos out of the way."""

from collections.abc import Iterable

from jobs.training_data.texts.codes import Note
from jobs.training_data.texts.flow import Block
from jobs.training_data.texts.walking import Attributes, Walk, local, of, parser

COUNTED = ("FIGURE", "PICTURE", "TABLE", "EQUATION")  # what has a number that is read in the sentence
LINE_IN_ART = str.maketrans({"␍": None, "␊": "\n"})
LIST_HEADS = ("NUMBER", "OUTLINE", "BULLET")


def listed_shapes(chunks: Iterable[bytes]) -> frozenset[str]:
    """The shapes of paragraphs that the program numbers, out of the header of a document."""
    found: set[str] = set()
    shape = ""

    def start(name: str, told: Attributes) -> None:
        nonlocal shape
        if local(name) == "paraPr":
            shape = of(told, "id")
        elif local(name) == "heading" and of(told, "type") in LIST_HEADS:
            found.add(shape)

    parse = parser()
    parse.StartElementHandler = start
    for chunk in chunks:
        parse.Parse(chunk, False)
    return frozenset(found)


class Hangul(Walk):
    texts = frozenset({"t", "mainText", "script"})
    skipped = {
        "secPr": None,
        "parameters": None,
        "header": Note.RUNNING,
        "footer": Note.RUNNING,
        "hiddenComment": Note.COMMENTS,
        "fieldBegin": Note.COMMENTS,
        "memo": Note.COMMENTS,
        "subText": Note.RUBY,
    }
    left_out = frozenset({"t", "subText"})

    def __init__(self, depth: int, listed: frozenset[str], *, trusting: bool = True) -> None:
        super().__init__(depth)
        self.listed = listed
        self.trusting = trusting  # that every deletion that begins ends
        self.deleted: set[str] = set()  # tracked deletions that are open
        self.marks_gone = [False]  # for each open paragraph: whether the sign that ends it is deleted
        self.heads = [False]  # and whether the program puts a number before it
        self.endings: list[Block] = []  # foot- and endnotes
        self.starts |= {
            "p": self.begin_paragraph, "tab": self.writes("\t"), "lineBreak": self.writes("\n"),
            "nbSpace": self.writes("\u00a0"), "fwSpace": self.writes("\u00a0"), "hyphen": self.writes("-"),
            "deleteBegin": self.begin_deletion, "deleteEnd": self.end_deletion, "compose": self.compose,
            "autoNum": self.number, "textart": self.word_art, "drawText": self.enter, "caption": self.enter,
            "footNote": self.enter, "endNote": self.enter, "cellAddr": self.place, "cellSpan": self.span,
            "chart": self.chart, "switch": self.begin_choices, "case": self.begin_choice, "default": self.begin_choice,
        }  # fmt: skip
        self.ends |= {
            "p": self.end_paragraph, "drawText": self.end_box, "caption": self.end_box, "footNote": self.end_note,
            "endNote": self.end_note, "script": self.end_script, "switch": self.end_choices,
        }  # fmt: skip

    def write(self, text: str) -> None:
        if not self.deleted:
            super().write(text)

    def begin_paragraph(self, told: Attributes) -> None:
        self.marks_gone.append(False)
        self.heads.append(of(told, "paraPrIDRef") in self.listed)

    def end_paragraph(self) -> None:
        gone, head = self.marks_gone.pop(), self.heads.pop()
        if gone:
            return
        self.notes[Note.NUMBERS] += head and any(word.strip() for word in self.flow.words)
        self.flow.end_paragraph()

    def begin_deletion(self, told: Attributes) -> None:
        self.notes[Note.DELETED] += 1
        if self.trusting:
            self.deleted.add(of(told, "Id"))

    def end_deletion(self, told: Attributes) -> None:
        self.deleted.discard(of(told, "Id"))
        self.marks_gone[-1] |= of(told, "paraend") in ("1", "true")

    def compose(self, told: Attributes) -> None:
        self.write(of(told, "composeText"))

    def number(self, told: Attributes) -> None:
        if of(told, "numType") in COUNTED:
            self.write(of(told, "num"))

    def word_art(self, told: Attributes) -> None:
        text = of(told, "text").translate(LINE_IN_ART).strip()
        self.flow.hold(text.split("\n") if text else [])

    def end_note(self) -> None:
        self.endings.append(self.leave())

    def end_script(self) -> None:
        self.notes[Note.EQUATIONS] += 1

    def chart(self, _told: Attributes) -> None:
        self.notes[Note.CHARTS] += 1

    def place(self, told: Attributes) -> None:
        self.flow.column = _whole(of(told, "colAddr"), 0)

    def span(self, told: Attributes) -> None:
        self.flow.wide = _whole(of(told, "colSpan"), 1)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else otherwise
