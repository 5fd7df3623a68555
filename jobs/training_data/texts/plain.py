"""Text as the recipes want it: composed Hangul, \\n, nothing invisible; and Markdown without its marks."""

import re
import unicodedata

from jobs.training_data.texts.codes import Note
from jobs.training_data.texts.found import Noted
from jobs.training_data.texts.marking import mark_headings

# Controls; zero-width space, non-joiner, marks of direction, word joiner, BOM, soft hyphen. The joiner makes emoji.
INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\ufeff\u00ad\ud800-\udfff]"
)
NO_BREAK = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2011": "-"})
BREAKS = re.compile(r"\r\n?|[\x0c\x85\u2028\u2029]")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
FENCE = re.compile(r"^(```|~~~).*$", re.MULTILINE)
LINE_MARKS = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?)", re.MULTILINE)
RULE = re.compile(r"^[ \t]*+(?:[-*_][ \t]*+){3,}+$", re.MULTILINE)
TARGET = r"\((?:[^()\n]|\([^()\n]*\))*+\)"  # of a link, with brackets in it: `wiki/Seoul_(city)`
IMAGE = re.compile(rf"!\[[^\[\]\n]*\]{TARGET}")
LINK = re.compile(rf"\[([^\[\]\n]+)\](?:{TARGET}|\[[^\[\]\n]*\])")
EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~|`{1,9})(?=\S)([^*_~`\n]+?)(?<=\S)\1(?!\w)|(\*\*|`)([^*`\n]+?)\3")


def tidy(text: str) -> tuple[str, Noted]:
    """The text, and what had to be done to it."""
    notes: Noted = {}
    if not unicodedata.is_normalized("NFC", text):
        composed = unicodedata.normalize("NFC", text)
        if len(composed) < len(text):
            notes[Note.DECOMPOSED.value] = len(text) - len(composed)
        text = composed
    if crlf := text.count("\r"):
        notes[Note.CRLF.value] = crlf
    text = BREAKS.sub("\n", text)
    if kept := sum(map(text.count, map(chr, NO_BREAK))):
        notes[Note.NO_BREAK.value] = kept
        text = text.translate(NO_BREAK)
    text, gone = INVISIBLE.subn("", text)
    if gone:
        notes[Note.INVISIBLE.value] = gone
    return text, notes


def without_marks(text: str) -> tuple[str, int]:
    """Markdown as prose, its headings as `marking` has them, and how many marks were taken out."""
    text, front = FRONT_MATTER.subn("", text)
    text, headings = mark_headings(text)
    marks = front + headings
    for pattern, instead in (
        (FENCE, ""),
        (RULE, ""),
        (LINE_MARKS, ""),
        (IMAGE, ""),
        (LINK, r"\1"),
        (EMPHASIS, r"\2\4"),
    ):
        text, count = pattern.subn(instead, text)
        marks += count
    return text, marks
