"""Personal data in a text: where it is, and the text with it hidden.

    find("전화 010-1234-5678")                 [Found(Kind.PHONE, 3, 16, True)]
    mask_for_display("전화 010-1234-5678")      "전화 010-●●●●-●●●●"
    mask_for_display("전화 010-1234-5678", 9)   "전화 010-●●"

Nearly all text is clean, and costs three looks: for a run that begins with a digit, for an @, for the mark of a key.
"""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from jobs.training_data.addresses import KEY_MARKS, addresses, keys
from jobs.training_data.personal import DIGIT_RULES, Kind
from jobs.training_data.readable import Readable, is_plain, readings
from jobs.training_data.reading import SHOWN_CHARACTERS
from jobs.training_data.separators import SEPARATORS

__all__ = ["Found", "Kind", "find", "mask_for_display", "mask_quote", "shown_messages", "shown_text"]

RUN = re.compile(f"[0-9](?:[{SEPARATORS}0-9A-Z()]{{6,}})")
MARGIN = 6  # what may stand before the first digit (`(+`, `M`, `서울-`) and what must not stand after the last
KEPT = {Kind.RESIDENT: 2, Kind.FOREIGNER: 2, Kind.PHONE: 3, Kind.CARD: 4, Kind.EMAIL: 2, Kind.KEY: 4}
KEPT_OF_OTHERS = 2
HIDDEN = "●"
HIDEABLE = re.compile(r"[^\W_]")
LONGEST_HIDDEN = 16
CUT_IN_TWO = 60  # characters that a number or an address may have
# What stands before a cut and may be the beginning of a number, an address or a key; behind one, the end of a number.
BEGUN = re.compile(
    r"(?:[0-9(+][-0-9 .()]{0,60}|[^\s@]{0,64}@\S{0,64}"
    rf"|(?:{'|'.join(KEY_MARKS)})\S{{0,255}})(?=…)|(?<=…)[-0-9 .()]{{0,60}}[0-9]"
)


class Found(NamedTuple):
    kind: Kind
    start: int
    end: int
    certain: bool


def find(text: str) -> list[Found]:
    """What is found, in order, without overlaps."""
    if is_plain(text):
        return _find(text)
    seen, read = readings(text)
    return [
        one._replace(start=start, end=end) for one in _find(read.text) for start, end in [_written(one, read, seen)]
    ]


def _written(found: Found, read: Readable, seen: Readable) -> tuple[int, int]:
    return seen.span(*read.span(found.start, found.end))


def _find(text: str) -> list[Found]:
    taken = sorted(
        [Found(Kind.EMAIL, *span, True) for span in addresses(text)]
        + [Found(Kind.KEY, *span, True) for span in keys(text)],
        key=lambda found: found.start,
    )
    runs = [(match.start(), match.end()) for match in RUN.finditer(text)]
    if not runs and not taken:
        return []
    for rule in DIGIT_RULES:
        for start, end in runs:
            for match in rule.pattern.finditer(text, max(0, start - MARGIN), min(len(text), end + MARGIN)):
                if (certain := rule.judge(match)) is not None:
                    taken.append(Found(rule.kind, match.start(), match.end(), certain))
    return _without_overlaps(taken)


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


def mask_for_display(text: str, most: int | None = None) -> str:
    """The text with what is found hidden but for its first characters; as long as it was, or shorter.

    `most`: so many characters of it are wanted. What the cut goes through is told by what follows, and hidden too.
    """
    pieces, last, end = [], 0, len(text) if most is None else most
    for found in find(text):
        if found.start >= end:
            break
        hidden = _hidden(found.kind, text[found.start : found.end])
        pieces += [text[last : found.start], hidden[: end - found.start]]
        last = found.end
    return "".join([*pieces, text[last:end]])


def mask_quote(text: str) -> str:
    """A message whose quotes of the data were cut (…) before anybody looked: their ends are hidden on suspicion."""
    return BEGUN.sub(lambda begun: HIDEABLE.sub(HIDDEN, begun[0]), mask_for_display(text))


def _hidden(kind: Kind, value: str) -> str:
    """Digits and letters go, what stands between them stays."""
    seen = re.match(rf"\A(?:[^0-9A-Za-z]*[0-9A-Za-z]){{{KEPT.get(kind, KEPT_OF_OTHERS)}}}", value)
    shown = seen[0] if seen else ""
    hidden = HIDEABLE.sub(HIDDEN, value[len(shown) :])
    return shown + (hidden if kind is not Kind.KEY else hidden[:LONGEST_HIDDEN])


def shown_messages(messages: list[dict[str, Any]], *, hide: bool) -> list[dict[str, Any]]:
    """Messages of `reading.for_display`, cut for a page; `hide` what is found in their texts."""
    return [{key: _shown(message, key, hide) for key in message} for message in messages]


def _shown(message: dict[str, Any], key: str, hide: bool) -> Any:
    value = message[key]
    if not isinstance(value, str):
        return value
    if not hide or key == "role":
        return value[:SHOWN_CHARACTERS]
    # reports of before kept nothing behind the cut: the end of what they kept is left out
    is_cut = key == "content" and message.get("long") and len(value) <= SHOWN_CHARACTERS
    return mask_for_display(value, len(value) - CUT_IN_TWO if is_cut else SHOWN_CHARACTERS)


def shown_text(text: str, *, hide: bool) -> str:
    """A text that was read on beyond what a page shows, cut for the page."""
    most = len(text) if len(text) <= SHOWN_CHARACTERS else SHOWN_CHARACTERS - 1
    return (mask_for_display(text, most) if hide else text[:most]) + ("…" if most < len(text) else "")
