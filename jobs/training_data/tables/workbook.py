"""What an XLSX says of how its sheets are to be read: their names, shared strings, number formats.

Libraries hold all shared strings in memory, or tell neither of hidden rows nor of number formats (ADR 0029). So the
parts are read by expat here; the strings wait in a temporary file.
"""

import mmap
import posixpath
from array import array
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from jobs.training_data.operations.rows import Keep
from jobs.training_data.tables.builtin_formats import BUILT_IN
from jobs.training_data.tables.package import Attributes, Package, local, parser
from jobs.training_data.tables.shapes import Bounds

HIDDEN = ("hidden", "veryHidden")


class Workbook:
    """Raises RefusedError for what is no workbook, is locked, or is larger than allowed. A context manager."""

    def __init__(self, path: Path, bounds: Bounds, keep: Keep) -> None:
        self.package, self.bounds = Package(path, bounds, keep), bounds
        self.chunks = self.package.chunks
        self.part = next(iter(self.package.related("", "officeDocument").values()), "xl/workbook.xml")
        self.since_1904 = False
        self.hidden: set[str] = set()  # names of sheets
        self.sheets = self._sheets()
        self.formats = self._formats()
        self.strings = Strings(self.package, self._related("sharedStrings"))

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_error: object) -> None:
        self.package.close()
        self.strings.close()

    def _related(self, kind: str) -> str:
        """A part that the workbook refers to, or that lies beside it under its usual name; nothing where none is."""
        usual = posixpath.join(posixpath.dirname(self.part), f"{kind}.xml")
        return next(iter(self.package.related(self.part, kind).values()), usual if self.package.has(usual) else "")

    def _sheets(self) -> dict[str, str]:
        """Each sheet's name and the part that holds it, in the order of the tabs."""
        parts = self.package.related(self.part, "worksheet")  # not a chart, not a macro
        named: list[tuple[str, str]] = []

        def sheet(name: str, attributes: Attributes) -> None:
            if name == "sheet":
                number = next(value for key, value in attributes.items() if local(key) == "id")
                named.append((attributes["name"], number))
                if attributes.get("state") in HIDDEN:
                    self.hidden.add(attributes["name"])
            elif name == "workbookPr":
                self.since_1904 = attributes.get("date1904") in ("1", "true")

        self.package.read(self.part, parser(sheet))
        return {name: parts[key] for name, key in named if key in parts}

    def _formats(self) -> list[str]:
        """The format code of each style, by the number that cells have of it."""
        codes = dict(BUILT_IN)
        styles: list[int] = []
        inside = False

        def style(name: str, attributes: Attributes) -> None:
            nonlocal inside
            if name == "numFmt" and not inside:
                codes[int(attributes["numFmtId"])] = attributes["formatCode"]
            elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                styles.append(int(attributes.get("numFmtId") or 0))

        if part := self._related("styles"):
            self.package.read(part, parser(style))
        return [codes.get(number, "") for number in styles]


class Strings:
    """The texts that cells refer to by number."""

    def __init__(self, package: Package, part: str) -> None:
        self.ends = array("Q", [0])
        self.file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by close()
        self.view: mmap.mmap | None = None
        self.parts: list[str] = []
        self.skipping = self.inside = False
        if part:
            self._read(package, part)

    def _read(self, package: Package, part: str) -> None:
        parse = parser(self._start)
        parse.EndElementHandler = lambda name: self._end(local(name))
        parse.CharacterDataHandler = self._text
        package.read(part, parse)
        self.file.flush()
        if self.ends[-1]:
            self.view = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)

    def _start(self, name: str, _attributes: Attributes) -> None:
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
