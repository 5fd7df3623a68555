"""manage.py make_data: the same recipes on the command line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.training_data.checking import check
from tests.running import ROOT

NOTES = ROOT / "samples" / "winter-notes-cp949.txt"


def run(*words: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("make_data", *map(str, words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_sample_gives_a_file_that_can_be_trained_on(tmp_path: Path) -> None:
    target = tmp_path / "notes.jsonl"

    said, progress = run(NOTES, "--out", target, "--system-prompt", "주어진 낱말로 짧은 글을 쓴다.")

    report = check(target)
    assert (report.ok, report.format, report.warnings) == (True, "chat", [])
    assert report.examples > 100
    assert said == f"Examples: {report.examples}\n"
    assert "cp949" in progress
    assert list(tmp_path.iterdir()) == [target]


def test_the_ancestors_settings(tmp_path: Path) -> None:
    target = tmp_path / "notes.jsonl"

    run(NOTES, "--out", target, "--ancestor", "--low", "4", "--high", "4")

    first = json.loads(target.read_bytes().splitlines()[1])
    assert first.keys() == {"prompt", "completion"}
    assert len(first["prompt"].split(" ")) <= 21
    assert all(word in first["completion"] for word in first["prompt"].split(" "))


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(NOTES, "--out", tmp_path / name, "--seed", "3", "--ranking", "distinctive")

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--low", "9"], "Sentences a paragraph, at least: The lower number is above the higher one."),
        (["--analyser", "kiwi"], "Analyser: Kiwi is not installed on this server."),
        (["--encoding", "utf-8"], "The text is not encoded as UTF-8."),
        (["--recipe", "own", "--template", "{x}"], "Prompt template: A name in braces is not known here."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(tmp_path: Path, words: list[str], message: str) -> None:
    with pytest.raises(CommandError) as refused:
        run(NOTES, "--out", tmp_path / "a.jsonl", *words)

    assert message in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "a.jsonl"
    there.write_text("mine")

    with pytest.raises(CommandError, match="It is there already"):
        run(NOTES, "--out", there)

    assert there.read_text() == "mine"
