"""Units and bound nouns that the analyser takes for nouns: 조, 층, 배 after a number, 때 after what it is the time of.

Works on the analyser's lines, `[space]form\\ttag`; whether a word counts something is seen by what is before it. The
same word elsewhere names something, and stays: 원의 넓이, 조를 짜다, 배를 타다.
"""

import re

NOUN = r"\t(?:NNG|NNP)\n"
# Right after a number, with or without a space: 3 배, 제 1 조.
COUNTED = "조|항|호|목|편|장|절|관|배|층|인|종|점|세기|시간|학년|학기|학점|분기|세대|단계|차원|차례|인분|인승|인용|인조"
COUNTED += "|호실|호기|라운드|등급|거래일|프로|비트|미리|연승|연패|시경|분경|가구|자리"
AFTER_WORDS = "배|층|달|해|주|곳|조|항|차례|세기|시간|학기|학년|단계"  # 두 배, 몇 달
LATIN = "[kcmKM]?[mglLB]|[kMGT]?[bB]|[kMG]?Hz|k?Wh?|k?cal|ppm|dpi|px|kph|mph|[km]?V|m?A|ha|cc|in|ft|lb|oz|ea|EA"
# It keeps the tag before the word: what comes first in the pattern is quick to rule out.
UNITS = re.compile(
    rf"\t(?:((?:SN|NR)\n)(?:[^\W\d_]{NOUN}|\ ?(?:{COUNTED}){NOUN}|\S+제{NOUN}(?=\d)"  # 3층, 제 1 조, 제2조제1호
    rf"|\ ?(?:{LATIN})\tSL\n)"
    rf"|(NNBC?\n)[^\W\d_]{NOUN}"  # 십년간, 1호선
    rf"|(MM\n)(?<=[한두세네석넉몇수]\tMM\n)\ ?(?:{AFTER_WORDS}){NOUN})"
)
TIME = re.compile(r"(?<=ETM\n|JKG\n|NNG\n|NNP\n|\tMM\n) 때\tNNG\n")  # 갈 때, 방학 때; not 때를 밀다
CITATION = re.compile(r"제\s?\d+\s?(?:조|항|호)|\d조(?:의\d+)?(?:제?\d+항)?[(\s]")
CITED = re.compile(r"[조항호목]|[가-하]목|[본동전각](?:조|항|호|목)")  # of a law: 각 호, 같은 조, 나목, 전항


def without_units(parsed: str) -> str:
    parsed = UNITS.sub(r"\t\1\2\3", parsed)
    return TIME.sub("", parsed) if " 때\tNNG\n" in parsed else parsed


def named_in(text: str, nouns: list[str]) -> list[str]:
    """The nouns less those that only point to another part of a law, where the text is one."""
    return [noun for noun in nouns if not CITED.fullmatch(noun)] if CITATION.search(text) else nouns
