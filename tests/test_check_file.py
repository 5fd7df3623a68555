"""manage.py check_file says what the page says."""

import json
from io import StringIO
from pathlib import Path
from unicodedata import normalize

import pytest
from django.core.management import CommandError, call_command

from jobs.training_data.codes import Code
from tests.training_cases import GOOD, GOOD_BYTES, LINES, PAIR_BYTES, answer, line, user, with_line_four

KEYS = {"ok", "format", "examples", "tokens", "errors", "findings"}
KEYS_OF_AN_ERROR = frozenset({"line", "offset", "code", "message", "remedy"})
KEYS_OF_A_FINDING = {"code", "count", "lines", "message", "remedy"}


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
            "code": "role_misspelt",
            "message": "Message 2 has an unknown role: assistent. Probably meant: assistant",
            "remedy": "Correct the spelling of the role.",
        }
    ]
    assert set(report) == KEYS
    assert report["findings"] == [
        {
            "code": "few_examples",
            "count": 1,
            "lines": [],
            "message": "Few examples: 13. With fewer than 50 the effect is often small.",
            "remedy": "Add examples if you can; 50 to 100 good ones usually show an effect.",
        }
    ]


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


def test_findings_are_told_in_words_and_as_json(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD_BYTES + GOOD_BYTES.splitlines(keepends=True)[0])

    words, status = run(str(path))
    told = json.loads(run(str(path), "--json")[0])

    assert status == 0
    assert "Exact duplicates. Groups: 1, examples too many: 1: 2 (lines 1, 13) → Make a version" in words
    assert told["findings"][0] == {
        "code": "exact_duplicates",
        "count": 2,
        "lines": [1, 13],
        "message": "Exact duplicates. Groups: 1, examples too many: 1",
        "remedy": "Make a version without them: what stands there twice is learnt twice, and paid twice.",
    }
    assert set(told) == KEYS
    assert [set(finding) for finding in told["findings"]] == [KEYS_OF_A_FINDING] * 2
    assert (told["ok"], told["errors"]) == (True, [])


def test_every_error_is_told_not_only_the_first_hundred(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD_BYTES + b"1\n" * 150)

    told = json.loads(run(str(path), "--json")[0])

    assert {frozenset(error) for error in told["errors"]} == {KEYS_OF_AN_ERROR}
    assert [error["line"] for error in told["errors"]] == list(range(13, 163))
    assert [error["offset"] for error in told["errors"][:2]] == [len(GOOD_BYTES), len(GOOD_BYTES) + 2]
    assert set(told) == KEYS


def test_a_warning_that_a_finding_repeats_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(with_line_four(line(user(), answer(""))))

    told = json.loads(run(str(path), "--json")[0])

    codes = [finding["code"] for finding in told["findings"]]
    assert sorted(codes) == sorted(set(codes))
    assert "empty_answers" in codes


def test_what_the_page_would_put_right_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    spoiled = normalize("NFD", GOOD[0]) + "\n\n" + line(user(), answer(weight=1.0)) + "\n"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD_BYTES + spoiled.encode())

    words, status = run(str(path))
    told = json.loads(run(str(path), "--json")[0])

    repairs = {
        one["code"]: (one["count"], one["lines"]) for one in told["findings"] if one["code"].startswith("repair_")
    }
    assert status == 1
    assert repairs == {
        "repair_mark": (1, []),
        "repair_apart": (1, [13]),
        "repair_blank_lines": (1, [14]),
        "repair_whole_numbers": (1, [15]),
    }
    assert "  A byte order mark (BOM) at the beginning: 1 (file) → Put it right in a new version" in words
    assert "  Empty lines: 1 (lines 14) → Put it right" in words


@pytest.mark.parametrize("body", [b"", b"\x89PNG\r\n", PAIR_BYTES], ids=["empty", "picture", "legacy"])
def test_any_file_is_told_by_the_same_keys(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(body)

    told = json.loads(run(str(path), "--json")[0])

    assert set(told) == KEYS
    assert all(set(error) == KEYS_OF_AN_ERROR for error in told["errors"])
