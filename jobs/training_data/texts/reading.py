"""A text out of a file of any kind, within bounds. The heavy readers live in a process of its own (`texts.run`)."""

import re
from collections.abc import Callable
from pathlib import Path

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.decoding import decode
from jobs.training_data.texts.found import BOUNDS, PUT_RIGHT, Bounds, Noted
from jobs.training_data.texts.marking import MARK, take_marks_out
from jobs.training_data.texts.pdf import pdf_text
from jobs.training_data.texts.plain import tidy, without_marks
from jobs.training_data.texts.zipped import zipped_text
from jobs.training_data.unreadable import Sign, readable, unreadable

INK = re.compile(r"\S")
type OnPage = Callable[[int, int], None]


class Read:
    """What came out."""

    def __init__(self, text: str, notes: Noted | None = None, encoding: str = "") -> None:
        self.text, self.encoding, self.notes = text, encoding, notes or {}
        self.headings: tuple[int, ...] = ()


def read(
    path: Path, kind: str, encoding: str = "", bounds: Bounds = BOUNDS, page_read: OnPage = lambda _n, _of: None
) -> Read:
    """Raises TextFaultError where there is no text, FileNotFoundError where there is no file; nothing else."""
    if not path.stat().st_size:
        raise TextFaultError(TextCode.EMPTY)
    found = _raw(path, kind, encoding, bounds, page_read)
    found.notes |= _signs(found.text)
    found.text, noticed = tidy(found.text)
    found.notes |= noticed
    found.text, found.headings = take_marks_out(found.text)
    if len(found.text) > bounds.characters:
        raise TextFaultError(TextCode.TOO_LONG, limit=bounds.characters)
    if not INK.search(found.text):
        raise TextFaultError(TextCode.NO_TEXT)
    return found


def _signs(text: str) -> dict[str, int]:
    """Controls are left out: `tidy` drops and notes them."""
    signs = {sign: count for sign, count in unreadable(text).items() if sign is not Sign.CONTROL}
    return {Note.UNREADABLE.value if sign is Sign.REPLACED else sign.value: count for sign, count in signs.items()}


def _put_right(text: str, notes: Noted) -> tuple[str, Noted]:
    right = readable(text)
    changed = sum(before != after for before, after in zip(text.split("\n"), right.split("\n"), strict=True))
    return right, notes | ({Note.PUT_RIGHT.value: changed} if changed else {})


def _raw(path: Path, kind: str, encoding: str, bounds: Bounds, page_read: OnPage) -> Read:
    if kind == "pdf":
        return Read(*pdf_text(path, bounds, page_read))
    if kind in ("docx", "hwpx"):
        return Read(*zipped_text(path, kind, bounds))
    return _plain(path, kind, encoding, bounds)


def _plain(path: Path, kind: str, encoding: str, bounds: Bounds) -> Read:
    if path.stat().st_size > bounds.text_bytes:
        raise TextFaultError(TextCode.TOO_LONG, limit=bounds.characters)
    decoded = decode(path.read_bytes(), "" if encoding == PUT_RIGHT else encoding)
    notes: Noted = {Note.BOM.value: 1} if decoded.has_bom else {}
    if decoded.unreadable:
        notes[Note.UNREADABLE.value] = decoded.unreadable
    text = decoded.text.replace(MARK, "")
    if encoding == PUT_RIGHT:
        text, notes = _put_right(text, notes)
    if kind == "md":
        text, marks = without_marks(text.replace("\r\n", "\n"))
        notes |= {Note.MARKUP.value: marks} if marks else {}
    return Read(text, notes, decoded.encoding)
