"""What text is usually read in by mistake: the way back from such a text to the bytes that it was read from.

Bytes are kept as characters up to U+00FF. What the encoding does not have stays a character above them.
"""

import codecs
import re
from functools import cache
from typing import NamedTuple

NARROW = ("cp1252", "mac_roman", "cp1250", "cp1251", "cp437", "cp850", "iso8859_15")
WIDE = ("cp949", "cp932", "gbk", "big5")
DOUBLE = frozenset(("cp932",))  # has some characters twice
LOST = "\N{REPLACEMENT CHARACTER}"
ABOVE = 0x100000  # added to characters up to U+00FF that an encoding does not have
ALIEN = re.compile(f"[{LOST}{chr(ABOVE)}-{chr(ABOVE + 0xFF)}]")


class Narrow(NamedTuple):
    """An encoding of single bytes. The patterns find, in the text as it is, what may have been several bytes."""

    name: str
    table: dict[int, int]
    utf8: re.Pattern[str]
    korean: re.Pattern[str]

    def bytes_of(self, line: str) -> str:
        return line.translate(self.table)


@cache
def narrow() -> tuple[Narrow, ...]:
    """Made when the first text needs it."""
    return tuple(_narrow(name) for name in NARROW)


def _narrow(name: str) -> Narrow:
    """Bytes that the encoding leaves open are read as control characters, as browsers do."""
    read = {byte: bytes([byte]).decode(name, "replace") for byte in range(0x80, 0x100)}
    chars = {byte: chr(byte) if char == LOST else char for byte, char in read.items()}
    known = {ord(char): byte for byte, char in chars.items()}
    open_ = {code: ABOVE + code for code in range(0xA0, 0x100)} | {code: code for code in range(0x80, 0xA0)}

    def some(first: int, last: int) -> str:
        of_latin1 = "\x80-\x9f" if first == 0x80 else ""
        return "[" + re.escape("".join(chars[byte] for byte in range(first, last + 1))) + of_latin1 + "]"

    high = some(0xA1, 0xFE)
    korean = f"(?:{some(0xB0, 0xC8)}{high}){{2}}"
    return Narrow(name, open_ | known, re.compile(some(0xC2, 0xF4) + some(0x80, 0xBF)), re.compile(korean))


class Wide(NamedTuple):
    """An encoding of several bytes. The patterns find characters that are many where Korean was read in it."""

    name: str
    utf8: re.Pattern[str]
    korean: re.Pattern[str] | None


@cache
def wide(frequent: frozenset[str]) -> tuple[Wide, ...]:
    """`frequent`: syllables of which any Korean text is full."""
    return tuple(_wide(name, "".join(sorted(frequent))) for name in WIDE)


def _wide(name: str, frequent: str) -> Wide:
    heads = "".join(bytes((a, b)).decode(name, "ignore") for a in range(0xEA, 0xEE) for b in range(0x80, 0xC0))
    tails = "".join(bytes((a, b)).decode(name, "ignore") for a in range(0x80, 0xC0) for b in range(0xEA, 0xEE))
    korean = frequent.encode("cp949").decode(name, "ignore") if name != "cp949" else ""
    utf8 = {char for char in heads + tails if char > "\x7f"} | {LOST}
    return Wide(name, _any(utf8), _any({char for char in korean if char > "\x7f"}) if korean else None)


def _any(chars: set[str]) -> re.Pattern[str]:
    return re.compile("[" + re.escape("".join(sorted(chars))) + "]")


def wide_bytes(line: str, name: str) -> str:
    """What was lost stays so; characters that the encoding does not have are question marks."""
    return line.encode(name, LOST_BYTE).decode("latin-1").replace("\xff", LOST)


def is_whole(raw: str, line: str, name: str) -> bool:
    """Whether these are surely the bytes that were read."""
    return name not in DOUBLE and LOST not in raw and raw.encode("latin-1").decode(name, "replace") == line


def _lost(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return b"".join(b"\xff" if char == LOST else b"?" for char in error.object[error.start : error.end]), error.end


LOST_BYTE = "texthelper.lost"  # the byte FF: none of the wide encodings has it
codecs.register_error(LOST_BYTE, _lost)
