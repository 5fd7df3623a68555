"""Text that is hard for a regular expression, and how its time grows with the text's length."""

import re
import time
from collections.abc import Iterator
from re import _constants as op
from re import _parser as parser
from typing import Any

REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT}
FOREIGN = ("a", " ", "\n", "0", "-", "가", "password", "a.", "\\", '"', "[", "<a ", "a@", " \n", "\t")
ALTERNATIVES = 6  # of a list of words the first ones: the others are as hard
NOISE = 0.003  # seconds: what takes less grows by chance
LENGTHS = (100, 500, 2_000)  # characters, short ones first: what grows fast would take for ever with more


def nested(compiled: re.Pattern[Any]) -> bool:
    """Tell whether a repetition without end stands in another: the text can be shared out in 2**n ways."""
    return _nested(parser.parse(compiled.pattern, compiled.flags), False)


def _nested(tree: Any, repeated: bool) -> bool:
    for kind, value in tree:
        endless = kind in REPEATS and value[1] == op.MAXREPEAT
        if endless and repeated:
            return True
        if any(_nested(each, repeated or endless) for each in _children(kind, value)):
            return True
    return False


def _children(kind: Any, value: Any) -> list[Any]:
    if kind in REPEATS | {op.POSSESSIVE_REPEAT}:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind is op.ATOMIC_GROUP:
        return [value]
    if kind in {op.ASSERT, op.ASSERT_NOT}:
        return [value[1]]
    return []


def units(compiled: re.Pattern[Any]) -> list[Any]:
    """What is repeated to make hard texts: what each part of the pattern fits, and what it never heard of."""
    tree = parser.parse(compiled.pattern, compiled.flags)
    made = dict.fromkeys([*FOREIGN, *_fitting(tree)])
    texts = [unit for unit in made if unit]
    return [unit.encode() for unit in texts] if isinstance(compiled.pattern, bytes) else texts


def _fitting(tree: Any) -> Iterator[str]:
    """Samples of every prefix of every sequence in the pattern, once and twice its repetitions."""
    for count in (1, 3):
        parts = [_sample(kind, value, count) for kind, value in tree]
        for start in range(len(parts)):
            for end in range(start + 1, len(parts) + 1):
                yield "".join(parts[start:end])
    for kind, value in tree:
        for each in _children(kind, value)[:ALTERNATIVES]:
            yield from _fitting(each)


def _sample(kind: Any, value: Any, count: int) -> str:
    """One text that this part of a pattern fits; look-arounds and ends of lines fit nothing."""
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.NOT_LITERAL:
        return "!" if chr(value) != "!" else "a"
    if kind is op.ANY:
        return "a"
    if kind is op.IN:
        return _of_class(value)
    if kind in REPEATS | {op.POSSESSIVE_REPEAT}:
        return _text(value[2], count) * int(max(value[0], min(count, value[1])))
    if kind is op.BRANCH:
        return _text(value[1][0], count)
    return "".join(_text(each, count) for each in _children(kind, value) if kind not in {op.ASSERT, op.ASSERT_NOT})


def _text(tree: Any, count: int) -> str:
    return "".join(_sample(kind, value, count) for kind, value in tree)


CATEGORIES: dict[Any, str] = {
    op.CATEGORY_DIGIT: "0",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_DIGIT: "a",
    op.CATEGORY_NOT_SPACE: "a",
    op.CATEGORY_NOT_WORD: "-",
}


def _of_class(parts: Any) -> str:
    """A character of a class. Of one that names what it is not, any other."""
    if parts[0][0] is op.NEGATE:
        inside = {_one(part) for part in parts[1:]}
        return next(char for char in "a0-가 !" if char not in inside)
    return _one(parts[0])


def _one(part: Any) -> str:
    kind, value = part
    if kind is op.RANGE:
        return chr(value[0])
    return CATEGORIES[value] if kind is op.CATEGORY else chr(value)


def growth(compiled: re.Pattern[Any], unit: Any) -> float:
    """How many times as long a text of four times the length takes, at the first length that takes long enough."""
    for length in LENGTHS:
        short, long = (unit * (size // len(unit) + 1) for size in (length, 4 * length))
        if seconds(compiled, long, 1) > NOISE:
            return min(_ratio(compiled, long, short) for _ in range(3))  # another process may hold up one of them
    return 0.0


def _ratio(compiled: re.Pattern[Any], long: Any, short: Any) -> float:
    return seconds(compiled, long, 5) / seconds(compiled, short, 5)


def seconds(compiled: re.Pattern[Any], text: Any, best_of: int) -> float:
    """Process time to look through all of `text`, as search, as a whole and from its beginning."""
    times = []
    for _ in range(best_of):
        began = time.process_time()
        for _found in compiled.finditer(text):
            pass
        compiled.fullmatch(text)
        compiled.match(text)
        times.append(time.process_time() - began)
    return min(times)
