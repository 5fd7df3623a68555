"""A page of a PDF, letter by letter as PDFium finds them. Only the process that reads texts imports this."""

import ctypes
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from jobs.training_data.texts.pdf_lines import LIGATURES, Page, Piece, in_reading_order, rows_of
from jobs.training_data.texts.pdfium import pdfium, raw

CELL_GAP = 1.8  # heights of a letter: a wider gap is between cells or columns
GUESSED = 0.3  # of the letters of a font are guessed by PDFium, which may be right,
CONTROLS, RARE_LETTERS = 0.03, 0.15  # unless so many of them come out as controls or as letters of far scripts
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ufffd-\\uffff]")
GAP = re.compile("[\\x00-\\x20\\xad\\ufffd-\\uffff]")
RARE = re.compile(  # neither European, Korean, Japanese nor Chinese, nor a usual sign
    "[^\\s\u0020-\u017f\u02c6-\u02dd\u0370-\u045f\u1100-\u11ff\u1e00-\u1eff\u2000-\u27bf\u2e80-\u33ff\u3400-\u9fff"
    "\uac00-\ud7a3\ue000-\uf8ff\uf900-\ufb06\ufe30-\ufe4f\uff00-\uffef\x00-\x1f\x7f-\x9f\U0001d400-\U0001faff\U00020000-\U0003ffff]"
)
MARK = "\ufffd"
PARTED = re.compile(r"(?:[가-힣] ){2,}[가-힣]")  # a title whose letters are far from each other
RADICALS = re.compile("[\u2e80-\u2fd5]+")  # that fonts take for the same-looking Hanja
SURROGATES = re.compile("[\ud800-\udfff]")

type Box = tuple[float, float, float, float]


class Reader:
    """The letters of one page, from the upper left of the page as it is shown."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.page_of_text = page.get_textpage()
        self.raw = self.page_of_text.raw
        self.turn = page.get_rotation()
        self.left, self.low, self.right, self.high = page.get_cropbox()
        self.rect = raw.FS_RECTF()
        self.width, self.height = page.get_size()
        self.text = self._letters()
        self.letters = sum(map(len, self.text.split()))
        self.unreadable = self._unreadable()

    def page(self) -> Page:
        pieces = [piece for start, end in self._ranges() if (piece := self._piece(start, end)).text]
        shown = [piece for piece in pieces if self._is_on_paper(piece)]
        rows = in_reading_order(rows_of(shown))
        return Page(self.height, rows, self.letters, len(self.unreadable), len(pieces) - len(shown))

    def _letters(self) -> str:
        """One character for each letter of PDFium's, whose numbers are its places in the string."""
        count = max(0, raw.FPDFText_CountChars(self.raw))
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(self.raw, 0, count, buffer) - 1
        text = bytes(buffer)[: 2 * written].decode("utf-16-le", "surrogatepass")
        if written == count and not SURROGATES.search(text):
            return text
        return "".join(chr(raw.FPDFText_GetUnicode(self.raw, number)) for number in range(count))  # some are left out

    def _is_made(self, number: int) -> bool:
        """Whether PDFium put in this space or break, because of a gap."""
        return bool(raw.FPDFText_IsGenerated(self.raw, number) == 1)

    def _unreadable(self) -> set[int]:
        """The letters that nobody can read: their font does not say what they are."""
        broken = {found.start() for found in CONTROL.finditer(self.text) if self._is_letter(found.start())}
        self.letters += sum(self.text[number].isspace() for number in broken)
        return broken | self._of_bad_fonts(broken) if broken or RARE.search(self.text) else broken

    def _is_letter(self, number: int) -> bool:
        """Whether a control is a letter whose code was taken for its character."""
        is_gap = self.text[number] in "\r\n\t" and self._is_made(number)
        return not is_gap and not self._is_hyphen(number)

    def _is_hyphen(self, number: int) -> bool:
        """Whether it parts a word at the end of a line."""
        return bool(raw.FPDFText_IsHyphen(self.raw, number) == 1)

    def _of_bad_fonts(self, broken: set[int]) -> set[int]:
        """Where a font does not name its characters PDFium guesses, often right. Controls, rare letters betray it."""
        fonts: dict[int, list[int]] = defaultdict(list)
        for number, letter in enumerate(self.text):
            if not letter.isspace() or number in broken:
                fonts[self._font(number)].append(number)
        return {number for letters in fonts.values() if self._is_bad(letters, broken) for number in letters}

    def _is_bad(self, letters: list[int], broken: set[int]) -> bool:
        guessed = sum(raw.FPDFText_HasUnicodeMapError(self.raw, number) == 1 for number in letters)
        controls = sum(number in broken for number in letters)
        rare = sum(RARE.match(self.text[number]) is not None for number in letters)
        return guessed >= GUESSED * len(letters) and (
            controls >= CONTROLS * len(letters) or rare >= RARE_LETTERS * len(letters)
        )

    def _font(self, number: int) -> int:
        drawn = raw.FPDFText_GetTextObject(self.raw, number)
        font = raw.FPDFTextObj_GetFont(drawn) if drawn else None
        return ctypes.addressof(font.contents) if font else 0

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """From one break, hyphen or wide gap to the next."""
        start = 0
        for found in GAP.finditer(self.text):
            number = found.start()
            if found[0] in "\r\n " and self._is_made(number) and (found[0] != " " or self._is_wide(number)):
                yield start, number
                start = number + 1
            elif found[0] not in "\r\n " and self._is_hyphen(number):
                yield start, number + 1
                start = number + 1
        yield start, len(self.text)

    def _is_wide(self, space: int) -> bool:
        if not 0 < space < len(self.text) - 1:
            return False
        before, after = self._box(space - 1), self._box(space + 1)
        return after[0] - before[2] > CELL_GAP * max(before[3] - before[1], after[3] - after[1])

    def _box(self, number: int) -> Box:
        """Left, top, right and bottom of the place that a letter takes in its row."""
        raw.FPDFText_GetLooseCharBox(self.raw, number, self.rect)
        rect = self.rect
        return self._turned(
            rect.left - self.left, self.high - rect.top, rect.right - self.left, self.high - rect.bottom
        )

    def _turned(self, left: float, top: float, right: float, bottom: float) -> Box:
        wide, high = self.right - self.left, self.high - self.low
        match self.turn:
            case 90:
                return high - bottom, left, high - top, right
            case 180:
                return wide - right, high - bottom, wide - left, high - top
            case 270:
                return top, wide - right, bottom, wide - left
        return left, top, right, bottom

    def _piece(self, start: int, end: int) -> Piece:
        hyphenated = end > start and self._is_hyphen(end - 1)
        text = self._shown(start, end - hyphenated)
        inked = text.strip()
        if not inked and not hyphenated:
            return Piece("")
        begin = start + len(text) - len(text.lstrip())
        first, last = self._box(begin), self._box(end - 1 if hyphenated else begin + len(inked) - 1)
        level = abs(last[0] - first[0]) >= abs(last[1] - first[1])
        return Piece(
            self._plain(inked, begin) + (" " if self._ends_word(begin + len(inked), end) else "-" * hyphenated),
            min(first[0], last[0]), max(first[2], last[2]), min(first[1], last[1]), max(first[3], last[3]),
            is_level=level, is_hyphenated=hyphenated,
        )  # fmt: skip

    def _ends_word(self, start: int, end: int) -> bool:
        """Whether a space was written at the end of a line, which shows that no word goes on in the next one."""
        return start < end and self.text[start] == " " and not self._is_made(start)

    def _shown(self, start: int, end: int) -> str:
        if not self.unreadable:
            return self.text[start:end]
        return "".join(MARK if number in self.unreadable else self.text[number] for number in range(start, end))

    def _plain(self, text: str, start: int) -> str:
        """Letters that were put far from each other, ligatures and radicals as one would write them."""
        if PARTED.fullmatch(text) and all(self._is_made(start + n) for n, letter in enumerate(text) if letter == " "):
            return text.replace(" ", "")
        text = text.translate(LIGATURES)
        if SURROGATES.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return RADICALS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)

    def _is_on_paper(self, piece: Piece) -> bool:
        across, down = (piece.left + piece.right) / 2, (piece.top + piece.bottom) / 2
        return bool(0 <= across <= self.width and 0 <= down <= self.height)
