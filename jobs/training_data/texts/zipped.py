"""The text of .docx and .hwpx: XML in a zip, read as a stream, within bounds that no trick gets past."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from jobs.training_data.texts.codes import TextCode, TextFaultError
from jobs.training_data.texts.found import Bounds

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .doc and .hwp; a .docx with a password too
MANIFEST = 1024 * 1024  # bytes; a longer one is none
BREAKING = {"br": "\n", "cr": "\n", "lineBreak": "\n", "tab": "\t"}
TROUBLE = (zipfile.BadZipFile, zlib.error, ParseError, EOFError, KeyError, ValueError, NotImplementedError, OSError)


class Shape(NamedTuple):
    """Where a kind of document keeps its text."""

    parts: re.Pattern[str]
    skipped: frozenset[str]  # elements whose text is there twice, or is no text of the document


SHAPES = {
    "docx": Shape(re.compile(r"word/document\d*\.xml"), frozenset({"Fallback", "instrText", "pPr", "rPr"})),
    "hwpx": Shape(re.compile(r"Contents/section(\d+)\.xml"), frozenset({"secPr", "hiddenComment"})),
}


def zipped_text(path: Path, kind: str, bounds: Bounds) -> str:
    """The paragraphs, a line each. Raises TextFaultError."""
    with path.open("rb") as stream:
        if stream.read(len(OLE)) == OLE:
            raise TextFaultError(TextCode.OLD_FORMAT)
    try:
        with zipfile.ZipFile(path) as archive:
            return "\n".join(_paragraphs(archive, kind, bounds))
    except DefusedXmlException:
        raise TextFaultError(TextCode.ENTITIES) from None
    except RuntimeError:  # so zipfile says that a part has a password
        raise TextFaultError(TextCode.ENCRYPTED) from None
    except TROUBLE:
        raise TextFaultError(TextCode.BROKEN) from None


def _paragraphs(archive: zipfile.ZipFile, kind: str, bounds: Bounds) -> Iterator[str]:
    shape = SHAPES[kind]
    _refuse_locked(archive, kind)
    left = bounds.text_bytes
    for part in _parts(archive, shape, bounds):
        with archive.open(part) as stream:
            limited = _Limited(stream, left)
            yield from _lines(limited, shape, bounds)
            left = limited.left


def _parts(archive: zipfile.ZipFile, shape: Shape, bounds: Bounds) -> list[zipfile.ZipInfo]:
    """The parts with the text, in order, if what they declare is not too much."""
    everything = archive.infolist()
    parts = [one for one in everything if shape.parts.fullmatch(one.filename)]
    if len(everything) > bounds.parts or sum(one.file_size for one in parts) > bounds.text_bytes:
        raise TextFaultError(TextCode.BOMB, limit=bounds.text_bytes // 1024 // 1024)
    if not parts:
        raise TextFaultError(TextCode.OTHER_KIND)
    return sorted(parts, key=lambda one: [int(number) for number in re.findall(r"\d+", one.filename)])


def _refuse_locked(archive: zipfile.ZipFile, kind: str) -> None:
    """A .hwpx with a password says so in its manifest; its parts are there, but unreadable."""
    name = "META-INF/manifest.xml"
    if kind != "hwpx" or name not in archive.namelist() or archive.getinfo(name).file_size > MANIFEST:
        return
    if b"encryption-data" in archive.read(name):
        raise TextFaultError(TextCode.ENCRYPTED)


class _Limited:
    """A part of a zip of which no more is read than allowed, whatever it declares."""

    def __init__(self, stream: IO[bytes], left: int) -> None:
        self.stream, self.left = stream, left

    def read(self, size: int = 64 * 1024) -> bytes:
        data = self.stream.read(min(size, 64 * 1024) if size > 0 else 64 * 1024)
        self.left -= len(data)
        if self.left < 0:
            raise TextFaultError(TextCode.BOMB, limit=0)
        return data


def _lines(stream: _Limited, shape: Shape, bounds: Bounds) -> Iterator[str]:
    """Each paragraph of one part. The tree is taken down as it is read: it never stands whole in memory."""
    above: list[Element] = []
    skipping = 0
    words: list[str] = []
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        name = element.tag.rpartition("}")[2]
        if event == "start":
            above.append(element)
            skipping += name in shape.skipped
            if len(above) > bounds.depth:
                raise TextFaultError(TextCode.TOO_DEEP, limit=bounds.depth)
            continue
        above.pop()
        if name == "t" and not skipping:
            words += _words(element)
        elif name in BREAKING and not skipping and not _is_in_text(above):
            words.append(BREAKING[name])
        elif name == "p" and words:
            yield "".join(words)
            words = []
        skipping -= name in shape.skipped
        if above and not _is_in_text(above):
            above[-1].remove(element)


def _is_in_text(above: list[Element]) -> bool:
    return any(one.tag.rpartition("}")[2] == "t" for one in above[-3:])


def _words(text: Element) -> Iterator[str]:
    """The text of a run; breaks and tabs stand within it in a .hwpx."""
    for element in text.iter():
        if element is not text:
            yield BREAKING.get(element.tag.rpartition("}")[2], "")
        yield element.text or ""
        if element is not text:
            yield element.tail or ""
