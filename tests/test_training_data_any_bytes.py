"""Any bytes whatsoever give a report, never an exception, in bounded time; whatever else reads files bears them too."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.training_data import browsing
from jobs.training_data.checking import check, iter_faults
from jobs.training_data.comparing import compare
from jobs.training_data.converting import legacy_to_chat
from jobs.training_data.editing import apply_changes
from jobs.training_data.indexing import Index
from jobs.training_data.operations import choosing, rewriting, splitting
from jobs.training_data.operations.dropping import drop_lines
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import Limits, Report
from jobs.training_data.searching import Passage, UnsearchableError, longest_text, scan
from jobs.training_data.wording import Wording
from tests.training_cases import FILES, GOOD, LINES, PAIR

BOUND = timedelta(seconds=10)  # of one example: far more than any takes on a busy machine, far less than for ever
SMALL = Limits(line_bytes=4096, depth=16, faults_before_stop=50)
MARKS = [b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf", b"\0", b"\xff\xfe", b" ", b",", b'"', b"\\", b"{", b"}", b"[", b"]"]
ODD: list[bytes] = [
    *(b"[" * 3000, b'{"a":' * 3000, b'{"messages":' + b"[" * 200 + b"]" * 200 + b"}"),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b"1e999", b"-0", b"NaN", b"9" * 400, b"null", b"true", b'{"":{}}'),
    *(b'{"messages": 1, "messages": 2}', b'{"messages": [null, 1, [], {}]}', b'{"messages": []}'),
    *(b'{"messages": [{"role": 1, "content": {}}, {"role": "assistant", "content": [[1], {"type": []}]}]}',),
    *(b'{"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{"}}], "weight": "x"}]}',),
    *(b'{"prompt": null, "completion": 3}', b'{"prompt": "", "completion": "\\u0000"}', "눈".encode("cp949")),
    *(b'{"input": {"messages": 3}, "preferred_output": {}, "non_preferred_output": [1]}', "눈".encode("utf-16")),
]
WHOLE = [*(one.encode() for one in (*GOOD[:4], PAIR)), *(one for one in LINES.values() if len(one) < 5000)]
PIECES = [*MARKS, *ODD, *WHOLE]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Good lines with some bytes gone, doubled or exchanged: what a bad disk or a bad script leaves."""
    body = bytearray(b"\n".join(draw(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=14))))
    for place in draw(st.lists(st.integers(0, len(body) - 1), max_size=8)):
        body[place : place + draw(st.integers(0, 3))] = draw(st.sampled_from(PIECES) | st.binary(max_size=3))
    return bytes(body)


JOINED = st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join)
BYTES = st.binary(max_size=600) | JOINED | mutated()
many = settings(max_examples=60, deadline=BOUND)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], Path]:
    """A new file for each: sidecars of the one before must not fit."""
    folder, numbers = tmp_path_factory.mktemp("any"), iter(range(10**9))

    def written(body: bytes) -> Path:
        path = folder / f"{next(numbers)}.jsonl"
        path.write_bytes(body)
        return path

    return written


# --- the check ------------------------------------------------------------------------------------------


@many
@given(BYTES)
@example(b"")
@example(b"\n" * 200)
@example(b"\xef\xbb\xbf")
def test_any_bytes_give_a_report(file: Callable[[bytes], Path], body: bytes) -> None:
    path = file(body)
    report = check(path)
    told = json.dumps(report.as_dict(), ensure_ascii=False)

    assert Report.from_dict(json.loads(told)) == report
    assert "\0" not in told
    assert "\\u0000" not in told  # PostgreSQL stores neither
    told.encode()  # nor lone surrogates
    assert report.ok == (report.fault_count == 0)
    assert report.bytes == len(body)
    assert [fault.code for fault in iter_faults(path)][:100] == [fault.code for fault in report.faults]


@many
@given(BYTES)
def test_small_limits_hold(file: Callable[[bytes], Path], body: bytes) -> None:
    report = check(file(body), limits=SMALL)

    assert report.fault_count <= SMALL.faults_before_stop + 3  # that there are more, and those of the whole file
    assert len(report.faults) <= SMALL.faults_kept
    assert len(report.sample) <= SMALL.sample


@pytest.mark.parametrize("body", [each for _line, each in FILES.values() if len(each) < 1_000_000])
def test_the_named_bad_files_bear_every_reader(file: Callable[[bytes], Path], body: bytes) -> None:
    for read in READERS.values():
        borne(read, file(body), file(b""))


# --- whatever else reads a file that somebody uploaded ----------------------------------------------------


def browsed(path: Path, _target: Path) -> None:
    with Index(path) as index:
        numbers = list(range(index.lines + 2))
        for row in browsing.rows(index, numbers):
            json.dumps([row.messages, row.raw]).encode()
        browsing.search(index, "눈", 1, 5)


def compared(path: Path, _target: Path) -> None:
    with Index(path) as one, Index(path) as same:
        difference = compare(one, same)
    assert (difference.entries, difference.moved) == ([], False)


def split(path: Path, target: Path) -> None:
    splitting.split(path, target, ratio=0.8, seed=1, part="training")


def nothing(*_heard: object) -> None:
    """Whoever keeps a lease."""


type Reader = Callable[[Path, Path], Any]
READERS: dict[str, Reader] = {
    "examples": browsed,
    "versions": compared,
    "search": lambda path, _target: scan(path, Passage("첫눈이 내려 골목에"), nothing),
    "search for a text": lambda path, _target: scan(path, Wording("첫눈이내려골목에발자국하나없었다" * 4), nothing),
    "search without pieces": lambda path, _target: scan(path, Passage("!!!!!!!!!"), nothing),
    "text": lambda path, _target: longest_text(path.read_bytes()),
    "excerpt": lambda path, _target: Passage("첫눈이 내려 골목에").excerpt(path.read_bytes()),
    "dropping": lambda path, target: drop_lines(path, target, [1, 3], nothing),
    "editing": lambda path, target: apply_changes(path, target, [], nothing),
    "conversion": legacy_to_chat,
    "to legacy": rewriting.chat_to_legacy,
    "to the preferred": rewriting.preference_to_chat,
    "system prompt": lambda path, target: rewriting.set_system_prompt(path, target, "짧게"),
    "shuffling": lambda path, target: choosing.shuffle(path, target, 1),
    "sampling": lambda path, target: choosing.sample(path, target, 3, 1),
    "merging": lambda path, target: choosing.merge([path, path], target),
    "splitting": split,
}


def borne(read: Reader, path: Path, target: Path) -> None:
    """What cannot be done is refused in words; nothing else may come out."""
    with suppress(RefusedError, UnsearchableError):
        read(path, target)


@pytest.mark.parametrize("reader", READERS)
@many
@given(body=BYTES)
def test_any_bytes_are_borne(file: Callable[[bytes], Path], reader: str, body: bytes) -> None:
    borne(READERS[reader], file(body), file(b""))
