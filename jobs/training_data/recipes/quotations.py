"""Which parts of a text are quotations: a mark that nothing answers (an inch, a slip of the keyboard) makes none.

Whether a mark begins or ends one is seen by what is beside it, since people type `"` and `”` for either. Its answer is
looked for in the same paragraph, within LONGEST characters; for a straight mark in the same line, where lines end
sentences.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

LONGEST = 300  # characters of a quotation that is read in one breath; a longer one is a text of its own
DOUBLE = '"＂“”„'
LEFT = "“„"  # these begin one, unless they can only end one
CORNERS = {"」": "「", "』": "『"}
ANY = re.compile(f"[{DOUBLE}「」『』]")
MARK = re.compile(rf"[{DOUBLE}「」『』]|\n[ \t\r\u3000]*\n|\n")
BEFORE = " \t\n\r\u3000([{<《〈「『‘'―—-"  # may be right before a mark that begins
SAYING = re.compile("이?라[고며는]|하[고며는]|[고며]\\b|는데")  # what Korean puts right after what somebody said
AFTER = " \t\n\r\u3000.,!?…:;·)]}>》〉」』’'―—-"  # may be right after a mark that ends


class Quotations:
    """Those of one text, for the question whether a place lies inside one."""

    def __init__(self, text: str, *, lines: bool) -> None:
        self._begin: list[int] = []
        self._end: list[int] = []
        for begin, end in sorted(_pairs(text, lines)) if ANY.search(text) else ():
            if self._end and begin < self._end[-1]:  # one within another
                self._end[-1] = max(self._end[-1], end)
            else:
                self._begin.append(begin)
                self._end.append(end)

    def hold(self, start: int, end: int) -> bool:
        """Whether one that began before `start` goes on after `end`."""
        found = bisect_left(self._begin, start) - 1
        return found >= 0 and self._end[found] > end


def _pairs(text: str, lines: bool) -> Iterator[tuple[int, int]]:
    """Where each begins, and where it has ended."""
    begun: dict[str, int] = {}  # the mark that is open: one double, and one of either corner
    for found in MARK.finditer(text):
        mark, place = found[0], found.start()
        if "\n" in mark:
            begun = {} if len(mark) > 1 else {key: one for key, one in begun.items() if not lines or text[one] != '"'}
        elif mark in "「『":
            begun[mark] = place
        else:
            kind = CORNERS.get(mark, '"')
            first = begun.get(kind, -1)
            if first >= 0 and place - first <= LONGEST and (kind != '"' or _ends(text, first, place)):
                yield begun.pop(kind), found.end()
            elif kind == '"':
                begun = _begin(begun, text, place)


def _begin(begun: dict[str, int], text: str, place: int) -> dict[str, int]:
    """With the double mark at `place` open, if it can be; one that was open before gets no answer any more."""
    return {**begun, '"': place} if _begins(text, place) else begun


def _begins(text: str, place: int) -> bool:
    """Of a double mark while none is open. `그는"가자."라고` begins, `21" 크기` and `5'11"에` do not."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if not before or before in BEFORE:
        return True
    return not before.isdigit() and after not in AFTER and bool(after)


def _ends(text: str, first: int, place: int) -> bool:
    """Of a double mark while the one at `first` is open: else it begins another, and nothing answers that one."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if SAYING.match(text, place + 1):
        return True
    if before in BEFORE and text[first + 1] not in BEFORE and text[place] != "”":  # `"가자. "크다"`: no end has a space
        return not after or after in AFTER
    if text[place] in LEFT:
        return before not in BEFORE and (not after or after in AFTER)
    return (text[place] == "”" or not _must_begin(before, after)) and not (before.isdigit() and _is_inch(text, place))


def _must_begin(before: str, after: str) -> bool:
    return before in BEFORE and bool(after) and after not in AFTER


def _is_inch(text: str, place: int) -> bool:
    """Whether the quotation has another end in the same line: `"키가 5'11" 이다. 크다." 했다`."""
    rest = text[place + 1 : place + LONGEST].partition("\n")[0]
    found = re.search(f"[{DOUBLE}]", rest)
    return found is not None and not _must_begin(rest[: found.start()][-1:] or " ", rest[found.end() : found.end() + 1])
