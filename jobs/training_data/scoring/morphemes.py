"""A Korean text by its morphemes. Only for a process of its own: see `recipes.keywords`."""

import re
from functools import cache, lru_cache
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
    lemma: str = ""  # of a verb or an adjective: 걷, whatever the ending made of it
    goes_on: bool = False  # it is part of a compound that goes on behind it


class Morphemes:
    """Its letters without spaces, where morphemes begin and end in them, and the verbs and adjectives."""

    def __init__(self, text: str) -> None:
        found = analysed(text)
        self.letters = "".join(each.form for each in found).casefold()
        self.lemmas = {each.lemma for each in found if each.lemma}
        self._bounds, self._inner, end = {0}, {0}, 0
        for each in found:
            end += len(each.form.casefold())
            (self._inner if each.goes_on else self._bounds).add(end)
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
    found = analysed(keyword)
    while len(found) > 1 and found[-1].tags.startswith(ENDINGS):
        found.pop()
    return Root("".join(each.form for each in found).casefold(), found[0].lemma if len(found) == 1 else "")


@lru_cache(maxsize=4096)
def is_noun(word: str) -> bool:
    return all(each.tags.startswith(NOUNS) and "+" not in each.tags for each in analysed(word))


def analysed(text: str) -> list[Morpheme]:
    clean = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", ODD_SPACE.sub(" ", text))
    return [each for part in parts(clean) for line in _tagger().parse(part).splitlines() for each in _morphemes(line)]


def _morphemes(line: str) -> list[Morpheme]:
    form, tags, made_of = line.split("\t")
    if tags.startswith(PREDICATES):
        return [Morpheme(form, tags, made_of.partition("/")[0] or form)]
    if made_of and tags.startswith(COMPOUNDS):
        whole = [piece.partition("/")[0] for piece in made_of.split("+")]
        if "".join(whole) == form:
            return [*(Morpheme(piece, tags, goes_on=True) for piece in whole[:-1]), Morpheme(whole[-1], tags)]
    return [Morpheme(form, tags)]


@cache
def _tagger() -> mecab_ko.Tagger:
    return mecab_ko.Tagger(FORMAT)
