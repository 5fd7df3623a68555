"""Preferences (DPO) as other tools name them: `chosen` and `rejected`, `chosen_messages` and `rejected_messages`, …"""

import re
from typing import Any, NamedTuple

from jobs.training_data.keys import OUTPUT_KEYS

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[가-힣]+")
BETTER = {"chosen", "preferred", "accepted", "accept", "better", "best", "good", "winner", "winning", "win"}
BETTER |= {"positive", "pos", "selected"}
WORSE = {"rejected", "reject", "dispreferred", "unpreferred", "worse", "worst", "bad", "loser", "losing", "lose"}
WORSE |= {"negative", "neg", "discarded", "declined"}
BETTER |= {"선택", "선호", "채택"}
WORSE |= {"거절", "거부", "비선호", "탈락"}
ONE_OF_TWO = re.compile(r"\A(.{0,78}?)[_-]?([ab]|[0-2])", re.IGNORECASE)
JUDGED = (
    "winner",
    "better",
    "preference",
    "preferred",
    "choice",
    "label",
    "verdict",
)  # begins the key of the judgement
CLEAR = frozenset({"chosen", "preferred", "rejected", "dispreferred"})  # beside messages a grader may read the others
NOT = frozenset({"non", "not", "un", "dis"})
LABELS = frozenset({"label", "labels", "kto_tag", "is_good", "desirable"})


type Side = tuple[bool, tuple[str, ...]]  # whether it is the better one, and the other words of its key


class Named(NamedTuple):
    better: str
    worse: str


def other_names(example: dict[str, Any]) -> Named | None:
    """The two keys that hold a better and a worse answer, where neither name is the one that services want."""
    if not example.keys().isdisjoint(OUTPUT_KEYS):
        return None
    answers = _answers(example)
    sides = _sides(answers, clear="messages" in example)
    if pair := _matched(sides):
        return pair
    if two := _two_answers(example, answers):
        return two
    worse_alone = [key for key, (is_better, _rest) in sides.items() if not is_better]
    return Named("messages", worse_alone[0]) if worse_alone and "messages" in example else None


def clear_names(example: dict[str, Any]) -> Named | None:
    """The two keys of a better and a worse answer, where their words leave no doubt: chosen_messages, …"""
    return _matched(_sides(_answers(example), clear=True))


def _answers(example: dict[str, Any]) -> list[str]:
    return [key for key, value in example.items() if isinstance(value, str | list | dict)]


def _sides(keys: list[str], *, clear: bool) -> dict[str, Side]:
    return {key: side for key in keys if (side := _side(key, clear=clear))}


def _matched(sides: dict[str, Side]) -> Named | None:
    """A better and a worse one whose other words are the same."""
    for better, (is_better, rest) in sides.items():
        for worse, other in sides.items():
            if is_better and other == (False, rest):
                return Named(better, worse)
    return None


def _two_answers(example: dict[str, Any], answers: list[str]) -> Named | None:
    """`response_a`, `response_b` and a `winner`."""
    if not any(key.lower().startswith(JUDGED) for key in example):
        return None
    stems: dict[str, list[str]] = {}
    for key in answers:
        if found := ONE_OF_TWO.fullmatch(key[:80]):
            stems.setdefault(found[1], []).append(key)
    return next((Named(one, other) for one, other, *_more in (keys for keys in stems.values() if len(keys) > 1)), None)


def _side(key: str, *, clear: bool) -> Side | None:
    """Whether it is the better one, and the words beside that; None for any other key."""
    words = [word.lower() for word in WORD.findall(key[:80])]
    telling = [word for word in words if word in BETTER or word in WORSE]
    if len(telling) != 1 or (clear and telling[0] not in CLEAR):
        return None
    rest = tuple(word for word in words if word != telling[0] and word not in NOT)
    return telling[0] in BETTER and NOT.isdisjoint(words), rest


def labels(example: dict[str, Any]) -> list[str]:
    """Keys that call a single answer good or bad (KTO)."""
    return sorted(key for key in LABELS & example.keys() if isinstance(example[key], int) and example[key] in (0, 1))
