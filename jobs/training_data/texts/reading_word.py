"""Reads the parts of a .docx: the body, then its notes in the order of their signs. Running heads are counted."""

import re
from collections import Counter
from collections.abc import Iterator

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.flow import INK, Block, joined
from jobs.training_data.texts.package import Package, Relation
from jobs.training_data.texts.word import Word
from jobs.training_data.texts.word_styles import Styles

USUAL = re.compile(r"word/document\d*\.xml")
NOTE_PARTS = ("footnotes", "endnotes")


def word_text(package: Package) -> tuple[str, Counter[Note]]:
    main = _main(package)
    related = package.relations(main)
    styles = Styles(part for name in _parts(package, related, "styles") for part in package.chunks(name))
    body = _walked(package, [main], styles)
    lines = body.flow.lines()
    endings = list(_endings(package, related, styles, body))
    notes = body.notes + Counter({Note.FOOTNOTES: sum(map(bool, endings))})
    notes[Note.RUNNING] += sum(
        bool(INK.search(joined(_walked(package, [part], styles).flow.lines())))
        for part in _parts(package, related, "header", "footer")
    )
    return joined([*lines, "", *(line for ending in endings for line in ending)]), notes


def _main(package: Package) -> str:
    named = [one.part for one in package.relations("") if one.kind == "officeDocument"]
    found = next((name for name in (*named, *package.names) if name in package.names and _is_main(name, named)), "")
    if not found:
        raise TextFaultError(TextCode.OTHER_KIND)
    return found


def _is_main(name: str, named: list[str]) -> bool:
    return USUAL.fullmatch(name) is not None or (name in named and name.startswith("word/"))


def _parts(package: Package, related: list[Relation], *kinds: str) -> list[str]:
    """The parts of a kind; where nothing refers to any part, those of the usual names."""
    usual = [name for name in package.names if re.fullmatch(rf"word/(?:{'|'.join(kinds)})\d*\.xml", name)]
    return [one.part for one in related if one.kind in kinds] if related else usual


def _walked(package: Package, parts: list[str], styles: Styles) -> Word:
    """A field that begins and never ends is none: then all of its text is read."""
    for trusting in (True, False):
        walk = Word(package.bounds.depth, styles, trusting=trusting)
        for part in parts:
            walk.read(package.chunks(part))
        if not walk.is_in_code():
            break
    return walk


def _endings(package: Package, related: list[Relation], styles: Styles, body: Word) -> Iterator[Block]:
    held = _walked(package, _parts(package, related, *NOTE_PARTS), styles).footnotes if body.refers else {}
    for key in body.refers:
        yield [line.lstrip() for line in held.pop(key, [])]
