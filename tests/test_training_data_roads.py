"""The fast road says yes only where the exact road finds nothing; and two processes count what one counts."""

import io
import json
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.training_data.checking import check
from jobs.training_data.counting import HELP_FROM, Counter, Span, counts
from jobs.training_data.plain import plain_examples
from jobs.training_data.reading import Block, blocks, lines
from jobs.training_data.report import LIMITS
from jobs.training_data.tally import Tally
from jobs.training_data.tokens import count_line
from tests.factories import chat_lines
from tests.training_cases import GOOD, LINES, PREFERENCE, QUESTION, answer, line, user

TEXT = st.text(max_size=12) | st.sampled_from(['":', '"', "\\", "", "\0", "\ud83d", "한", 'a" :', "\x7f", "\ufeff"])
MESSAGE = st.builds(lambda role, text: {"role": role, "content": text}, st.sampled_from(["user", "assistant"]), TEXT)
CHAT = st.lists(MESSAGE, min_size=1, max_size=3).map(lambda some: {"messages": some})


def dumped(value: object, escaped: bool, separators: tuple[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=escaped, separators=separators).encode("utf-8", "surrogatepass")


DUMPED = st.builds(dumped, CHAT, st.booleans(), st.sampled_from([(", ", ": "), (",", ":")]))
PIECES = [b'"', b":", b",", b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b"\\", b"}\n{", b"}{", b"\\u0000", b"\\ud83d"]
PIECES += [b'"role":"user",', b'"role" : "user",', b'"x":1,']
PIECES += [b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x01", b"\x7f"]
ODD = st.sampled_from([each.encode() if isinstance(each, str) else each for each in LINES.values()][:-20])


LINES_WITH_TOOLS = line(user(), answer(), tools=[{"type": "function", "function": {"name": "weather"}}])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Some lines, most of them good; in most of them something is put in, taken out or doubled."""
    raw = b"\n".join(draw(st.lists(DUMPED | st.sampled_from([g.encode() for g in GOOD]) | ODD, max_size=4))) + b"\n"
    for _ in range(draw(st.integers(0, 2))):
        at, length = draw(st.integers(0, len(raw))), draw(st.integers(0, 12))
        middle = draw(st.sampled_from([*PIECES, b"", raw[at : at + length] * 2]))
        raw = raw[:at] + middle + raw[at + length :]
    return raw


def exact(raw: bytes) -> Tally:
    tally = Tally(LIMITS)
    tally.format, tally.report.lines = "chat", 1
    assert list(tally.block_faults(Block(raw, 0, len(raw)))) == []  # the first examples are all looked at exactly
    return tally


@given(mutated())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_takes_the_fast_road_is_faultless_on_the_exact_one(raw: bytes) -> None:
    if (plain := plain_examples(raw)) is None:
        return

    tally = exact(raw)

    assert (tally.report.examples, tally.report.lines, tally.warned) == (len(plain), len(plain) + 1, {})
    assert [{"messages": [{"role": m.role, "content": m.content} for m in each.messages]} for each in plain] == [
        orjson.loads(each) for each in raw.splitlines()
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_usual_lines_do_take_the_fast_road(ending: str) -> None:
    raw = (ending.join(GOOD) + ending).encode()

    assert len(plain_examples(raw) or []) == len(GOOD)
    assert len(plain_examples(json.dumps(json.loads(GOOD[0])).encode() + b"\n") or []) == 1


@pytest.mark.parametrize(
    "odd",
    [
        GOOD[0].replace('"role": "user"', '"role": "user", "role": "user"'),
        GOOD[0].replace('"role": "user"', '"role" \t: "user", "r\\u006fle": "user"'),
        line(user(), answer("")),
        line(answer(), user()),
        line(user("\0"), answer()),
        GOOD[0] + GOOD[0],
        GOOD[0].replace('"messages": ', '"messages":\n'),
        "",
    ],
)
def test_odd_lines_do_not(odd: str) -> None:
    assert plain_examples(f"{GOOD[0]}\n{odd}\n{GOOD[1]}\n".encode()) is None


def test_a_file_of_both_kinds_of_lines_is_counted_to_the_line(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    odd = line(user(name="alice"), answer())
    path.write_bytes(chat_lines(9_000) + f"{odd}\n".encode() + chat_lines(9_000, "비"))

    report = check(path)

    assert (report.ok, report.examples, report.lines) == (True, 18_001, 18_001)
    assert report.bytes > HELP_FROM
    assert report.tokens == sum(count_line(orjson.loads(each)) for each in path.open("rb"))
    assert report.longest.tokens == max(count_line(orjson.loads(each)) for each in path.open("rb"))


def test_a_fault_far_down_is_named_by_line_and_byte(tmp_path: Path) -> None:
    path, before = tmp_path / "data.jsonl", chat_lines(9_000)
    path.write_bytes(before + b"{}\n" + chat_lines(100))

    report = check(path)

    assert [(fault.line, fault.offset) for fault in report.faults] == [(9_001, len(before))]
    assert report.examples == 9_100


@pytest.mark.parametrize("size", [0, HELP_FROM])
def test_every_format_is_counted_in_either_process(tmp_path: Path, size: int) -> None:
    path = tmp_path / "data.jsonl"
    rows = [*GOOD, PREFERENCE, QUESTION, LINES_WITH_TOOLS, '{"prompt": "눈", "completion": "비"}']
    path.write_bytes("\n".join(rows).encode())
    expected = [count_line(orjson.loads(row)) for row in rows]

    with path.open("rb") as stream, Counter(stream.fileno(), size) as counter:
        given = [*counter.add(1, 0, path.stat().st_size), *counter.rest()]
        pids = [counter.helper.process.pid] if counter.helper else []

    assert [(span.number, list(counted)) for span, counted in given] == [(1, expected)]
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_the_other_process_ends_when_nobody_talks_to_it(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(chat_lines(3))
    with path.open("rb") as stream:
        counter = Counter(stream.fileno(), HELP_FROM)
        if not counter.helper:
            pytest.skip("one core: there is none")
        counter.helper.process.stdin.close()  # type: ignore[union-attr]

        assert counter.helper.process.wait(10) == 0
        counter.helper.close()


def test_a_span_knows_where_its_lines_begin(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"12\n456\n89\n")
    with path.open("rb") as stream:
        assert [Span(5, 3, 10).start_of(stream.fileno(), index) for index in range(2)] == [3, 7]
    assert list(counts(b"")) == []


@given(st.lists(st.binary(max_size=9), max_size=12).map(b"\n".join), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_blocks_are_the_file_and_lines_are_what_readline_says(raw: bytes, limit: int) -> None:
    got = list(lines(io.BytesIO(raw), limit))
    given_lines = io.BytesIO(raw).readlines()

    assert [each.end for each in got] == [sum(map(len, given_lines[: n + 1])) for n in range(len(given_lines))]
    assert [each.start for each in got] == [sum(map(len, given_lines[:n])) for n in range(len(given_lines))]
    assert [each.number for each in got] == list(range(1, len(given_lines) + 1))
    assert [each.too_long for each in got] == [len(each.removesuffix(b"\n")) > limit for each in given_lines]
    assert [each.raw for each in got if not each.too_long] == [
        each.rstrip(b"\r\n") for each in given_lines if len(each.removesuffix(b"\n")) <= limit
    ]
    assert b"".join(each.raw for each in blocks(io.BytesIO(raw), 100)) == raw
