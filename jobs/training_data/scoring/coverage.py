"""How many keywords of a question are in the answer, whatever particles and endings they have there."""

import re
from collections.abc import Iterable

from jobs.training_data.scoring.morphemes import Morphemes, Root, root
from jobs.training_data.scoring.records import Coverage
from jobs.training_data.scoring.stems import stems

HANGUL = re.compile("[가-힣]")
SPACES = re.compile(r"\s+")
SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")


def coverage(keywords: list[str], answer: str) -> Coverage:
    """All texts are composed (NFC)."""
    korean = [keyword for keyword in keywords if HANGUL.search(keyword)]
    words, plain = f" {' '.join(stems(answer))} ", SPACES.sub("", answer).casefold()
    covered = {keyword for keyword in keywords if keyword not in korean and _is_in(keyword, words, plain)}
    covered |= _korean_in(korean, answer)
    missing = tuple(keyword for keyword in keywords if keyword not in covered)
    return Coverage(keywords=len(keywords), covered=len(keywords) - len(missing), missing=missing)


def _is_in(keyword: str, words: str, plain: str) -> bool:
    if keyword.isascii() and (wanted := stems(keyword)):
        return f" {' '.join(wanted)} " in words
    return SPACES.sub("", keyword).casefold() in plain  # other scripts, signs: as they are written


def _korean_in(keywords: Iterable[str], answer: str) -> set[str]:
    """Only sentences are analysed that have a keyword's letters, or may have a form of a verb: that takes the time."""
    pending = {keyword: root(keyword) for keyword in keywords}
    found: set[str] = set()
    for sentence in SENTENCE_END.split(answer) if pending else ():
        letters = SPACES.sub("", sentence).casefold()
        likely = [keyword for keyword, each in pending.items() if each.lemma or each.letters in letters]
        if likely:
            morphemes = Morphemes(sentence)
            here = {keyword for keyword in likely if _has(morphemes, pending[keyword])}
            found |= here
            pending = {keyword: each for keyword, each in pending.items() if keyword not in here}
    return found


def _has(morphemes: Morphemes, sought: Root) -> bool:
    return morphemes.has(sought.letters) or (bool(sought.lemma) and sought.lemma in morphemes.lemmas)
