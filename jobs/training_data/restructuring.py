"""Examples in the wrong form, file by file: found, shown, and rewritten, one on a line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from jobs.training_data.forms import BLANKS, Form, rewritten
from jobs.training_data.objects import MOST, NotObjectsError, objects
from jobs.training_data.visible import Change, change

SHOWN = 3
MOST_LINES = 10  # remembered of each kind


class Forms:
    """What a walk through the lines has found. `torn`: a line is no object; perhaps it ends elsewhere."""

    def __init__(self) -> None:
        self.counts = Counter[Form]()
        self.lines: dict[str, list[int]] = {}
        self.changes: list[Change] = []
        self.torn = False

    def look(self, pieces: Iterable[str]) -> None:
        """Reads all of them, for others count on the way. Nothing is found in a list of examples: that is a table."""
        is_list: bool | None = None
        for number, line in enumerate(whole_lines(pieces), 1):
            if is_list is None and (body := line.strip(BLANKS)):
                is_list = body.startswith("[")
            if not is_list:
                self._add(number, line)
        if is_list:
            self.counts.clear()
            self.lines.clear()

    def look_at_objects(self, pieces: Iterable[str]) -> None:
        """Once more, where lines are torn: is it all objects? Then each gets its line."""
        seen = Forms()
        try:
            for number, text in enumerate(objects(pieces), 1):
                seen._add(number, text)
                seen.counts[Form.ONE_LINE] += 1
        except NotObjectsError:
            return
        if seen.counts[Form.ONE_LINE] > 1:
            self.counts, self.changes, self.lines = seen.counts, seen.changes, seen.lines

    def _add(self, number: int, line: str) -> None:
        right, done, is_object = rewritten(line)
        self.torn = self.torn or not is_object
        if not done:
            return
        self.counts.update(done)
        for form in done:
            note_line(self.lines, form.value, number)
        if done != [Form.BLANK_LINES] and len(self.changes) < SHOWN:
            self.changes.append(change(number, line, right))

    def found(self) -> dict[str, int]:
        return {form.value: self.counts[form] for form in Form if self.counts[form]}


def note_line(lines: dict[str, list[int]], name: str, number: int) -> None:
    if len(noted := lines.setdefault(name, [])) < MOST_LINES:
        noted.append(number)


def whole_lines(pieces: Iterable[str]) -> Iterator[str]:
    """Lines with their ends; one that is longer than any example may be comes in pieces."""
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        if not waiting and piece.endswith("\n"):  # nearly always
            yield piece
            continue
        waiting.append(piece)
        length += len(piece)
        if piece.endswith("\n") or length > MOST:
            yield "".join(waiting)
            waiting, length = [], 0
    if length:
        yield "".join(waiting)


def restructure(pieces: Iterable[str], target: Path, forms: Iterable[str]) -> None:
    """Write each example in the right form. Raises NotObjectsError where lines are torn in another way."""
    wanted = set(forms)
    texts = objects(pieces) if Form.ONE_LINE in wanted else whole_lines(pieces)
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        for text in texts:
            right, done, _is_object = rewritten(text)
            line = right if wanted.issuperset(done) else text
            stream.write(line if line.endswith("\n") or Form.ONE_LINE not in wanted else f"{line}\n")
