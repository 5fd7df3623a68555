"""The text of a .pdf that has one."""

import logging
from collections.abc import Callable
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.found import Bounds

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it complains of every blemish


def pdf_text(path: Path, bounds: Bounds, page_read: Callable[[int, int], None]) -> tuple[str, dict[str, int]]:
    """The text of its pages, and how many have none. Raises TextFaultError; pypdf must raise nothing else here."""
    try:
        return _text(path, bounds, page_read)
    except TextFaultError:
        raise
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError):
        raise TextFaultError(TextCode.BROKEN) from None  # a broken file breaks it in many ways


def _text(path: Path, bounds: Bounds, page_read: Callable[[int, int], None]) -> tuple[str, dict[str, int]]:
    with path.open("rb") as stream:
        reader = PdfReader(stream)
        if reader.is_encrypted and not reader.decrypt(""):
            raise TextFaultError(TextCode.ENCRYPTED)
        count = len(reader.pages)
        if count > bounds.pages:
            raise TextFaultError(TextCode.TOO_MANY_PAGES, pages=count, limit=bounds.pages)
        texts: list[str] = []
        length = 0
        for number, page in enumerate(reader.pages, start=1):
            texts.append(page.extract_text().strip())
            page_read(number, count)
            if (length := length + len(texts[-1])) > bounds.characters:
                raise TextFaultError(TextCode.TOO_LONG, limit=bounds.characters)
    empty = sum(not text for text in texts)
    if empty == count:
        raise TextFaultError(TextCode.SCANNED, pages=count)
    return "\n".join(filter(None, texts)), {Note.PAGES_WITHOUT_TEXT.value: empty} if empty else {}
