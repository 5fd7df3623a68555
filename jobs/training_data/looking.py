"""One pass over a checked file: findings and statistics.

    python -m jobs.training_data.looking PATH [personal] [keep]      lines of JSON: progress, then what was found

Run in a process of its own (`findings.look_apart`): tokenizer and MinHash stay with it.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from jobs.training_data.answers import Answers
from jobs.training_data.apart import tell
from jobs.training_data.beyond_text import BeyondText
from jobs.training_data.checking import BUFFER_BYTES, PROGRESS_SECONDS
from jobs.training_data.duplicates import Groups
from jobs.training_data.findings import (
    SHOWN_LINES,
    FindingCode,
    Heard,
    Looked,
    OnProgress,
    hashes,
    personal_code,
    sidecar,
)
from jobs.training_data.languages import Languages
from jobs.training_data.privacy import Kind, find
from jobs.training_data.reading import Line, lines
from jobs.training_data.report import LIMITS, Finding, Params, Progress
from jobs.training_data.spoken import spoken, strings
from jobs.training_data.statistics import Statistics
from jobs.training_data.tokens import count_example
from jobs.training_data.twins import Twins
from jobs.training_data.unreadable import UnreadableLines

SHOWN_GROUPS = 20
SHOWN_MEMBERS = 10


class Found(NamedTuple):
    """A finding with all its lines."""

    code: str
    lines: list[int]
    params: Params


def look(path: Path, progress: OnProgress | None = None, *, personal: bool = True, keep: bool = False) -> Looked:
    """What there is to know. `keep`: leave all lines, and the digests of the examples, beside the bytes."""
    with path.open("rb", buffering=BUFFER_BYTES) as stream, path.open("rb") as again:
        looking = Look(again, _count_lines(stream), personal)
        _walk(stream, path.stat().st_size, looking, progress)
        found = list(looking.found())
    if keep:
        _replace(hashes(path), looking.twins.digests.tobytes())
        _replace(sidecar(path), msgspec.json.encode({one.code: one.lines for one in found}))
    told = [Finding(code, len(lines), lines[:SHOWN_LINES], params) for code, lines, params in found]
    return Looked(told, looking.numbers())


def _count_lines(stream: IO[bytes]) -> int:
    """At least as many as there are examples."""
    count = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(BUFFER_BYTES), b""))
    stream.seek(0)
    return count + 1


def _walk(stream: IO[bytes], size: int, looking: "Look", progress: OnProgress | None) -> None:
    told = time.monotonic()
    for line in lines(stream, LIMITS.line_bytes):
        looking.line(line)
        if progress and (now := time.monotonic()) - told >= PROGRESS_SECONDS:
            told = now
            progress(Progress(line.end, size, line.number))
    if progress:
        progress(Progress(size, size, len(looking.twins.digests)))


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


class Look:
    """What is known of the file so far. `again` reads the same bytes, at other places."""

    def __init__(self, again: IO[bytes], most: int, personal: bool) -> None:
        self.twins = Twins(again)
        self._answers, self._languages = Answers(), Languages()
        self._statistics = Statistics(most)
        self._beyond_text = BeyondText()
        self._long: list[int] = []
        self._unreadable = UnreadableLines()
        self._personal = Personal() if personal else None

    def line(self, line: Line) -> None:
        example = self.twins.add(line)
        if not example:
            return
        said = spoken(example)
        self._answers.add(line.number, said)
        self._languages.add(line.number, said.words)
        self._statistics.add(said)
        self._beyond_text.add(line.number, example)
        if len(line.raw) > LIMITS.example_tokens and _tokens(example) > LIMITS.example_tokens:
            self._long.append(line.number)
        self._unreadable.add(line.number, line.raw, strings(example))
        if self._personal:
            self._personal.add(line.number, example)

    def found(self) -> Iterator[Found]:
        all_of_them: tuple[tuple[FindingCode, list[int], Params], ...] = (
            (FindingCode.EXACT_DUPLICATES, self.twins.exact.lines(), _grouped(self.twins.exact)),
            (FindingCode.NEAR_DUPLICATES, self.twins.near.lines(), _grouped(self.twins.near)),
            (FindingCode.CONTRADICTIONS, *_contrary(self._answers.contradictions())),
            (FindingCode.EMPTY_ANSWERS, self._answers.empty, {}),
            (FindingCode.SHORT_ANSWERS, self._answers.short(), {}),
            (FindingCode.LONG_EXAMPLES, self._long, {"limit": LIMITS.example_tokens}),
            (FindingCode.LANGUAGE_MIX, self._languages.strays(), {"main": self._languages.main() or ""}),
        )
        yield from (Found(code.value, where, params) for code, where, params in all_of_them if where)
        for sign, where, places in self._unreadable.found():
            yield Found(sign.value, where, {"places": places})
        yield from self._personal.found() if self._personal else ()

    def numbers(self) -> dict[str, Any]:
        groups = {
            FindingCode.EXACT_DUPLICATES: self.twins.exact.members.values(),
            FindingCode.NEAR_DUPLICATES: self.twins.near.members.values(),
            FindingCode.CONTRADICTIONS: self._answers.contradictions(),
        }
        return {
            **self._statistics.as_dict(),
            "beyond_text": self._beyond_text.as_dict(),
            "languages": self._languages.counts(),
            "personal": self._personal is not None,
            "forgotten": self.twins.forgotten,
            "groups": {code.value: _shown(some) for code, some in groups.items()},
        }


class Personal:
    """Lines with personal data, by kind."""

    def __init__(self) -> None:
        self._lines: dict[Kind, list[int]] = {kind: [] for kind in Kind}
        self._places, self._unsure = Counter[Kind](), Counter[Kind]()

    def add(self, line: int, example: dict[str, Any]) -> None:
        found = [one for text in strings(example) for one in find(text)]
        for kind in {one.kind for one in found}:
            self._lines[kind].append(line)
        self._places.update(one.kind for one in found)
        self._unsure.update(one.kind for one in found if not one.certain)

    def found(self) -> Iterator[Found]:
        for kind, where in self._lines.items():
            if where:
                params: Params = {"places": self._places[kind], "unsure": self._unsure[kind]}
                yield Found(personal_code(kind), where, params)


def _tokens(example: dict[str, Any]) -> int:
    messages = example.get("messages")
    extras = {key: value for key, value in example.items() if key != "messages"}
    return count_example(messages if isinstance(messages, list) else [], extras)


def _grouped(groups: Groups) -> Params:
    return {"groups": len(groups.members), "extra": len(groups.repeats())}


def _contrary(groups: list[list[int]]) -> tuple[list[int], Params]:
    return sorted(line for group in groups for line in group), {"groups": len(groups)}


def _shown(groups: Iterable[list[int]]) -> list[list[int]]:
    """The first lines of the first groups."""
    return [group[:SHOWN_MEMBERS] for group in islice(sorted(groups), SHOWN_GROUPS)]


if __name__ == "__main__":
    words = set(sys.argv[2:])
    looked = look(
        Path(sys.argv[1]),
        lambda done: tell(Heard(progress=done)),
        personal="personal" in words,
        keep="keep" in words,
    )
    tell(Heard(looked=looked))
