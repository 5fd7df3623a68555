"""The parts of an XLSX that say how its sheets are to be read: names, shared strings, number formats.

Libraries hold all shared strings in memory, or tell neither of hidden rows nor of number formats (ADR 0029). So the
parts are read by expat here; the strings wait in a temporary file. A DTD, which no workbook
has and every XML bomb needs, is refused, and so is what unpacks to more than was allowed, be it declared or not.
"""

import mmap
import posixpath
import zlib
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import Keep, RefusedError
from jobs.training_data.report import Fault, fault
from jobs.training_data.tables.builtin_formats import BUILT_IN
from jobs.training_data.tables.shapes import Bounds

CHUNK = 256 * 1024
MEGABYTE = 1024 * 1024
BROKEN = (BadZipFile, expat.ExpatError, zlib.error, LookupError, ValueError, EOFError, NotImplementedError)

HIDDEN = ("hidden", "veryHidden")

type Attributes = dict[str, str]
type OnStart = Callable[[str, Attributes], None]


def broken() -> Fault:
    return fault(0, Code.TABLE_BROKEN, kind="XLSX")


def local(name: str) -> str:
    return name.rpartition(":")[2]


def parser(on_start: OnStart | None = None) -> expat.XMLParserType:
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse_dtd
    if on_start:
        made.StartElementHandler = lambda name, attributes: on_start(local(name), attributes)
    return made


def _refuse_dtd(*_told: object) -> None:
    raise RefusedError(broken())


class Workbook:
    """Raises RefusedError for what is no workbook, is locked, or is larger than allowed. A context manager."""

    def __init__(self, path: Path, bounds: Bounds, keep: Keep) -> None:
        self.bounds, self.keep = bounds, keep
        self.archive = ZipFile(path)
        if any(each.flag_bits & 1 for each in self.archive.infolist()):
            raise RefusedError(fault(0, Code.TABLE_ENCRYPTED))
        self.since_1904 = False
        self.hidden: set[str] = set()  # names of sheets
        self.sheets = self._sheets()
        self.formats = self._formats()
        self.strings = Strings(self)

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_told: object) -> None:
        self.archive.close()
        self.strings.close()

    def chunks(self, part: str) -> Iterator[bytes]:
        """The bytes of a part. Refused by what it says it unpacks to, and by what it does unpack to."""
        if self.archive.getinfo(part).file_size > self.bounds.unpacked:
            raise RefusedError(fault(0, Code.TABLE_TOO_LARGE, limit=self.bounds.unpacked // MEGABYTE))
        unpacked = 0
        with self.archive.open(part) as stream:
            while chunk := stream.read(CHUNK):
                self.keep()
                unpacked += len(chunk)
                if unpacked > self.bounds.unpacked:
                    raise RefusedError(fault(0, Code.TABLE_TOO_LARGE, limit=self.bounds.unpacked // MEGABYTE))
                yield chunk

    def read(self, part: str, parse: expat.XMLParserType) -> None:
        for chunk in self.chunks(part):
            parse.Parse(chunk, False)
        parse.Parse(b"", True)

    def _sheets(self) -> dict[str, str]:
        """Each sheet's name and the part that holds it, in the order of the tabs."""
        parts: dict[str, str] = {}
        named: list[tuple[str, str]] = []

        def relation(name: str, told: Attributes) -> None:
            if name == "Relationship" and told["Type"].endswith("/worksheet"):  # not a chart, not a macro
                parts[told["Id"]] = posixpath.normpath(posixpath.join("/xl", told["Target"])).lstrip("/")

        def sheet(name: str, told: Attributes) -> None:
            if name == "sheet":
                named.append((told["name"], next(value for key, value in told.items() if local(key) == "id")))
                if told.get("state") in HIDDEN:
                    self.hidden.add(told["name"])
            elif name == "workbookPr":
                self.since_1904 = told.get("date1904") in ("1", "true")

        self.read("xl/_rels/workbook.xml.rels", parser(relation))
        self.read("xl/workbook.xml", parser(sheet))
        return {name: parts[key] for name, key in named if key in parts}

    def _formats(self) -> list[str]:
        """The format code of each style, by the number that cells have of it."""
        codes = dict(BUILT_IN)
        styles: list[int] = []
        inside = False

        def style(name: str, told: Attributes) -> None:
            nonlocal inside
            if name == "numFmt" and not inside:
                codes[int(told["numFmtId"])] = told["formatCode"]
            elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                styles.append(int(told.get("numFmtId", 0)))

        if "xl/styles.xml" in self.archive.namelist():
            self.read("xl/styles.xml", parser(style))
        return [codes.get(number, "") for number in styles]


class Strings:
    """The texts that cells refer to by number."""

    def __init__(self, workbook: Workbook) -> None:
        self.ends = array("Q", [0])
        self.file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by close()
        self.view: mmap.mmap | None = None
        self.parts: list[str] = []
        self.skipping = self.inside = False
        if "xl/sharedStrings.xml" in workbook.archive.namelist():
            self._read(workbook)

    def _read(self, workbook: Workbook) -> None:
        parse = parser(self._start)
        parse.EndElementHandler = lambda name: self._end(local(name))
        parse.CharacterDataHandler = self._text
        workbook.read("xl/sharedStrings.xml", parse)
        self.file.flush()
        if self.ends[-1]:
            self.view = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)

    def _start(self, name: str, _told: Attributes) -> None:
        self.inside = name == "t"
        self.skipping = self.skipping or name == "rPh"  # how it is read aloud

    def _text(self, text: str) -> None:
        if self.inside and not self.skipping:
            self.parts.append(text)

    def _end(self, name: str) -> None:
        self.inside = False
        if name == "rPh":
            self.skipping = False
        elif name == "si":
            raw = "".join(self.parts).encode()
            self.parts.clear()
            self.file.write(raw)
            self.ends.append(self.ends[-1] + len(raw))

    def __getitem__(self, number: int) -> str:
        begin, end = self.ends[number], self.ends[number + 1]
        return self.view[begin:end].decode() if self.view else ""

    def close(self) -> None:
        if self.view:
            self.view.close()
        self.file.close()
