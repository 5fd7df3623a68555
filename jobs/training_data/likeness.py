"""When two examples are so alike that one of them teaches nothing.

What is asked must be the same but for case, width, spacing and punctuation: one other word, number or sign makes
another question, however long the text is that the two share (a template). In answers, one word of twenty may differ,
unless it is a number or a denial. Images, tools and whatever else stands beside the texts must be the same.
"""

import re
import unicodedata
from collections import Counter
from hashlib import blake2b

from jobs.training_data.spoken import Spoken

ALIKE = 0.8  # Jaccard similarity of the answers
SHINGLE = 4  # characters
LONGEST = 20_000  # characters of an answer that are compared
WORDS_FOR_ONE = 20  # of an answer, for each that may differ
LONG_ENOUGH = 20  # characters of an answer that ties two examples, whatever was asked
PUNCTUATION = re.compile(  # begins with one set, which is fast; not within numbers, nor where it is a factorial
    r"[.,:!?;…·‥'\"“”‘’«»「」『』–—`、。]"
    r"(?:(?<![.,:!])|(?<=[.,:])(?:(?!\d)|(?<!\d[.,:]))|(?<=!)(?<![\d)]!)(?<!\b[a-z]!))"
)
NUMBER = re.compile(r"[0-9]++(?:[.,:/-][0-9]++)*(?:\s?[a-zµ%°℃]{1,3}(?![a-z]))?")
WORD = re.compile(r"[㐀-鿿぀-ヿ]|[^\W㐀-鿿぀-ヿ_]+|[^\w\s]")
SINO = "[영공일이삼사오육륙칠팔구십백천만억조]"
COUNTERS = "개|명|원|년|월|일|시|시간|분|초|살|세|번|회|권|장|층|호|배|달러|달|주|마리|대|잔|병|쪽|위|등"
TELLING = re.compile(  # a word that changes what is said, however long the rest is
    rf"\A(?:.*\d.*|[-−+*/×÷=<>%$€₩]|{SINO}+(?:{COUNTERS})?.{{0,2}}"
    r"|(?:하나|둘|셋|넷|다섯|여섯|일곱|여덟|아홉|열|스물|서른|마흔|쉰|예순|일흔|여든|아흔|한|두|세|네|첫).{0,3}"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|hundreds?|thousands?|millions?|half|twice|first|second|third|[a-z]+th"
    r"|[월화수목금토일]요일.{0,2}|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|안|못|.*(?:않|없|아니).*|not|no|never|none|.*n't|true|false|yes)"
)


def plain(text: str) -> str:
    """Without what only looks different: case, width, composition, spacing, punctuation."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold()
    return " ".join(PUNCTUATION.sub("", text).split()) or text


def question(example: Spoken, answer: str) -> int:
    """The same for examples that ask the same and answer with the same numbers, with the same beside it."""
    asked = "\x1e".join(f"{role}\x1f{plain(text)}" for role, text in example.texts if role != "assistant")
    return _digest(f"{asked}\x1d{example.beside}\x1d{_numbers(answer)}")


def _numbers(answer: str) -> str:
    """What tells the answers of a template from one another."""
    return " ".join(NUMBER.findall(answer))


def surroundings(example: Spoken, answer: str) -> int:
    """The same for examples with the same images; of those that hardly answer, with the same question."""
    return _digest(example.attached) if len(answer) >= LONG_ENOUGH else question(example, answer)


def answers(example: Spoken) -> str:
    """All that the model says, plain."""
    return plain("\n".join(text for role, text in example.texts if role == "assistant")[:LONGEST])


def are_alike(mine: str, theirs: str) -> bool:
    """Whether two answers to one question say the same. Both are plain."""
    if mine == theirs:
        return True
    differing = _differing(mine, theirs)
    return differing is not None and not any(map(TELLING.fullmatch, differing)) and are_close(mine, theirs)


def are_tied(mine: str, theirs: str) -> bool:
    """Whether who learnt one answer knows the other. Short ones of a template with other numbers are different."""
    if not are_close(mine, theirs):
        return False
    return _numbers(mine) == _numbers(theirs) or _differing(mine, theirs) is not None


def _differing(mine: str, theirs: str) -> Counter[str] | None:
    """The words that only one of two answers has; None where they are more than one in twenty."""
    words, others = WORD.findall(mine), WORD.findall(theirs)
    only_mine, only_theirs = Counter(words) - Counter(others), Counter(others) - Counter(words)
    most = max(only_mine.total(), only_theirs.total())
    return only_mine | only_theirs if most <= min(len(words), len(others)) // WORDS_FOR_ONE else None


def are_close(mine: str, theirs: str) -> bool:
    """Whether two texts share nearly all that they say, whatever the rest is."""
    return jaccard(set(cut(mine)), set(cut(theirs))) >= ALIKE


def cut(text: str) -> list[str]:
    return [text[at : at + SHINGLE] for at in range(max(1, len(text) - SHINGLE + 1))]


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest())
