"""Byte offsets of lines: page 5,000 opens without a scan, and never shows another line than the file has."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models import FileState, Team, TrainingFile
from jobs.pipeline import checking
from jobs.training_data.indexing import Index, Span, build, index_path
from jobs.training_data.reading import lines
from tests.conftest import World
from tests.factories import chat_lines, make_file

SAME_FOLDER = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BYTES = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"{}", b"\xed\x95\x9c", b"\0"])).map(b"".join)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file.jsonl"
    index_path(path).unlink(missing_ok=True)
    path.write_bytes(content)
    return path


@SAME_FOLDER
@given(BYTES)
def test_the_index_gives_exactly_the_lines(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)

    with Index(path) as index:
        given_lines = [index.read(number) for number in range(1, index.lines + 1)]
        after = index.read(index.lines + 1)

    assert given_lines == list(lines(BytesIO(content), 1024))
    assert after is None


@SAME_FOLDER
@given(BYTES)
def test_the_spans_together_are_the_file(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)

    with Index(path) as index:
        spans = index.spans(1, index.lines)

    assert b"".join(content[span.start : span.end] for span in spans) == content
    assert all(content[span.start : span.end].count(b"\n") <= 1 for span in spans)


def test_a_range_outside_the_file_is_cut_to_it(tmp_path: Path) -> None:
    with Index(written(tmp_path, b"one\ntwo\n")) as index:
        assert index.lines == 2
        assert index.spans(-5, 99) == [Span(0, 4), Span(4, 8)]
        assert index.spans(3, 99) == []
        assert (index.read(0), index.read(3)) == (None, None)


def test_the_last_line_may_lack_its_line_break(tmp_path: Path) -> None:
    with Index(written(tmp_path, b"one\ntwo")) as index:
        last = index.read(2)

    assert last is not None
    assert (last.raw, last.whole, last.end) == (b"two", False, 7)


def test_a_line_longer_than_the_limit_is_cut_and_says_so(tmp_path: Path) -> None:
    with Index(written(tmp_path, b"x" * 5000 + b"\ny\n")) as index:
        long, short = index.read(1, limit=1000), index.read(2, limit=1000)

    assert long is not None
    assert short is not None
    assert (long.too_long, len(long.raw), long.whole) == (True, 1001, True)
    assert (short.too_long, short.raw) == (False, b"y")


def test_lines_that_cross_the_pieces_it_is_read_in(tmp_path: Path) -> None:
    content = b"".join(b"%d" % number * 50_000 + b"\n" for number in range(30))

    with Index(written(tmp_path, content)) as index:
        found = [index.read(number) for number in range(1, index.lines + 1)]

    assert [line and line.raw for line in found] == content.splitlines()


@pytest.mark.parametrize("left", [b"", b"12345", b"\0" * 16, b"\xff" * 24])
def test_an_index_that_does_not_fit_is_made_anew(tmp_path: Path, left: bytes) -> None:
    path = written(tmp_path, b"one\ntwo\n")
    index_path(path).write_bytes(left)

    with Index(path) as index:
        second = index.read(2)

    assert second is not None
    assert second.raw == b"two"


def test_a_file_that_is_gone_leaves_no_index(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"

    with pytest.raises(FileNotFoundError):
        Index(path)
    with pytest.raises(FileNotFoundError):
        build(path)
    assert list(tmp_path.iterdir()) == []


def test_the_check_leaves_the_index(world: World) -> None:
    file = due_file(world.team)

    checking.check(file)

    file.refresh_from_db()
    assert file.state == FileState.READY
    assert index_path(file.path).stat().st_size == 8 * 61
    assert [path.name for path in file.path.parent.iterdir() if path.suffix == ".part"] == []


def due_file(team: Team) -> TrainingFile:
    return make_file(team, chat_lines(60), state=FileState.CHECKING, check_due_at="2026-01-01T00:00:00Z")
