"""Which keywords a question lists, if it is such a list: what `recipes` makes of a text, or a person types."""

import re

from jobs.training_data.scoring.morphemes import is_noun
from jobs.training_data.scoring.stems import is_function_word

FEWEST, FEWEST_WITHOUT_COMMAS = 3, 4
NOUNS = 0.8  # share of the words that the analyser takes for nouns when each is alone
LONGEST, MOST_WORDS = 30, 3  # characters and words of one keyword
LOOKED_AT = 4_000  # characters at the end of the question
SEPARATORS = re.compile(r"[,、，;；·/|\n]")
COLON = re.compile(r"[:：]")
SENTENCE = re.compile(r"[?!。？！]|\.\s|\s\S{0,20}(?:다|요|까|오|라|줘|지|게)\Z")  # a word alone may be a verb: 걷다


def keywords_of(question: str) -> list[str]:
    """Those that it lists, each once, in order; none where it is anything but a list."""
    text = question[-LOOKED_AT:].strip()
    behind_colon = COLON.split(text)[-1].strip()
    for part in dict.fromkeys((behind_colon, text.rsplit("\n\n", 1)[-1], text)):
        if found := _listed(part) or _spaced(part):
            return list(dict.fromkeys(found))
    return []


def _listed(text: str) -> list[str]:
    """Items between commas, or a line each."""
    items = [item.strip(" \t\r*-•.'\"“”‘’") for item in SEPARATORS.split(text)]
    items = [item for item in items if item]
    return items if len(items) >= FEWEST and all(map(_is_keyword, items)) else []


def _is_keyword(item: str) -> bool:
    return len(item) <= LONGEST and len(item.split()) <= MOST_WORDS and not SENTENCE.search(item)


def _spaced(text: str) -> list[str]:
    """Nouns with nothing but spaces between them. In a sentence, more of them have particles or are none."""
    words = text.split()
    if len(words) < FEWEST_WITHOUT_COMMAS or "\n" in text or not all(map(_is_keyword, words)):
        return []
    if text.isascii():
        return [] if any(map(is_function_word, words)) else words
    return words if sum(map(is_noun, words)) >= NOUNS * len(words) and is_noun(words[-1]) else []
