"""Where a text that has no better place may be cut: at a space, else between two characters as a reader sees them."""

import unicodedata

FARTHEST = 64  # characters that a cut is moved back to spare a cluster; what is longer is no writing any more
JOINER = "\u200d"


def safe_cut(text: str, start: int, end: int) -> int:
    """A place in (start, end] to cut: after the last space of the second half, else where no cluster is torn."""
    middle = start + (end - start) // 2
    space = max(text.rfind(" ", middle, end), text.rfind("\n", middle, end))
    if space > start:
        return space + 1
    lowest = max(start + 1, end - FARTHEST)
    return next((place for place in range(end, lowest - 1, -1) if not _tears(text, place)), end)


def _tears(text: str, place: int) -> bool:
    """Whether what a reader takes for one character lies on both sides of `place`."""
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    return before == JOINER or _hangs_on(after) or (_is_flag(after) and _flags_before(text, place) % 2 == 1)


def _hangs_on(char: str) -> bool:
    """Marks, selectors, skin tones, and the vowels and finals of a syllable that is not composed."""
    code = ord(char)
    return (
        char == JOINER
        or unicodedata.category(char)[0] == "M"
        or 0x1F3FB <= code <= 0x1F3FF
        or 0xE0020 <= code <= 0xE007F
        or 0x1160 <= code <= 0x11FF
        or 0xD7B0 <= code <= 0xD7FB
    )


def _is_flag(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _flags_before(text: str, place: int) -> int:
    """Letters of flags in a row right before `place`: two make one flag."""
    count = 0
    while count < FARTHEST and place > count and _is_flag(text[place - count - 1]):
        count += 1
    return count
