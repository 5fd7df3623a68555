"""manage.py read_text says what the page of a text says."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.documents import docx, hwpx, pdf
from tests.running import ROOT

KEYS = {"text", "notes", "refused"}


def run(*words: str) -> tuple[str, str, int]:
    out, err = StringIO(), StringIO()
    try:
        call_command("read_text", *words, stdout=out, stderr=err)
    except SystemExit as leaving:
        return out.getvalue(), err.getvalue(), int(str(leaving.code))
    return out.getvalue(), err.getvalue(), 0


def answer(path: Path, *words: str) -> tuple[dict[str, Any], int]:
    out, _err, code = run(str(path), "--json", *words)
    return json.loads(out), code


def test_a_text_with_its_notes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("눈이 왔다.\r\n".encode("utf-8-sig"))

    found, code = answer(path)

    assert (set(found), code, found["refused"]) == (KEYS, 0, None)
    assert (found["text"], [note["code"] for note in found["notes"]]) == ("눈이 왔다.\n", ["bom", "crlf"])
    assert all(set(note) == {"code", "message"} and note["message"] for note in found["notes"])


def test_without_json_it_is_the_text_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(docx("눈이\u00a0왔다."))

    assert run(str(path)) == ("눈이 왔다.\n", "Non-breaking spaces and hyphens were replaced by plain ones: 1\n", 0)


REFUSED = {
    "a.pdf": (pdf(""), "scanned"),
    "b.hwpx": (docx("눈"), "other_kind"),
    "c.hwp": (b"x", "old_format"),
    "d.png": (b"x", "unknown_kind"),
    "e.txt": (b"", "empty"),
    "없음.txt": (None, "unreadable_file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_why_there_is_no_text(tmp_path: Path, name: str) -> None:
    content, expected = REFUSED[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)

    found, code = answer(tmp_path / name)

    assert (found["text"], found["notes"], code) == ("", [], 1)
    assert found["refused"]["code"] == expected
    assert set(found["refused"]) == {"code", "line", "message", "remedy"}
    assert found["refused"]["message"]
    assert found["refused"]["remedy"]


def test_a_refusal_in_words(tmp_path: Path) -> None:
    out, err, code = run(str(tmp_path / "a.hwp"))

    assert (out, code) == ("", 1)
    assert "Save it as .docx or .hwpx" in err


def test_the_path_counts_from_where_the_caller_is_and_stdout_is_utf8(tmp_path: Path) -> None:
    (tmp_path / "글.hwpx").write_bytes(hwpx(["눈이 왔다. 😀"]))

    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "read_text", "글.hwpx", "--json"],
        cwd=tmp_path,
        capture_output=True,
        env={"PYTHONIOENCODING": "cp949", "PATH": "", "VAR_DIR": str(tmp_path / "var")},
        check=True,
    )

    assert json.loads(done.stdout.decode()) == {"text": "눈이 왔다. 😀", "notes": [], "refused": None}


def test_a_chosen_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("눈이 왔다.".encode("cp949"))

    assert answer(path, "--encoding", "utf-8")[0]["refused"]["code"] == "wrong_encoding"
