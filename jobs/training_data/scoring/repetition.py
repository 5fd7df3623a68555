"""How much of an answer repeats itself, and whether it ends in a loop."""

GRAM = 4  # words
LETTERS = 8  # of a gram in a text without spaces
LONG_WORDS = 16  # letters a word on average: then there are no spaces to speak of
TAIL = 1_000  # characters in which a loop is sought
TIMES, SHORTEST = 3, 40  # a loop goes round so often, over so many characters at least


def repeated_share(text: str) -> float:
    """Of all runs of four words (of eight letters, in a text without spaces), those that occurred before: 0 to 1."""
    words = text.split()
    if len(words) * LONG_WORDS > len(text):
        return _repeated(list(zip(*(words[at:] for at in range(GRAM)), strict=False)))
    letters = "".join(words)
    return _repeated([letters[at : at + LETTERS] for at in range(len(letters) - LETTERS + 1)])


def _repeated(grams: list[str] | list[tuple[str, ...]]) -> float:
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def ends_in_loop(text: str) -> bool:
    """Whether the end is one piece, three times or more, wherever in a round it stops."""
    tail = text.rstrip()[: -TAIL - 1 : -1]
    return any(length >= max(SHORTEST, TIMES * (length - border)) for length, border in enumerate(_borders(tail), 1))


def _borders(text: str) -> list[int]:
    """Of each beginning of `text`, the longest shorter one that it ends in (as Knuth-Morris-Pratt has it)."""
    borders = [0] * len(text)
    border = 0
    for at in range(1, len(text)):
        while border and text[at] != text[border]:
            border = borders[border - 1]
        border += text[at] == text[border]
        borders[at] = border
    return borders
