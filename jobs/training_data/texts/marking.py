"""Headings that a file itself marks: readers put MARK before each, and the text that is kept has none of them."""

import re

MARK = "\ufdd0"  # no character, and never one of a text
MOST = 20_000  # of one text; a file with more marks something else so
FENCE = re.compile(r"[ \t]{0,3}(```|~~~)")
ATX = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+(.*\S)")
CLOSING = re.compile(r"(?<=[ \t])#+$")
SETEXT = re.compile(r"[ \t]{0,3}(?:=+|-{2,})[ \t]*$")


def mark_headings(text: str) -> tuple[str, int]:
    """Markdown with MARK instead of the marks of its headings, and how many there were. What is code stays."""
    lines, fence, count = text.split("\n"), "", 0
    for place, line in enumerate(lines):
        if fence or FENCE.match(line):
            fence = _fence_after(fence, line)
        elif atx := ATX.match(line):
            lines[place] = MARK + CLOSING.sub("", atx[1]).rstrip()
            count += 1
        elif SETEXT.match(line) and _stands_alone(lines, place - 1):
            lines[place - 1 : place + 1] = MARK + lines[place - 1].strip(), ""
            count += 1
    return "\n".join(lines), count


def _fence_after(fence: str, line: str) -> str:
    found = FENCE.match(line)
    if not fence:
        return found[1] if found else ""
    return "" if found and found[1] == fence else fence


def _stands_alone(lines: list[str], place: int) -> bool:
    """A line with an empty one, or nothing, before it."""
    if place < 0 or not lines[place].strip() or lines[place].startswith(MARK):
        return False
    return not "".join(lines[place - 1 : place]).strip()


def take_marks_out(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without MARK, and the characters at which headings begin."""
    first, *others = text.split(MARK)
    places, length = [], len(first)
    for part in others:
        places.append(length)
        length += len(part)
    return first + "".join(others), tuple(places) if len(places) <= MOST else ()
