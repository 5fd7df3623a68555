"""How many examples and tokens a file has, about: from a seeded sample, before the check that tells it exactly.

The file is cut into equal stretches, and one byte is drawn in each. A line is met as often as it is long; so what is
averaged is not the line's tokens but its tokens per byte, and not the lines but the line breaks per byte around. Both
times the size of the file are unbiased, however long the lines are. The interval is that of the mean of independent
draws; drawing one in each stretch can only make the truth narrower.
"""

import math
import os
import random
import re
import statistics
from pathlib import Path

import msgspec

from jobs.training_data.decoding import UnreadableError, decode
from jobs.training_data.formats import example_faults, kind_of
from jobs.training_data.reading import BOM, Line
from jobs.training_data.report import LIMITS
from jobs.training_data.sniffing import HEAD_BYTES, sniff
from jobs.training_data.structs import for_threads
from jobs.training_data.tokens import count_line, count_text

DRAWS = 1000
AROUND = 16 * 1024  # bytes read on either side of a drawn one
PIECE = 4 * 1024  # of a longer line only so much on either side is counted
WIDTH = 2.2  # standard errors on either side; 1.96 hold 95 of 100, but draws of long and short lines are skewed
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")


class About(msgspec.Struct, frozen=True):
    """A number, and between which two it is in 95 of 100 cases."""

    value: int
    low: int
    high: int


@for_threads
class Estimate(msgspec.Struct, frozen=True):
    examples: About
    tokens: About


def estimate(path: Path, seed: int = 0, draws: int = DRAWS) -> Estimate | None:
    """None where the first bytes tell that this is no JSON Lines file. Reads 32 MB at most, whatever the size."""
    with path.open("rb", buffering=0) as stream:
        fd, size = stream.fileno(), os.fstat(stream.fileno()).st_size
        if sniff(stream.read(HEAD_BYTES), size):
            return None
        chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
        drawn = [_look(fd, size, int((n + chance.random()) * size / draws)) for n in range(draws)]
    breaks, tokens = zip(*drawn, strict=True)
    return Estimate(_about(breaks, size), _about(tokens, size))


def _about(shares: tuple[float, ...], size: int) -> About:
    """`shares` are per byte."""
    middle = statistics.fmean(shares) * size
    error = WIDTH * statistics.stdev(shares) / math.sqrt(len(shares)) * size
    return About(round(middle), max(0, math.floor(middle - error)), math.ceil(middle + error))


def _look(fd: int, size: int, at: int) -> tuple[float, float]:
    """Line breaks per byte around the byte `at`, and tokens per byte of the line it belongs to."""
    start = max(0, at - AROUND)
    raw = os.pread(fd, min(size, at + AROUND) - start, start)
    begin, end = raw.rfind(b"\n", 0, at - start) + 1, raw.find(b"\n", at - start) + 1
    is_first, is_last = start == 0 and begin == 0, start + len(raw) == size and end == 0
    if (begin or is_first) and (end or is_last):
        line = raw[begin : end or len(raw)]
        tokens = _tokens(line) / len(line)
    else:
        middle = at - start
        tokens = _share(raw[max(begin, middle - PIECE) : min(end or len(raw), middle + PIECE)])
    return (raw.count(b"\n") + (start + len(raw) == size and not raw.endswith(b"\n"))) / len(raw), tokens


def _tokens(raw: bytes) -> int:
    """Of a whole line; one with a fault counts as nothing, as in the report."""
    line = Line(0, raw.removeprefix(BOM).rstrip(b"\r\n"), raw.endswith(b"\n"), too_long=False, end=0)
    try:
        example = decode(line, LIMITS)
    except UnreadableError:
        return 0
    if any(example_faults(0, kind_of(example, "unknown"), example)):
        return 0
    return count_line(example)


def _share(piece: bytes) -> float:
    """Tokens per byte in the middle of a long line."""
    return count_text(ESCAPE.sub(_unescaped, piece.decode("utf-8", "ignore"))) / len(piece)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else {"n": "\n", "t": "\t", "r": "\r"}.get(found[2], found[2])
