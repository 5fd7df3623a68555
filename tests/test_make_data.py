"""manage.py make_data: the same recipes on the command line."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.training_data.checking import check
from tests.running import PATIENCE, ROOT

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
    assert report.examples == 96
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


# -- wherever the caller is ---------------------------------------------------


def manage(folder: Path, *words: Any) -> "subprocess.CompletedProcess[str]":
    """make_data as a person calls it from `folder`."""
    line = [sys.executable, str(ROOT / "manage.py"), "make_data", *map(str, words)]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)


def left_behind(folder: Path) -> list[str]:
    """Names in `folder`, and halves that lie in the product's own folder."""
    return sorted([path.name for path in folder.iterdir()] + [path.name for path in ROOT.glob("*.part")])


def test_paths_are_relative_to_where_the_caller_is(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "notes.txt").write_bytes(NOTES.read_bytes())
    (folder / "words.txt").write_text("눈\n골목", encoding="cp949")

    done = manage(folder, "notes.txt", "--out", "rel.jsonl", "--stop-words", "words.txt")

    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert left_behind(folder) == ["notes.txt", "rel.jsonl", "words.txt"]
    assert check(folder / "rel.jsonl").examples > 50


def listen() -> None:
    """As in a terminal: a job in the background, as CI may be, is started deaf to SIGINT, and hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("stopped_by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_command_that_is_stopped_leaves_nothing(tmp_path: Path, stopped_by: signal.Signals) -> None:
    text, out = tmp_path / "long.txt", tmp_path / "out"
    out.mkdir()
    text.write_text(NOTES.read_bytes().decode("cp949") * 100, encoding="utf-8")
    line = [sys.executable, str(ROOT / "manage.py"), "make_data", text.name, "--out", "out/a.jsonl"]
    with subprocess.Popen(
        line,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=listen,
    ) as process:
        assert process.stderr
        while "characters" not in process.stderr.readline():  # the first word of how far it is: the half is there
            assert process.poll() is None
        process.send_signal(stopped_by)
        process.communicate(timeout=PATIENCE)

    assert process.returncode != 0
    assert left_behind(out) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["notes.txt", "--out", "no/such/folder/a.jsonl"], "Cannot write the file: no/such/folder/a.jsonl"),
        (["notes.txt", "--out", "."], "It is there already: ."),
        (["notes.txt", "--out", "notes.txt"], "It is there already: notes.txt"),
        (["notes.txt", "--out", "link.jsonl"], "It is there already: link.jsonl"),
        (["notes.txt", "--out", "a.jsonl", "--stop-words", "none.txt"], "Cannot read the file: none.txt"),
        (["none.txt", "--out", "a.jsonl"], "Cannot read the file: none.txt"),
        (["folder.txt", "--out", "a.jsonl"], "Cannot read the file: folder.txt"),
        (["notes.txt", "none.txt", "--out", "a.jsonl"], "Cannot read the file: none.txt"),
        (["broken.docx", "--out", "a.jsonl"], "broken.docx: The file is damaged"),
        (["marks.txt", "--out", "a.jsonl"], "No example could be made of these texts"),
    ],
)
def test_whatever_fails_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    (tmp_path / "notes.txt").write_bytes(NOTES.read_bytes())
    (tmp_path / "broken.docx").write_bytes(b"no zip")
    (tmp_path / "marks.txt").write_text("1234. 5678!", encoding="utf-8")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "link.jsonl").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    before = left_behind(tmp_path)

    with pytest.raises(CommandError) as refused:
        run(*words)

    assert message in str(refused.value)
    assert left_behind(tmp_path) == before


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    """What is written may grow to the size of the text and no more: the examples, with their keywords, are larger."""
    text = tmp_path / "long.txt"
    text.write_bytes(NOTES.read_bytes().decode("cp949").encode())
    limited = ["sh", "-c", f'ulimit -f {text.stat().st_size // 512 + 2}; exec "$@"', "sh"]
    line = [*limited, sys.executable, str(ROOT / "manage.py"), "make_data", text.name, "--out", "a.jsonl"]

    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert done.returncode == 1
    assert "Nothing was written" in done.stderr
    assert left_behind(tmp_path) == ["long.txt"]


def test_a_file_of_that_name_with_part_at_its_end_is_not_touched(tmp_path: Path) -> None:
    mine = tmp_path / "a.jsonl.part"
    mine.write_text("mine")

    run(NOTES, "--out", tmp_path / "a.jsonl")

    assert mine.read_text() == "mine"
