"""English words without their endings: enough to know `keyword` in `keywords`, not a grammar."""

import re

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
ENDINGS = ("'s", "ies", "ing", "ed", "es", "s", "e", "y")  # the first that leaves a stem goes
SHORTEST = 3  # letters of a stem
FUNCTION_WORDS = frozenset(
    re.findall(
        r"\S+",
        "a an the of to in on at by for from with about into as is are was were be been do does did have has had will"
        " would can could should may must and or but not no if then than so that this these those it its i me my we our"
        " you your he him his she her they them their what which who whom whose when where why how please write tell"
        " explain give make show list let describe",
    )
)


def is_function_word(word: str) -> bool:
    return word.casefold() in FUNCTION_WORDS


def stem(word: str) -> str:
    """Of a word in small letters: `running` and `runs` give `run`, `studies` and `study` give `stud`."""
    ending = next((each for each in ENDINGS if word.endswith(each) and len(word) - len(each) >= SHORTEST), "")
    bare = word.removesuffix(ending)
    twice = ending in ("ing", "ed") and len(bare) > SHORTEST and bare[-1] == bare[-2] and bare[-1] not in "lsz"
    return bare[:-1] if twice else bare.removesuffix("i") if ending in ("ed", "es") else bare


def stems(text: str) -> list[str]:
    return [stem(word) for word in WORD.findall(text.casefold())]
