"""Nouns and keywords of Korean text. Only for a process of its own: MeCab's dictionary takes 100 MB.

Adjacent nouns that are written without a space are one term: 파인 + 튜닝 → 파인튜닝. Words that name nothing by
themselves (것, 수, 때; 나, 그것; 하나) and units (3개, 제1조, 5km) are left out. Latin words count, from two letters
on: GPT.
"""

import importlib
import importlib.util
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

import mecab_ko

from jobs.training_data.recipes.clusters import safe_cut
from jobs.training_data.recipes.units import named_in, without_units

TAGS = "NNG|NNP|SH|SL"
# Each morpheme a line, the space before it kept: ` 파인\tNNG` begins a term, `튜닝\tNNG` goes on with it.
FORMAT = r'-F "%M\t%f[0]\n" -E ""'
TERM = re.compile(rf"(?m)^[ ]*(\S+)\t(?:{TAGS})\n((?:\S++\t(?:{TAGS})\n)*)")
TAIL = re.compile(r"\t\w+\n")
ODD_SPACE = re.compile(r"[\0\t-\r\x1c-\x1f\x85\xa0\u2028\u2029\u3000]")
LONGEST_TERM = 12  # characters; what is longer is no term but a row of them
AT_ONCE = 4_000  # characters that MeCab gets at a time: its lattice grows with them

type Lines = Callable[[str], str]  # of a text: a morpheme a line


class NoAnalyserError(Exception):
    """The analyser that a recipe names is not installed."""


class Extractor:
    """Finds what a text is about, by one way of ranking.

    "frequency": the most frequent nouns first, ties in the order of the text. "distinctive": those first that are
    frequent here and rare elsewhere in the whole text; `learn` must have read it.
    """

    def __init__(
        self,
        top: int = 21,
        ranking: Literal["frequency", "distinctive"] = "frequency",
        stop_words: Iterable[str] = (),
        analyser: Literal["mecab", "kiwi"] = "mecab",
        units: Literal["leave_out", "keep"] = "leave_out",
    ) -> None:
        self.top, self.ranking, self.stop_words, self.units = top, ranking, frozenset(stop_words), units
        self._parse: Lines = _kiwi() if analyser == "kiwi" else mecab_ko.Tagger(FORMAT).parse
        self._texts = 0
        self._known: Counter[str] = Counter()  # in how many texts a noun stands

    def nouns(self, text: str) -> list[str]:
        """Its nouns in the order of the text, each as often as it stands there; stop words are left out."""
        found = [noun for part in parts(ODD_SPACE.sub(" ", text)) for noun in self._of(part)]
        return [noun for noun in found if noun not in self.stop_words] if self.stop_words else found

    def _of(self, text: str) -> list[str]:
        if self.units == "keep":
            return _nouns(self._parse(text))
        return named_in(text, _nouns(without_units(self._parse(text))))

    def keywords(self, text: str) -> list[str]:
        """The `top` nouns of it; fewer, or none, where it has no more."""
        counted = Counter(self.nouns(text))
        if self.ranking == "distinctive":
            ranked = sorted(counted, key=lambda noun: -counted[noun] * self._rarity(noun))
            return ranked[: self.top]
        return sorted(counted, key=counted.__getitem__, reverse=True)[: self.top]  # stable; most_common is slower

    def learn(self, texts: Iterable[str]) -> None:
        """Read the paragraphs of the whole text: which nouns stand in many of them."""
        for text in texts:
            self._texts += 1
            self._known.update(set(self.nouns(text)))

    def _rarity(self, noun: str) -> float:
        """Inverse document frequency, smoothed; never below zero."""
        return math.log((1 + self._texts) / (1 + self._known[noun])) + 1


def parts(text: str) -> Iterable[str]:
    """Pieces that MeCab can take."""
    start = 0
    while len(text) - start > AT_ONCE:
        end = safe_cut(text, start, start + AT_ONCE)
        yield text[start:end]
        start = end
    yield text[start:]


def _nouns(parsed: str) -> list[str]:
    found: list[str] = []
    for first, more in TERM.findall(parsed):
        if more:
            found += _terms([first, *TAIL.split(more)[:-1]])
        elif len(first) > 1 or not first.isascii():
            found.append(first)
    return found


def _terms(parts: list[str]) -> list[str]:
    """The parts as one term, or each for itself where that would be a monster."""
    whole = "".join(parts)
    return [whole] if len(whole) <= LONGEST_TERM else parts


def _kiwi() -> Lines:
    """Kiwi's morphemes as MeCab writes them."""
    if not importlib.util.find_spec("kiwipiepy"):
        raise NoAnalyserError("kiwi")
    tokenize = importlib.import_module("kiwipiepy").Kiwi().tokenize

    def lines(text: str) -> str:
        end, found = 0, []
        for token in tokenize(text):
            space, end = " " * (token.start > end), token.start + token.len
            found.append(f"{space}{token.form}\t{token.tag}\n")
        return "".join(found)

    return lines
