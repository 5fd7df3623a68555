"""Mojibake: text that was saved in one encoding and read in another, line by line.

Each usual wrong encoding takes a line back to the bytes that it was read from. If those are UTF-8, or Korean in CP949,
far better than chance would have it, the line is mojibake. A repair is certain where every such byte has its place and
nothing was lost. Text that was read wrongly again and again is taken back as often.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

from jobs.training_data.mojibake_codecs import ALIEN, LOST, is_whole, narrow, wide, wide_bytes

UTF8 = re.compile(
    "(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    "|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+"
)
HIGH = re.compile("[\x80-\xff]")
BYTES = re.compile("[\x00-\xff]+")
NOT_ASCII = re.compile("[^\x00-\x7f]")
TORN = re.compile(
    f"[\xe0-\xf4][\x80-\xbf]{{0,2}}{LOST}{{1,16}}|{LOST}{{1,16}}[\x80-\xbf]{{1,3}}"
)  # UTF-8 around a lost byte
HEADLESS = re.compile(f"{LOST}[\x80-\xbf]{{2}}(?![\x80-\xbf])")
TYPOGRAPHY = re.compile("[\xe0-\xef][\x85\x91-\x97\xa0][\x85\x91-\x97\xa0\xab\xbb]")  # “é »” is French, and valid UTF-8
HALF = re.compile(  # without the signs that punctuate Western text: … “ ” NBSP « ° ² ³ · »
    "[\xe3-\xed](?=[\x80-\x84\x86-\x90\x98-\x9f\xa1-\xaa\xac-\xaf\xb1\xb4-\xb6\xb8-\xba\xbc-\xbf\xea-\xed])"
)
NARROW_SIGN = re.compile("[\x80-\u05ff\u2010-\u2640\uf8ff\ufb01\ufb02]{2}")  # encodings of single bytes have no others
IDEOGRAPHS = re.compile(f"[㐀-鿿豈-\ufaff\uff61-\uff9f{LOST}]")
HANGUL = re.compile("[가-힣]")
LETTERS = re.compile("[ㄱ-ㆎ\u3000-\u303f…·‘’“”]")  # beside syllables
NO_WORDS = re.compile(  # nothing to read: controls, private use, what was lost, letters and signs in a heap
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff]"
    "|[\xa2-\xa6\xa8\xac-\xaf\xb1-\xb6\xb8\xb9\xbc-\xbe][\xc0-\xff]"
    "|[\xa1-\xbf][\xa1-\xff]{2}|[\xa1-\xff][\xa1-\xbf][\xa1-\xff]|[\xa1-\xff]{2}[\xa1-\xbf]"
)
FREQUENT = frozenset(  # seven of ten syllables of Korean prose; one of twenty in what chance makes of other text
    "이다는하에의가한을지요고어리아사은로를자기인도나게보그해서들적만있으제진대니정여화모세거권마스수라시람유영과든신무국생상면좋조와동데간"
    "부주구전없일연할네우되장위까내재야미또음드공러말안받된소예것선랑교며오남분같성너치비려회운었행각실감중친작원히겠노던계트않래별느더타호"
    "했경등당년배바명법점통함결때심발난학잘터봐건반단녀력매월"
)
KOREAN_SHARE = 0.5  # of the syllables are frequent
PURE_SHARE = 0.3  # of many, all of KS X 1001 and nothing else beside them
READ_SHARE = 0.8  # of the characters above ASCII became Hangul
SYLLABLES, WIDE_SYLLABLES = 3, 5  # that prove it; ideographs can become Hangul by chance
WIDE_SHARE = 0.35  # of the characters above ASCII; of Korean it is more than half, of Chinese hardly any
ENOUGH = 3  # points that prove UTF-8
HALVES, HALF_SHARE = 3, 0.2  # of characters whose rest was thrown away
ROUNDS = 3
WESTERN = {"cp1252": 3, "mac_roman": 2}  # points of an accented letter, by what it was read in
PUNCTUATION = frozenset((*range(0x2010, 0x2040), 0x20AC, 0x2122, 0x2190, 0x2191, 0x2192, 0x2193, 0x25CF))


class Mojibake(NamedTuple):
    """`repaired` is None where it is not certain."""

    encoding: str  # that it was read in
    repaired: str | None


def mojibake(line: str) -> Mojibake | None:
    """Whether the line was read in a wrong encoding."""
    found = last = None if line.isascii() else _found(line)
    for _round in range(ROUNDS - 1):
        if found and last and last.repaired and (last := _found(last.repaired)):
            found = Mojibake(found.encoding, last.repaired)
    if found and found.repaired and NO_WORDS.search(found.repaired):
        return Mojibake(found.encoding, None)
    return found


def _found(line: str) -> Mojibake | None:
    return _agreed(_as_utf8(line)) or _agreed(_as_korean(line))


def _agreed(found: Iterator[Mojibake]) -> Mojibake | None:
    """What all encodings that explain the line agree on: where two give other words, neither is certain.

    One that gives syllables that hardly any text has explains nothing where another gives usual ones only.
    """
    every = list(found)
    if not every:
        return None
    certain = [each for each in every if each.repaired]
    likely = [each for each in certain if all(map(_is_usual, HANGUL.findall(each.repaired or "")))] or certain
    agree = len({each.repaired for each in likely}) == 1
    return likely[0] if agree else every[0]._replace(repaired=None)


def _as_utf8(line: str) -> Iterator[Mojibake]:
    for codec in narrow() if NARROW_SIGN.search(line) else ():
        if codec.utf8.search(line) and _is_utf8(raw := codec.bytes_of(line), codec.name):
            yield Mojibake(codec.name, _decoded(raw))
    for name in _wide_names(line, "utf8"):
        if _is_korean_utf8(raw := wide_bytes(line, name)):
            yield Mojibake(name, _decoded(raw) if is_whole(raw, line, name) else None)


def _as_korean(line: str) -> Iterator[Mojibake]:
    """Bytes that are Korean in CP949."""
    for codec in narrow() if NARROW_SIGN.search(line) else ():
        if codec.korean.search(line) and _is_korean(raw := codec.bytes_of(line), SYLLABLES):
            yield Mojibake(codec.name, _read_korean(raw))
    for name in _wide_names(line, "korean"):
        if _is_korean(raw := wide_bytes(line, name), WIDE_SYLLABLES):
            yield Mojibake(name, _read_korean(raw) if is_whole(raw, line, name) else None)


def _wide_names(line: str, what: Literal["utf8", "korean"]) -> Iterator[str]:
    """Encodings of several bytes that are worth the try: enough of the line is of what they make of Korean."""
    if IDEOGRAPHS.search(line):
        few = WIDE_SHARE * len(NOT_ASCII.findall(line))
        for codec in wide(FREQUENT):
            if (pattern := getattr(codec, what)) and len(pattern.findall(line)) >= few:
                yield codec.name


def _is_utf8(raw: str, name: str) -> bool:
    points = _points(raw, name)
    if points >= ENOUGH and points > _misfits(raw):
        return True
    halves = len(HALF.findall(raw)) if name == "cp1252" else 0
    return halves >= max(HALVES, HALF_SHARE * len(HIGH.findall(raw)))


def _is_korean_utf8(raw: str) -> bool:
    """As UTF-8, read in an encoding of several bytes: syllables that are frequent, or miss no more than a byte."""
    syllables, torn = HANGUL.findall(_sequences(raw)), len(HEADLESS.findall(raw))
    points = sum(3 if each in FREQUENT else 1 for each in syllables) + torn
    return len(syllables) + torn > 1 and points >= 2 * ENOUGH and points > 2 * _misfits(raw)


def _decoded(raw: str) -> str | None:
    """None where bytes are lost, are no UTF-8, or are none of the encoding."""
    if ALIEN.search(raw) or _misfits(raw):
        return None
    return UTF8.sub(lambda found: found[0].encode("latin-1").decode(), raw)


def _is_korean(raw: str, enough: int) -> bool:
    read = "".join(_from_cp949(run) for run in BYTES.findall(raw))
    syllables, high = HANGUL.findall(read), len(NOT_ASCII.findall(LETTERS.sub("", read)))
    if len(syllables) < max(enough, READ_SHARE * high):
        return False
    is_pure = len(syllables) == high >= 2 * enough and all(map(_is_usual, syllables))
    share = PURE_SHARE if is_pure else KOREAN_SHARE
    return sum(each in FREQUENT for each in syllables) >= share * len(syllables)


def _read_korean(raw: str) -> str | None:
    read = BYTES.sub(lambda run: _from_cp949(run[0]), raw)
    return None if ALIEN.search(read) else read


def _from_cp949(run: str) -> str:
    return run.encode("latin-1").decode("cp949", "replace")


def _sequences(raw: str) -> str:
    """What is valid UTF-8 in it, read as such."""
    return "".join(UTF8.findall(raw)).encode("latin-1").decode()


def _misfits(raw: str) -> int:
    """Bytes above ASCII that are no part of UTF-8, not even of a torn character."""
    return len(HIGH.findall(TORN.sub("", UTF8.sub("", raw))))


def _points(raw: str, name: str) -> int:
    return sum(_point(char, name) for char in _sequences(TYPOGRAPHY.sub("", raw)))


def _point(char: str, name: str) -> int:
    """How much it proves that a UTF-8 sequence is this character, and not some letters that happened to follow."""
    code = ord(char)
    if code < 0x250:
        return WESTERN.get(name, 0) if code > 0xA0 else 0
    if code < 0x800:
        return int(name == "cp1251" and 0x400 <= code < 0x500)
    if (
        char in FREQUENT
        or (name == "cp1252" and _is_usual(char))
        or code in PUNCTUATION
        or code == 0xFEFF
        or code >= 0x1F000
    ):
        return 3 * (unicodedata.category(char) != "Cn")
    return int(unicodedata.category(char) in ("Lo", "Po", "So", "Ps", "Pe"))


def _is_usual(char: str) -> bool:
    """A syllable of KS X 1001, as nearly all of Korean prose are."""
    return bool(HANGUL.match(char)) and len(char.encode("euc_kr", "ignore")) == 2  # others are spelt in eight
