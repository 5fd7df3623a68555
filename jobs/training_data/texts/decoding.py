"""A plain text's encoding: recognised, or as a person chose it. Never guessed where nothing fits."""

import codecs
import re
from typing import NamedTuple

from jobs.training_data.texts.codes import TextCode, TextFaultError

BOMS = (  # the longer one first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = ("utf-16-le", "utf-16-be")
KOREAN = ("cp949", "johab")
HEAD = 64 * 1024  # bytes that are looked at
LIKELY = re.compile(r"[\t\n\r -~가-힣ㄱ-ㅣ\u3000-\u303f‘-‟…·]")
HANGUL = re.compile(r"[가-힣]")
LIKELY_SHARE = 0.85
NUL_SHARE = 0.05  # of the bytes; more of them, and it is no text of single bytes
BROKEN_SHARE = 0.001  # of the characters may be unreadable: an old file with a torn byte is still a text


class Decoded(NamedTuple):
    text: str
    encoding: str
    has_bom: bool
    unreadable: int  # characters that no byte sequence stood for


def decode(raw: bytes, chosen: str = "") -> Decoded:
    """The text of a file; `chosen` is the encoding that a person says it has. Raises TextFaultError."""
    bom, named = next(((bom, name) for bom, name in BOMS if raw.startswith(bom)), (b"", ""))
    if chosen and chosen != named:
        return _as(raw, chosen, TextCode.WRONG_ENCODING)
    if named:
        return _as(raw[len(bom) :], named, TextCode.WRONG_ENCODING)._replace(has_bom=True)
    encoding = recognise(raw)
    if not encoding:
        binary = b"\0" in raw[:HEAD]
        raise TextFaultError(TextCode.NOT_TEXT if binary else TextCode.UNKNOWN_ENCODING)
    return _as(raw, encoding, TextCode.UNKNOWN_ENCODING)


def recognise(raw: bytes) -> str:
    """The name of the encoding that fits; empty where none does."""
    head = raw[:HEAD]
    if head.startswith(b"\x1b$)C"):
        return "iso2022_kr"
    if b"\0" in head and _likely(head, *WIDE) >= LIKELY_SHARE:
        return max(WIDE, key=lambda name: _likely(head, name))
    if head.count(0) > len(head) * NUL_SHARE:
        return ""
    if _fits(raw, "utf-8"):
        return "utf-8"
    best = max(KOREAN, key=lambda name: _likely(head, name))
    return best if _fits(raw, best) and _likely(head, best) >= LIKELY_SHARE and _has_hangul(head, best) else ""


def _fits(raw: bytes, encoding: str) -> bool:
    text = raw.decode(encoding, "replace")
    return _unreadable(text, raw) <= len(text) * BROKEN_SHARE


def _likely(head: bytes, *encodings: str) -> float:
    """Which share of the beginning a Korean or English text could hold; of the best of the encodings."""
    texts = [head.decode(encoding, "replace") for encoding in encodings]
    return max(len(LIKELY.findall(text)) / max(1, len(text)) for text in texts)


def _has_hangul(head: bytes, encoding: str) -> bool:
    return bool(HANGUL.search(head.decode(encoding, "replace")))


def _as(raw: bytes, encoding: str, otherwise: TextCode) -> Decoded:
    text = raw.decode(encoding, "replace")
    unreadable = _unreadable(text, raw)
    if unreadable > len(text) * BROKEN_SHARE or (encoding in WIDE and "\0" in text[:HEAD]):
        raise TextFaultError(otherwise, encoding=encoding)
    return Decoded(text, encoding, has_bom=False, unreadable=unreadable)


def _unreadable(text: str, raw: bytes) -> int:
    """Replacement characters; not those that the file itself held."""
    return max(0, text.count("\ufffd") - raw.count("\ufffd".encode()))
