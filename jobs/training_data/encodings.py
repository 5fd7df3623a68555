"""How the bytes of a text are to be read, with what speaks for it. Nothing is decided here, only shown."""

import codecs
import re
from pathlib import Path

import msgspec

HEAD_BYTES = 4 * 1024 * 1024
HANGUL = re.compile("[가-힣]")
MARKS = (  # the longer first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ENCODINGS = ("utf-8", "cp949", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
WIDE = frozenset(ENCODINGS[2:])
MIXED = "mixed"  # some lines UTF-8, the others CP949


class Evidence(msgspec.Struct, frozen=True):
    """`encoding` is empty where the lines speak for none, and MIXED where some speak for one, some for the other.

    Counts are of lines in the first 4 MB that are not ASCII.
    """

    encoding: str = "utf-8"
    marked: bool = False  # a byte order mark says so
    telling: int = 0
    as_utf8: int = 0
    as_cp949: int = 0  # those that are no UTF-8, but CP949 with Hangul in it


def evidence(path: Path) -> Evidence:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        cut = bool(stream.read(1))
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return Evidence(encoding, marked=True)
    if wide := _wide(head[:4096]):
        return Evidence(wide)
    lines = head.split(b"\n")
    return _by_lines(lines[:-1] if cut and len(lines) > 1 else lines)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: nearly every character of JSON and CSV syntax has a zero byte on the same side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < max(2, len(head) // 20) or min(even, odd) > max(even, odd) // 10:
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _by_lines(lines: list[bytes]) -> Evidence:
    telling = [line for line in lines if not line.isascii()]
    as_utf8 = sum(_decodes(line, "utf-8") for line in telling)
    rest = [line for line in telling if not _decodes(line, "utf-8")] if as_utf8 < len(telling) else []
    as_cp949 = sum(_decodes(line, "cp949", HANGUL) for line in rest)
    encoding = "utf-8" if not rest else "" if as_cp949 < len(rest) else MIXED if as_utf8 else "cp949"
    return Evidence(encoding, telling=len(telling), as_utf8=as_utf8, as_cp949=as_cp949)


def _decodes(line: bytes, encoding: str, wanted: re.Pattern[str] | None = None) -> bool:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return wanted is None or bool(wanted.search(text))
