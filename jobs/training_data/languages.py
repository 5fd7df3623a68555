"""Which language an answer is in: Korean, English (or what else has Latin letters), another, none."""

import re
import unicodedata
from typing import Literal

Language = Literal["ko", "en", "other"]
LOOKED_AT = 2_000  # characters
DOMINANT = 0.8  # share of the examples from which on one language is the file's
KOREAN = re.compile("[가-힣ㄱ-ㆎ]+")
LATIN = re.compile("[A-Za-z]+")
LETTERS = re.compile(r"[^\W\d_]+")
SYLLABLE = 3  # a Hangul syllable says as much as about three Latin letters


def language_of(text: str) -> Language | None:
    """The one that most of it is in. A Korean text may hold names, code and terms in Latin letters."""
    looked_at = unicodedata.normalize("NFC", text[:LOOKED_AT])  # Hangul taken apart is Korean too
    korean, latin = _count(KOREAN, looked_at), _count(LATIN, looked_at)
    other = _count(LETTERS, looked_at) - korean - latin
    weights: dict[Language, int] = {"ko": korean * SYLLABLE, "en": latin, "other": other * SYLLABLE}
    most = max(weights, key=lambda language: weights[language])
    return most if weights[most] else None


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(map(len, pattern.findall(text)))


class Languages:
    """Tell it every answer, with its line, in order."""

    def __init__(self) -> None:
        self.lines: dict[Language, list[int]] = {"ko": [], "en": [], "other": []}

    def add(self, line: int, answer: str) -> None:
        if language := language_of(answer):
            self.lines[language].append(line)

    def counts(self) -> dict[str, int]:
        return {language: len(lines) for language, lines in self.lines.items()}

    def main(self) -> Language | None:
        """The language of nearly all, if there is one."""
        most = max(self.lines, key=lambda language: len(self.lines[language]))
        total = sum(map(len, self.lines.values()))
        return most if total and len(self.lines[most]) >= DOMINANT * total else None

    def strays(self) -> list[int]:
        """Lines in another language than nearly all."""
        main = self.main()
        return sorted(line for language, lines in self.lines.items() if main and language != main for line in lines)
