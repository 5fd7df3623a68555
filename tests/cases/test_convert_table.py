"""manage.py convert_table: its answer, its file, its refusals."""

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.cases import CASES, path_of

KEYS = ["format", "examples", "columns", "mapping", "notes", "refused"]
CHAT = {"messages": [{"role": "user", "content": "눈?"}, {"role": "assistant", "content": "온다"}]}


def command(path: Path, out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    said = StringIO()
    with suppress(SystemExit):  # of 1, where it is refused
        call_command("convert_table", path, "--out", out, "--json", stdout=said)
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return json.loads(said.getvalue()), [json.loads(line) for line in lines]


@pytest.mark.parametrize("case", ["18a", "18d"])
def test_ready_examples_go_out_unchanged(tmp_path: Path, case: str) -> None:
    given = json.loads(path_of(case).read_text(encoding="utf-8"))

    said, made = command(path_of(case), tmp_path / "out.jsonl")

    assert (made, list(said)) == (given, KEYS)
    assert {**said, "columns": []} == {
        "format": "chat" if case == "18a" else "preference",
        "examples": len(given),
        "columns": [],
        "mapping": {"shape": "ready"},
        "notes": [],
        "refused": None,
    }


def test_what_is_refused_is_said_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\n1,"open\n')

    said, made = command(path, tmp_path / "out.jsonl")

    assert (list(said), said["format"], said["examples"], made) == (KEYS, "", 0, [])
    assert (said["refused"]["code"], said["refused"]["line"]) == ("table_quotes", 2)
    assert all(said["refused"][key] for key in ("message", "remedy"))


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    out, said = tmp_path / "there.jsonl", StringIO()
    out.write_text("mine")

    with pytest.raises(SystemExit) as ended:
        call_command("convert_table", path_of("20d"), "--out", out, "--json", stdout=said)

    assert (ended.value.code, out.read_text(), json.loads(said.getvalue())["refused"]["code"]) == (
        1,
        "mine",
        "out_exists",
    )
    with pytest.raises(CommandError, match="there already"):
        call_command("convert_table", path_of("20d"), "--out", out)


def test_what_is_refused_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"prompt": "a", "completion": "b"}, {"a": ')

    said, _made = command(path, tmp_path / "out.jsonl")

    assert said["refused"]["code"] == "element_broken"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.json"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    said, _made = command(tmp_path / "nothing.csv", tmp_path / "out.jsonl")

    assert said["refused"]["code"] == "file_unreadable"
    with pytest.raises(CommandError, match=r"nothing\.csv"):
        call_command("convert_table", tmp_path / "nothing.csv")


def test_paths_are_the_callers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("질문,답변\n눈?,온다\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    call_command("convert_table", "in.csv", "--out", "out.jsonl", stdout=StringIO())

    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8")) == CHAT


def test_people_read_words(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("convert_table", CASES / "20a-title-rows.xlsx")

    said = capsys.readouterr().out
    assert said.splitlines()[:2] == ["Format: chat", "Examples: 12"]
    assert "Rows above the header are left out: 2." in said
