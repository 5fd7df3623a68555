"""Which row of a table holds the names of its columns. Titles, dates and authors may stand above it."""

from jobs.training_data.tables.guessing import KNOWN, is_number
from jobs.training_data.tables.shapes import Line

LOOKED_AT = 20  # rows that may be the header
LONG_CELL = 60  # characters; the name of a column is shorter
MOST = 0.6  # of the columns that rows below fill: a title fills fewer


def header_of(rows: list[Line]) -> int:
    """The number of its row; 0 where there is none."""
    if len(rows) == 1:
        return rows[0][0] if _known(rows[0][1]) >= 2 and _is_plain(rows[0][1]) else 0  # with nothing below
    looked_at = range(min(len(rows) - 1, LOOKED_AT))
    named = (at for at in looked_at if _known(rows[at][1]) >= 2 and _is_plain(rows[at][1]))
    best = next(named, None)
    if best is not None and all(_filled(cells) < _filled(rows[best][1]) for _number, cells in rows[:best]):
        return rows[best][0]
    for at in looked_at:
        if _is_named(rows, at) or (_is_full(rows, at) and is_header([cells for _number, cells in rows[at:]])):
            return rows[at][0]
        if _is_full(rows, at):
            break
    return 0 if best is None else rows[best][0]  # below a title as wide as the table


def _is_named(rows: list[Line], at: int) -> bool:
    """A row with a known name, as wide as those below it or with two such names."""
    cells = rows[at][1]
    known = _known(cells)
    return _is_plain(cells) and (known >= 2 or (known == 1 and (_is_full(rows, at) or at == 0)))


def _is_full(rows: list[Line], at: int) -> bool:
    below = sorted(_filled(cells) for _number, cells in rows[at + 1 :])
    usual = below[len(below) // 2] if below else 0
    return _filled(rows[at][1]) >= max(1, usual * MOST) and (usual < 2 or _filled(rows[at][1]) > 1)


def _filled(cells: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _known(cells: list[str]) -> int:
    return sum(cell.strip().lower() in KNOWN for cell in cells)


def _is_plain(cells: list[str]) -> bool:
    """Short words, none a number."""
    words = [cell.strip() for cell in cells if cell.strip()]
    return bool(words) and all(len(word) < LONG_CELL and not is_number(word) for word in words)


def is_header(rows: list[list[str]]) -> bool:
    """Short words, each once and none a number, that are not among the cells below them."""
    if len(rows) < 2:
        return False
    first = [cell.strip() for cell in rows[0] if cell.strip()]
    if not first or len(set(first)) < len(first) or not _is_plain(first):
        return False
    below = [max((len(row[at]) for row in rows[1:50] if at < len(row)), default=0) for at in range(len(rows[0]))]
    longer = any(len(cell) * 2 < longest for cell, longest in zip(rows[0], below, strict=True) if cell.strip())
    return longer or _numbers_below(rows)


def _numbers_below(rows: list[list[str]]) -> bool:
    """A word above nothing but numbers is the name of their column."""
    for at, name in enumerate(rows[0]):
        column = [row[at] for row in rows[1:50] if at < len(row) and row[at].strip()]
        if name.strip() and len(column) > 1 and all(map(is_number, column)):
            return True
    return False


def repeats(cells: list[str], header: list[str]) -> bool:
    """The header once more, as printed pages and joined files have it."""
    return [cell.strip() for cell in cells] == [cell.strip() for cell in header][: len(cells)] and _filled(cells) > 1


def is_second(cells: list[str], header: list[str]) -> bool:
    """A row just below the header that names the columns again, in other words: in English, say."""
    return _filled(cells) > 1 and _filled(cells) >= _filled(header) and _known(cells) == _filled(cells)
