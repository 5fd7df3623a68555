"""The check in a process of its own says what the check says, and ends with whoever asked for it."""

from pathlib import Path

import pytest

from jobs.training_data.apart import check_apart
from jobs.training_data.checking import check
from jobs.training_data.report import Progress
from tests.factories import chat_lines

FAULTY = b'{"messages": []}\n' + '{"prompt": "낱말", "completion": "글"}\n'.encode() + b"\xff\n"


class NotOursError(Exception):
    """What a lost lease looks like."""


@pytest.mark.parametrize("content", [chat_lines(80), FAULTY, b""])
def test_it_reports_what_the_check_reports(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    heard: list[Progress] = []

    report = check_apart(path, heard.append)

    assert report == check(path)
    assert heard[-1].bytes_done == len(content)


def test_a_missing_file_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_apart(tmp_path / "gone.jsonl", print)


def test_whoever_lost_the_right_to_check_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(chat_lines(80))

    def lost(_done: Progress) -> None:
        raise NotOursError

    with pytest.raises(NotOursError):
        check_apart(path, lost)
