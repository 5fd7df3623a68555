"""manage.py check_file says what the page says."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from jobs.training_data.codes import Code
from tests.training_cases import GOOD_BYTES, LINES, with_line_four


def run(*args: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("check_file", *args, stdout=out)
    except SystemExit as leaving:
        return out.getvalue(), int(str(leaving.code))
    return out.getvalue(), 0


def test_a_good_file_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD_BYTES)

    said, status = run(str(path))

    assert status == 0
    assert said.splitlines()[:4] == ["Usable: yes", "Format: chat", "Examples: 12", "Tokens: 264"]


def test_a_bad_file_is_told_as_json(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(with_line_four(LINES[Code.ROLE_MISSPELT]))

    said, status = run(str(path), "--json")

    report = json.loads(said)
    assert status == 1
    assert (report["ok"], report["format"], report["examples"], report["tokens"]) == (False, "chat", 12, 264)
    assert report["errors"] == [
        {
            "line": 4,
            "offset": sum(map(len, GOOD_BYTES.splitlines(keepends=True)[:3])),
            "column": None,
            "code": "role_misspelt",
            "message": "Message 2 has an unknown role: assistent. Probably meant: assistant",
            "remedy": "Correct the spelling of the role.",
        }
    ]
    assert report["findings"] == []


def test_a_bad_file_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(with_line_four(""))

    said, status = run(str(path))

    assert status == 1
    assert "  line 4: The line is empty. → Delete the line." in said.splitlines()


@pytest.mark.parametrize("name", ["missing.jsonl", ""])
def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="Cannot read the file"):
        run(str(tmp_path / name))
