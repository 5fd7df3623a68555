"""Personal data in a text: where it is, and the text with it hidden.

    find("전화 010-1234-5678")              [Found(Kind.PHONE, 3, 16, True)]
    mask_for_display("전화 010-1234-5678")   "전화 010-●●●●-●●●●"

Nearly all text is clean, and costs three looks: for a run that begins with a digit, for an @, for the mark of a key.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from jobs.training_data.personal import DIGIT_RULES, DOMAIN, KEY, KEY_MARKS, LOCAL, Kind, is_key

__all__ = ["Found", "Kind", "find", "mask_for_display", "mask_messages"]

RUN = re.compile("[0-9](?:[-0-9 .()A-Z\u2010-\u2014\u2212]{6,})")
MARGIN = 6  # what may stand before the first digit (`(+`, `M`, `서울-`) and what must not stand after the last
LONGEST_LOCAL = 64
KEPT = {Kind.RESIDENT: 2, Kind.FOREIGNER: 2, Kind.PHONE: 3, Kind.CARD: 4, Kind.EMAIL: 2, Kind.KEY: 4}
KEPT_OF_OTHERS = 2
HIDDEN = "●"
LONGEST_HIDDEN = 16


class Found(NamedTuple):
    kind: Kind
    start: int
    end: int
    certain: bool


def find(text: str) -> list[Found]:
    """What is found, in order, without overlaps."""
    found = [*_addresses(text), *_keys(text)]
    runs = [(match.start(), match.end()) for match in RUN.finditer(text)]
    if not runs and not found:
        return []
    taken = sorted(found)
    for rule in DIGIT_RULES:
        for start, end in runs:
            for match in rule.pattern.finditer(text, max(0, start - MARGIN), min(len(text), end + MARGIN)):
                if (certain := rule.judge(match)) is not None:
                    taken.append(Found(rule.kind, match.start(), match.end(), certain))
    return _without_overlaps(taken)


def _addresses(text: str) -> Iterator[Found]:
    at, last = text.find("@"), 0
    while at >= 0:
        domain = DOMAIN.match(text, at + 1)
        local = LOCAL.search(text, max(last, at - LONGEST_LOCAL), at) if domain else None
        if domain and local:
            last = domain.end()
            yield Found(Kind.EMAIL, local.start(), last, True)
        at = text.find("@", at + 1)


def _keys(text: str) -> Iterator[Found]:
    if any(mark in text for mark in KEY_MARKS):
        for match in KEY.finditer(text):
            if is_key(match[0]):
                yield Found(Kind.KEY, match.start(), match.end(), True)


def _without_overlaps(found: Collection[Found]) -> list[Found]:
    """Of two that overlap the one whose rule was asked first stays."""
    rank = {place: number for number, place in reversed(list(enumerate(found)))}
    kept: list[Found] = []
    for each in sorted(rank, key=lambda one: (one.start, rank[one])):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif rank[each] < rank[kept[-1]]:
            kept[-1] = each
    return kept


def mask_for_display(text: str) -> str:
    """The text with what is found hidden but for its first characters; as long as it was, or shorter."""
    pieces, last = [], 0
    for found in find(text):
        pieces += [text[last : found.start], _hidden(found.kind, text[found.start : found.end])]
        last = found.end
    return "".join([*pieces, text[last:]])


def _hidden(kind: Kind, value: str) -> str:
    """Digits and letters go, what stands between them stays."""
    seen = re.match(rf"(?:[^0-9A-Za-z]*[0-9A-Za-z]){{{KEPT.get(kind, KEPT_OF_OTHERS)}}}", value)
    shown = seen[0] if seen else ""
    hidden = re.sub("[0-9A-Za-z가-힣]", HIDDEN, value[len(shown) :])
    return shown + (hidden if kind is not Kind.KEY else hidden[:LONGEST_HIDDEN])


def mask_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages as `reading.for_display` shows them, with what is found in their texts hidden."""
    return [{key: _masked(key, value) for key, value in message.items()} for message in messages]


def _masked(key: str, value: Any) -> Any:
    return mask_for_display(value) if isinstance(value, str) and key != "role" else value
