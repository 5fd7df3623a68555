"""Reads the parts of a .hwpx: its sections in the order of its spine, then its notes."""

import re
from collections import Counter

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.flow import INK, joined
from jobs.training_data.texts.hangul import Hangul, listed_shapes
from jobs.training_data.texts.package import Package
from jobs.training_data.texts.walking import Attributes, local, of, parser

SECTION = re.compile(r"Contents/section(\d+)\.xml")
MASTER = re.compile(r"Contents/masterpage\d*\.xml")
MANIFEST = "META-INF/manifest.xml"
PACKAGE = "Contents/content.hpf"


def hangul_text(package: Package) -> tuple[str, Counter[Note]]:
    if b"encryption-data" in b"".join(package.chunks(MANIFEST)):
        raise TextFaultError(TextCode.ENCRYPTED)
    sections = _sections(package)
    if not sections:
        raise TextFaultError(TextCode.OTHER_KIND)
    listed = listed_shapes(package.chunks("Contents/header.xml"))
    body = _walked(package, sections, listed)
    masters = [_walked(package, [name], listed) for name in package.names if MASTER.fullmatch(name)]
    lines = [*body.flow.lines(), "", *(line.lstrip() for ending in body.endings for line in ending)]
    body.notes[Note.FOOTNOTES] += len(body.endings)
    body.notes[Note.RUNNING] += sum(bool(INK.search(joined(walk.flow.lines()))) for walk in masters)
    return joined(lines), body.notes


def _walked(package: Package, parts: list[str], listed: frozenset[str]) -> Hangul:
    """A deletion that begins and never ends is none: then all of its text is read."""
    for trusting in (True, False):
        walk = Hangul(package.bounds.depth, listed, trusting=trusting)
        for part in parts:
            walk.read(package.chunks(part))
        if not walk.deleted:
            break
    return walk


def _sections(package: Package) -> list[str]:
    """In the order of the spine; then what it does not name, by number."""
    spine = _spine(package)
    numbered = sorted((int(found[1]), name) for name in package.names if (found := SECTION.fullmatch(name)))
    listed = [name for name in spine if name in package.names]
    return [*listed, *(name for _number, name in numbered if name not in listed)]


def _spine(package: Package) -> list[str]:
    parts: dict[str, str] = {}
    order: list[str] = []

    def start(name: str, told: Attributes) -> None:
        if local(name) == "item":
            parts[of(told, "id")] = of(told, "href")
        elif local(name) == "itemref":
            order.append(parts.get(of(told, "idref"), ""))

    parse = parser()
    parse.StartElementHandler = start
    for chunk in package.chunks(PACKAGE):
        parse.Parse(chunk, False)
    return [name for name in dict.fromkeys(order) if SECTION.fullmatch(name)]
