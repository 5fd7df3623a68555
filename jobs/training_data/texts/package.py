"""The parts of a .docx or .hwpx: a zip of which no more is unpacked than allowed, whatever it declares."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jobs.training_data.texts.codes import TextCode, TextFaultError
from jobs.training_data.texts.found import Bounds
from jobs.training_data.texts.walking import Attributes, local, of, parser

CHUNK = 64 * 1024
MEGABYTE = 1024 * 1024


class Relation(NamedTuple):
    kind: str  # the last word of its type, which strict and transitional documents share
    part: str


class Package:
    def __init__(self, path: Path, bounds: Bounds) -> None:
        self.archive = zipfile.ZipFile(path)
        self.bounds, self.left = bounds, bounds.text_bytes
        self.names = {one.filename: one for one in self.archive.infolist()}
        if len(self.archive.infolist()) > bounds.parts:
            raise self._too_large()

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_error: object) -> None:
        self.archive.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a part; none where it is not there. Raises TextFaultError."""
        if name not in self.names:
            return
        if self.names[name].file_size > self.left:
            raise self._too_large()
        with self.archive.open(name) as stream:
            while chunk := stream.read(CHUNK):
                self.left -= len(chunk)
                if self.left < 0:
                    raise self._too_large()
                yield chunk

    def _too_large(self) -> TextFaultError:
        return TextFaultError(TextCode.BOMB, limit=self.bounds.text_bytes // MEGABYTE)

    def relations(self, part: str) -> list[Relation]:
        """What a part of a .docx refers to within the document."""
        folder, _, name = part.rpartition("/")
        found: list[Relation] = []

        def start(element: str, told: Attributes) -> None:
            if local(element) == "Relationship" and of(told, "TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, of(told, "Target"))).lstrip("/")
                found.append(Relation(of(told, "Type").rpartition("/")[2], target))

        parse = parser()
        parse.StartElementHandler = start
        for chunk in self.chunks(f"{folder}/_rels/{name}.rels".lstrip("/")):
            parse.Parse(chunk, False)
        return found
