"""How many keywords of a question are in the answer, whatever particles and endings they have there."""

import re

from jobs.training_data.scoring.morphemes import Morphemes, root
from jobs.training_data.scoring.records import Coverage
from jobs.training_data.scoring.stems import stems

HANGUL = re.compile("[가-힣]")
SPACES = re.compile(r"\s+")


def coverage(keywords: list[str], answer: str) -> Coverage:
    """All texts are composed (NFC)."""
    words = f" {' '.join(stems(answer))} "
    korean = Morphemes(answer) if any(map(HANGUL.search, keywords)) else None
    plain = SPACES.sub("", answer).casefold()
    missing = tuple(keyword for keyword in keywords if not _is_in(keyword, words, korean, plain))
    return Coverage(keywords=len(keywords), covered=len(keywords) - len(missing), missing=missing)


def _is_in(keyword: str, words: str, korean: Morphemes | None, plain: str) -> bool:
    if korean and HANGUL.search(keyword):
        found = root(keyword)
        return korean.has(found.letters) or (bool(found.lemma) and found.lemma in korean.lemmas)
    if keyword.isascii() and (wanted := stems(keyword)):
        return f" {' '.join(wanted)} " in words
    return SPACES.sub("", keyword).casefold() in plain  # other scripts, signs: as they are written
