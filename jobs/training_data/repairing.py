"""Files that are fine but for how they were written: recognised, shown, and put right without touching what they say.

    found = look(path)                       what could be put right, what speaks for it, a few lines before and after
    repair(source, target, found.repair)     the same text in UTF-8, composed, without what cannot be seen

Composing is for what macOS takes apart (Hangul into its letters, é into e and ´), not the whole of NFC: that would also
exchange Hanja that KS X 1001 has twice. Zero-width characters go where they mean nothing; those that join an emoji
or a word of another script stay. In JSON, escapes (`\u1112\u1161`) count as what they stand for. Examples that have the
wrong form, as Python or without their own line, get the right one (`jobs.training_data.forms`).
"""

import io
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of, tell
from jobs.training_data.codes import Code
from jobs.training_data.encodings import MIXED, WIDE, Evidence, evidence
from jobs.training_data.heartbeat import Heartbeat
from jobs.training_data.operations.rows import BUFFER_BYTES, Keep, RefusedError, idle
from jobs.training_data.report import fault
from jobs.training_data.restructuring import Forms, note_line, restructure
from jobs.training_data.structs import for_threads
from jobs.training_data.unreadable import readable_line
from jobs.training_data.visible import Change, change

PIECE = 1024 * 1024  # bytes or characters of a line at once
BEYOND = 4096  # bytes that a piece may be longer, to end where a character does
SMALL = 4 * 1024 * 1024  # bytes; larger files are looked at in a process of their own
ALIVE = "0"
SHOWN = 3
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff"))
JOINERS = re.compile("(?<=[가-힣ㄱ-ㆎ])[\u200c\u200d]+|(?<![\u200c\u200d])[\u200c\u200d]+(?=[가-힣ㄱ-ㆎ])")
APART = re.compile("[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]+|[^\\W\\d_][\u0300-\u036f\u3099\u309a]+")
SIGNS = re.compile("[\r\u0300-\u036f\u1100-\u11ff\u200b-\u200d\u2060\u3099\u309a\ua960-\ua97c\ud7b0-\ud7fb\ufeff]")
CR = re.compile(r"\}[ \t]*\r")  # between examples; between the tokens of one it is white space
ESCAPES = re.compile(
    r"(?<!\\)((?:\\\\)*)((?:\\u(?:11[0-9a-f]{2}|03[0-6][0-9a-f]|309[9a]|200[bcd]|2060|feff))+)", re.IGNORECASE
)


@for_threads
class Repair(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done: read as `encoding`, put mojibake right, compose, drop zero-width characters, end lines as Unix,
    rewrite `forms`.
    """

    encoding: str = "utf-8"
    nfc: bool = False
    zero_width: bool = False
    crlf: bool = False
    cr: bool = False
    forms: list[str] = []
    mojibake: bool = False


@for_threads
class Found(msgspec.Struct):
    """`repair` is None where nothing is to be put right. Counts are of lines in the whole file."""

    evidence: Evidence
    repair: Repair | None = None
    apart: int = 0
    invisible: int = 0
    crlf: int = 0
    cr: int = 0
    forms: dict[str, int] = {}
    lines: dict[str, list[int]] = {}  # the first ones, by the name of the count or of the form
    changes: list[Change] = []
    mojibake: int = 0  # lines of which it is certain


def look(path: Path, keep: Keep = idle) -> Found:
    """Walk through the whole file once. Raises OSError."""
    told = evidence(path)
    found, forms = Found(told), Forms()
    if not told.encoding:
        return found
    try:
        forms.look(_counted(path, found, keep))
        if forms.torn and not found.cr:
            forms.look_at_objects(_kept(path, told.encoding, keep))
    except RefusedError:
        return Found(told, changes=[])
    found.forms, found.repair = forms.found(), _repair(found, forms.found())
    found.lines |= forms.lines
    found.changes = [*found.changes, *forms.changes][:SHOWN]
    if found.repair and told.encoding != "utf-8":
        found.changes = _other_words(path, told.encoding)
    return found


def _repair(found: Found, forms: dict[str, int]) -> Repair | None:
    told = found.evidence
    signs = (bool(found.apart), bool(found.invisible), bool(found.crlf), bool(found.cr))
    if told.encoding == "utf-8" and not told.marked and not any((*signs, found.mojibake)) and not forms:
        return None
    return Repair(told.encoding, *signs, list(forms), bool(found.mojibake))


def _counted(path: Path, found: Found, keep: Keep) -> Iterator[str]:
    for number, text in enumerate(_kept(path, found.evidence.encoding, keep), 1):
        right = readable_line(text)
        if right != text or SIGNS.search(text) or "\\u" in text:
            _count(found, number, text, right)
        yield text


def _kept(path: Path, encoding: str, keep: Keep) -> Iterator[str]:
    for text in _pieces(path, encoding):
        keep()
        yield text


def _count(found: Found, number: int, text: str, right: str) -> None:
    """`right`: without mojibake."""
    plain = unescaped(right)
    composed, seen = compose(plain), without_invisible(plain)
    counts = {
        "mojibake": right != text,
        "apart": composed != plain,
        "invisible": seen != plain,
        "crlf": text.endswith("\r\n"),
        "cr": len(CR.findall(text.rstrip("\r\n"))),
    }
    for name, count in counts.items():
        if count:
            setattr(found, name, getattr(found, name) + count)
            note_line(found.lines, name, number)
    if len(found.changes) < SHOWN and (right != text or composed != plain or seen != plain):
        found.changes.append(change(number, text, without_invisible(composed)))


def _other_words(path: Path, encoding: str) -> list[Change]:
    """The first lines that read otherwise in UTF-8."""
    changes: list[Change] = []
    with path.open("rb") as stream:
        head = stream.read(BUFFER_BYTES)
    before = head.decode(errors="replace").splitlines()
    after = "".join(_decoded(line, encoding) for line in head.splitlines(keepends=True)) if encoding not in WIDE else ""
    after = after or head.decode(encoding, errors="replace")
    for number, (old, new) in enumerate(zip(before, after.splitlines(), strict=False), 1):
        if old != new and len(changes) < SHOWN:
            changes.append(change(number, old, new))
    return changes


def repair(source: Path, target: Path, how: Repair, keep: Keep = idle) -> None:
    """Write the same text as UTF-8. Bytes that are no text in `how.encoding` stay as they are, for the check to name.

    Raises RefusedError where UTF-16 or UTF-32 breaks off in the middle.
    """
    texts = (mended(text, how) for text in _kept(source, how.encoding, keep))
    if how.forms:
        restructure(_split_at_breaks(texts) if how.cr else texts, target, how.forms)
        return
    with target.open("wb", buffering=BUFFER_BYTES) as stream:
        stream.writelines(text.encode(errors="surrogateescape") for text in texts)


def _split_at_breaks(texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        *lines, rest = text.split("\n")
        yield from (f"{line}\n" for line in lines)
        yield rest


def mended(text: str, how: Repair) -> str:
    text = readable_line(text) if how.mojibake else text
    if (how.nfc or how.zero_width) and (SIGNS.search(text) or "\\u" in text):
        text = unescaped(text)
        text = compose(text) if how.nfc else text
        text = without_invisible(text) if how.zero_width else text
    if how.crlf and text.endswith("\n"):
        text = text.rstrip("\r\n") + "\n"
    return text.replace("\r", "\n") if how.cr else text


def compose(text: str) -> str:
    return APART.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)


def without_invisible(text: str) -> str:
    return JOINERS.sub("", text.translate(INVISIBLE))


def unescaped(text: str) -> str:
    """Escapes of what may be repaired, in JSON only; a backslash that is escaped itself begins none."""
    if "\\u" not in text or text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    return ESCAPES.sub(lambda found: found[1] + found[2].encode().decode("unicode-escape"), text)


def _pieces(path: Path, encoding: str) -> Iterator[str]:
    """Lines with their ends; of a very long one, pieces. A mark at the beginning is left out."""
    pieces = _wide_pieces(path, encoding) if encoding in WIDE else _narrow_pieces(path, encoding)
    first = next(pieces, "")
    yield first.removeprefix("\ufeff")
    yield from pieces


def _narrow_pieces(path: Path, encoding: str) -> Iterator[str]:
    with path.open("rb", buffering=BUFFER_BYTES) as stream:
        while raw := stream.readline(PIECE):
            while PIECE <= len(raw) < PIECE + BEYOND and _may_be_cut(raw[-1]) and (one := stream.read(1)):
                raw += one
            yield _decoded(raw, encoding)


def _may_be_cut(last: int) -> bool:
    """In the middle of a character, of a line end or of an escape."""
    return last > 0x7F or last in b"\r\\"


def _decoded(raw: bytes, encoding: str) -> str:
    if encoding == MIXED:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            encoding = "cp949"
    return raw.decode(encoding, errors="surrogateescape")


def _wide_pieces(path: Path, encoding: str) -> Iterator[str]:
    try:
        with io.TextIOWrapper(path.open("rb", buffering=BUFFER_BYTES), encoding, newline="") as stream:
            while text := stream.readline(PIECE):
                yield text + (stream.read(1) if text.endswith("\r") else "")
    except UnicodeError:
        raise RefusedError(fault(0, Code.TABLE_ENCODING, encoding=encoding.upper())) from None


def look_apart(path: Path, keep: Keep = idle) -> Found:
    """`look`; large files are looked at in a process of its own. Raises OSError."""
    if path.stat().st_size <= SMALL:
        return look(path, keep)
    with closing(lines_of(__name__, str(path))) as lines:
        for line in lines:
            keep()
            if line.strip() != ALIVE.encode():
                return msgspec.json.decode(line, type=Found)
    raise ChildProcessError("the look said nothing")


if __name__ == "__main__":
    tell(look(Path(sys.argv[1]), Heartbeat(lambda: print(ALIVE, flush=True))))
