"""Lines before and after a repair, so that a person can see what could not be seen."""

import re
import unicodedata

import msgspec

SHOWN_CHARACTERS = 120
BEFORE = 30  # characters of the line before its first difference
MARKED = re.compile("[\u0300-\u036f\u1100-\u11ff\u200b-\u200d\u2060\u3099\u309a\ufeff\r]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
APART = ("CHOSEONG", "JUNGSEONG", "JONGSEONG")


class Change(msgspec.Struct, frozen=True):
    """A line before and after, cut around its first difference."""

    line: int
    before: str
    after: str


def change(line: int, before: str, after: str) -> Change:
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, same - BEFORE)
    return Change(line, _cut(before, start), _cut(after, start))


def _cut(text: str, start: int) -> str:
    shown = visible(text.rstrip("\n")[start : start + SHOWN_CHARACTERS])
    ended = "…" if len(text) > start + SHOWN_CHARACTERS else ""
    return ("…" if start else "") + CONTROL.sub("\N{REPLACEMENT CHARACTER}", shown) + ended


def visible(text: str) -> str:
    """Letters of Hangul that stand alone as such, what has no width by its number."""
    return MARKED.sub(lambda found: _name(found[0]), text)


def _name(char: str) -> str:
    if char == "\r":
        return "␍"
    kind, _space, rest = unicodedata.name(char, "").removeprefix("HANGUL ").partition(" ")
    if kind in APART:
        try:
            return unicodedata.lookup(f"HANGUL LETTER {rest}")
        except KeyError:
            return char
    return f"⟨U+{ord(char):04X}⟩" if unicodedata.category(char) == "Cf" else f"◌{char}"
