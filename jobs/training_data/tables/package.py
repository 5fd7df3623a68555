"""The zip that an XLSX is, its parts read piece by piece, and how they refer to each other.

A DTD, which no workbook has and every XML bomb needs, is refused, and so is what unpacks to more than was allowed, be
it declared or not. Some writers name parts with backslashes or in other letter cases, or keep them in other folders.
"""

import posixpath
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import Keep, RefusedError
from jobs.training_data.report import Fault, fault
from jobs.training_data.tables.shapes import Bounds

CHUNK = 256 * 1024
MEGABYTE = 1024 * 1024
BROKEN = (BadZipFile, expat.ExpatError, zlib.error, LookupError, ValueError, EOFError, NotImplementedError)

type Attributes = dict[str, str]
type OnStart = Callable[[str, Attributes], None]


def broken() -> Fault:
    return fault(0, Code.TABLE_BROKEN, kind="XLSX")


@lru_cache(maxsize=1_000)
def local(name: str) -> str:
    return name.rpartition(":")[2]


def parser(on_start: OnStart | None = None) -> expat.XMLParserType:
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse_dtd
    if on_start:
        made.StartElementHandler = lambda name, attributes: on_start(local(name), attributes)
    return made


def _refuse_dtd(*_doctype: object) -> None:
    raise RefusedError(broken())


def plain(name: str) -> str:
    """A part's name as others compare it."""
    return name.replace("\\", "/").lstrip("/").lower()


class Package:
    """Raises RefusedError for what is locked, or larger than allowed; BROKEN for what is no package."""

    def __init__(self, path: Path, bounds: Bounds, keep: Keep) -> None:
        self.bounds, self.keep = bounds, keep
        self.archive = ZipFile(path)
        if any(each.flag_bits & 1 for each in self.archive.infolist()):
            raise RefusedError(fault(0, Code.TABLE_ENCRYPTED))
        self.names = {plain(name): name for name in self.archive.namelist()}

    def close(self) -> None:
        self.archive.close()

    def has(self, part: str) -> bool:
        return plain(part) in self.names

    def chunks(self, part: str) -> Iterator[bytes]:
        """Its bytes. Refused by what it says it unpacks to, and by what it does unpack to."""
        name = self.names[plain(part)]
        if self.archive.getinfo(name).file_size > self.bounds.unpacked:
            raise RefusedError(fault(0, Code.TABLE_TOO_LARGE, limit=self.bounds.unpacked // MEGABYTE))
        unpacked = 0
        with self.archive.open(name) as stream:
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

    def related(self, part: str, kind: str) -> dict[str, str]:
        """The parts of a kind (worksheet, styles …) that `part` refers to, by their ids. "" is the package itself."""
        folder, name = posixpath.split(part)
        found: dict[str, str] = {}

        def relation(tag: str, attributes: Attributes) -> None:
            if tag == "Relationship" and attributes["Type"].endswith(f"/{kind}"):
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
                found[attributes["Id"]] = target

        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if self.has(relations):
            self.read(relations, parser(relation))
        return {key: target for key, target in found.items() if self.has(target)}
