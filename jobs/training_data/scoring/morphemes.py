"""A Korean text by its morphemes. Only for a process of its own: see `recipes.keywords`."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple

import mecab_ko

from jobs.training_data.recipes.keywords import ODD_SPACE, parts

FORMAT = r'-F "%m\t%f[0]\t%f[7]\n" -E ""'  # form, tags, and of an inflected form what it is made of: 걷/VV/*+었/EP/*
SURROGATE = re.compile("[\ud800-\udfff]")
ENDINGS = ("J", "E", "XSV", "XSA", "VCP", "VX", "S")  # what follows the root of a keyword: 골목에서, 노래하다
NOUNS = ("NNG", "NNP", "NNB", "NR", "SL", "SH", "SN", "XSN", "XPN", "XR")
PREDICATES = ("VV", "VA")
COMPOUNDS = ("NNG", "NNP")  # 골목길 is 골목/NNG/*+길/NNG/*


class Morpheme(NamedTuple):
    form: str
    tags: str
    made_of: str


class Morphemes:
    """Its letters without spaces, where morphemes begin and end in them, and the verbs and adjectives."""

    def __init__(self, text: str) -> None:
        self.lemmas: set[str] = set()
        self._bounds, self._inner = {0}, {0}
        forms, end = [], 0
        for line in _lines(text.casefold()):
            form, tags, made_of = line.split("\t")
            if tags.startswith(PREDICATES):
                self.lemmas.add(_lemma(form, made_of))
            elif made_of and tags.startswith(COMPOUNDS):
                self._inner.update(_inner_bounds(form, made_of, end))
            forms.append(form)
            end += len(form)
            self._bounds.add(end)
        self.letters = "".join(forms)
        self._inner |= self._bounds

    def has(self, root: str) -> bool:
        """Whether it is there from the beginning of one morpheme to the end of the same or another."""
        bounds = self._inner if len(root) > 1 else self._bounds  # 골목 is in 골목길, and 눈 not in 눈치
        at = self.letters.find(root) if root else -1
        while at >= 0:
            if at in bounds and at + len(root) in bounds:
                return True
            at = self.letters.find(root, at + 1)
        return False


class Root(NamedTuple):
    """What of a keyword matters."""

    letters: str
    lemma: str  # where it is a verb or an adjective


@lru_cache(maxsize=4096)
def root(keyword: str) -> Root:
    found = _analysed(keyword.casefold())
    while len(found) > 1 and found[-1].tags.startswith(ENDINGS):
        found.pop()
    is_predicate = len(found) == 1 and found[0].tags.startswith(PREDICATES)
    lemma = _lemma(found[0].form, found[0].made_of) if is_predicate else ""
    return Root("".join(each.form for each in found), lemma)


@lru_cache(maxsize=4096)
def is_noun(word: str) -> bool:
    return all(each.tags.startswith(NOUNS) and "+" not in each.tags for each in _analysed(word))


def _analysed(text: str) -> list[Morpheme]:
    return [Morpheme(*line.split("\t")) for line in _lines(text)]


def _lines(text: str) -> Iterator[str]:
    clean = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", ODD_SPACE.sub(" ", text))
    for part in parts(clean):
        yield from _tagger().parse(part).splitlines()


def _lemma(form: str, made_of: str) -> str:
    """Of a verb or an adjective: 걷, whatever the ending made of it."""
    return made_of.partition("/")[0] or form


def _inner_bounds(form: str, made_of: str, start: int) -> Iterator[int]:
    """Where the parts of a compound end."""
    pieces = [piece.partition("/")[0] for piece in made_of.split("+")]
    return accumulate(map(len, pieces), initial=start) if "".join(pieces) == form else iter(())


@cache
def _tagger() -> mecab_ko.Tagger:
    return mecab_ko.Tagger(FORMAT)
