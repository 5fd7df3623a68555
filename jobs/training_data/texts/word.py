"""What the elements of a .docx mean to a reader of the paper: changes accepted, nothing hidden, fields as shown."""

from collections.abc import Callable

from jobs.training_data.texts.codes import Note
from jobs.training_data.texts.equations import Equation, line
from jobs.training_data.texts.flow import Block
from jobs.training_data.texts.symbols import symbol
from jobs.training_data.texts.walking import Attributes, Walk, of
from jobs.training_data.texts.word_styles import Styles, is_on

CHANGES = ("rPrChange", "pPrChange", "tblPrChange", "trPrChange", "tcPrChange", "sectPrChange", "tblPrExChange")
SEPARATORS = ("separator", "continuationSeparator", "continuationNotice")


class Run:
    """What is known of the paragraph and the run that are being read."""

    def __init__(self) -> None:
        self.style_hides = self.character_hides = self.is_listed = self.mark_is_gone = False
        self.hides: bool | None = None  # as the run itself says

    def is_hidden(self) -> bool:
        """A style of the paragraph and one of the run undo each other; what the run itself says holds."""
        return self.style_hides != self.character_hides if self.hides is None else self.hides


class Word(Walk):
    texts = frozenset({"t", "instrText"})
    left_out = frozenset({"t", "delText"})
    skipped = {
        "rt": Note.RUBY,
        "delText": None,
        "fldData": None,
    } | dict.fromkeys(CHANGES, None)

    def __init__(self, depth: int, styles: Styles, *, trusting: bool = True) -> None:
        super().__init__(depth)
        self.styles = styles
        self.trusting = trusting  # that every field that begins ends
        self.run = Run()
        self.runs: list[Run] = []
        self.fields: list[bool] = []  # each open field: whether its result has begun
        self.equation: Equation | None = None
        self.refers: list[tuple[str, str]] = []  # the notes, in the order of their signs
        self.note_key = ("", "")
        self.footnotes: dict[tuple[str, str], Block] = {}
        self._know_elements()

    def _know_elements(self) -> None:
        self.starts |= {
            "p": self.begin_paragraph, "pStyle": self.style_paragraph, "numId": self.number,
            "r": self.begin_run, "rStyle": self.style_run, "vanish": self.hide,
            "del": self.delete, "moveFrom": self.delete,
            "hidden": self.hide_row, "gridSpan": self.span, "vMerge": self.merge,
            "tab": self.tab, "ptab": self.writes("\t"), "br": self.writes("\n"), "cr": self.writes("\n"),
            "noBreakHyphen": self.writes("\u2011"), "sym": self.symbol, "symEx": self.symbol,
            "txbxContent": self.enter, "txBody": self.enter, "textpath": self.word_art,
            "AlternateContent": self.begin_choices, "Choice": self.begin_choice, "Fallback": self.begin_choice,
            "footnoteReference": self.refer, "endnoteReference": self.refer,
            "footnote": self.begin_note, "endnote": self.begin_note,
            "fldChar": self.field, "oMath": self.begin_equation,
            "commentReference": self.counts(Note.COMMENTS),
            "altChunk": self.counts(Note.EMBEDDED), "subDoc": self.counts(Note.EMBEDDED),
            "relIds": self.counts(Note.CHARTS), "chart": self.counts(Note.CHARTS),
        }  # fmt: skip
        self.ends |= {
            "p": self.end_paragraph, "txbxContent": self.end_box, "txBody": self.end_box,
            "AlternateContent": self.end_choices, "oMath": self.end_equation,
            "footnote": self.end_note, "endnote": self.end_note,
        }  # fmt: skip

    def is_in_code(self) -> bool:
        """Within what a field computes, not in what it shows."""
        return self.trusting and not all(self.fields)

    def write(self, text: str) -> None:
        if not self.run.is_hidden() and not self.is_in_code():
            super().write(text)

    def take(self, text: str) -> None:
        if self.above[-1] == "instrText":
            self.notes[Note.CHARTS] += text.lstrip().startswith("EQ ")
            return
        self.notes[Note.HIDDEN] += self.run.is_hidden() and not text.isspace() and not self.is_in_code()
        self.write(text)

    # --- paragraphs and runs ---

    def begin_paragraph(self, _told: Attributes) -> None:
        self.runs.append(self.run)
        self.run = Run()
        self._style(self.styles.normal)

    def style_paragraph(self, told: Attributes) -> None:
        if self.parent() == "pPr":
            self._style(of(told, "val"))

    def _style(self, name: str) -> None:
        self.run.style_hides, self.run.is_listed = self.styles.hides(name), self.styles.lists(name)

    def number(self, told: Attributes) -> None:
        self.run.is_listed = of(told, "val") != "0"

    def begin_run(self, _told: Attributes) -> None:
        self.run.hides, self.run.character_hides = None, False

    def style_run(self, told: Attributes) -> None:
        if self.parent(2) == "r":
            self.run.character_hides = self.styles.hides(of(told, "val"))

    def hide(self, told: Attributes) -> None:
        """Of a run, or of the sign that ends a paragraph: then the next one goes on in the same line."""
        if self.parent(2) == "r":
            self.run.hides = is_on(told)
        elif self.parent(2) == "pPr":
            self.run.mark_is_gone |= is_on(told)

    def delete(self, _told: Attributes) -> None:
        """A tracked change: of the sign that ends a paragraph, of a row, or of what it holds."""
        if self.parent() == "rPr":
            self.run.mark_is_gone = True
        elif self.parent() == "trPr":
            self.tables[-1].gone = Note.DELETED
        else:
            self.skip(Note.DELETED)

    def end_paragraph(self) -> None:
        run, self.run = self.run, self.runs.pop()
        if run.mark_is_gone:
            return
        self.notes[Note.NUMBERS] += run.is_listed and any(word.strip() for word in self.flow.words)
        self.flow.end_paragraph()

    # --- tables ---

    def hide_row(self, told: Attributes) -> None:
        if self.parent() == "trPr" and is_on(told):
            self.tables[-1].gone = Note.HIDDEN

    def span(self, told: Attributes) -> None:
        """A cell as wide as several, whose places are empty."""
        wide = of(told, "val")
        self.flow.wide = int(wide) if wide.isdecimal() else 1

    def merge(self, told: Attributes) -> None:
        """A cell that one above covers shows nothing of its own."""
        self.flow.is_covered = of(told, "val") != "restart"

    # --- notes, fields, equations and signs ---

    def counts(self, note: Note) -> Callable[[Attributes], None]:
        return lambda _told: self.notes.update((note,))

    def refer(self, told: Attributes) -> None:
        if not self.is_in_code():
            self.refers.append((self.above[-1].removesuffix("Reference"), of(told, "id")))

    def begin_note(self, told: Attributes) -> None:
        if of(told, "type") in SEPARATORS:
            self.skip()
            return
        self.note_key = (self.above[-1], of(told, "id"))
        self.enter(told)

    def end_note(self) -> None:
        self.footnotes[self.note_key] = self.leave()

    def field(self, told: Attributes) -> None:
        match of(told, "fldCharType"):
            case "begin":
                self.fields.append(False)
            case "separate" if self.fields:
                self.fields[-1] = True
            case "end" if self.fields:
                self.fields.pop()

    def begin_equation(self, _told: Attributes) -> None:
        self.equation = Equation()
        self.catch(self.equation)

    def end_equation(self) -> None:
        if self.equation and (text := line(self.equation.root)):
            self.write(text)
            self.notes[Note.EQUATIONS] += 1
        self.equation = self.caught = None

    def symbol(self, told: Attributes) -> None:
        if sign := symbol(of(told, "font"), of(told, "char")):
            self.write(sign)
        else:
            self.notes[Note.SIGNS] += 1

    def word_art(self, told: Attributes) -> None:
        self.flow.hold([of(told, "string")] if of(told, "string").strip() else [])

    def tab(self, _told: Attributes) -> None:
        if self.parent() != "tabs":
            self.write("\t")
