"""The text of .docx and .hwpx as a reader of the paper has it, and notes of what it leaves out."""

import zipfile
import zlib
from pathlib import Path
from xml.parsers.expat import ExpatError

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.found import Bounds, Noted
from jobs.training_data.texts.package import Package
from jobs.training_data.texts.reading_hangul import hangul_text
from jobs.training_data.texts.reading_word import word_text

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .doc and .hwp; a .docx with a password too
TROUBLE = (zipfile.BadZipFile, zlib.error, ExpatError, EOFError, LookupError, ValueError, NotImplementedError, OSError)
READERS = {"docx": word_text, "hwpx": hangul_text}


def zipped_text(path: Path, kind: str, bounds: Bounds) -> tuple[str, Noted]:
    """The paragraphs, a line each, and what is left out. Raises TextFaultError."""
    with path.open("rb") as stream:
        if stream.read(len(OLE)) == OLE:
            raise TextFaultError(TextCode.OLD_FORMAT)
    try:
        with Package(path, bounds) as package:
            text, notes = READERS[kind](package)
    except RuntimeError:  # so zipfile says that a part has a password
        raise TextFaultError(TextCode.ENCRYPTED) from None
    except TROUBLE:
        raise TextFaultError(TextCode.BROKEN) from None
    return text, {note.value: notes[note] for note in Note if notes[note]}
