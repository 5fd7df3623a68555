"""Text that nobody can read is a finding, with its lines."""

from pathlib import Path

import pytest

from jobs.training_data.texts.codes import Note
from jobs.training_data.texts.reading import read
from tests.cases import path_of, report_of


@pytest.mark.parametrize(("case", "code"), [("16a", "mojibake"), ("16c", "mojibake"), ("16e", "private_use")])
def test_a_file_of_unreadable_text_has_a_finding(case: str, code: str) -> None:
    report = report_of(path_of(case))

    (finding,) = (one for one in report["findings"] if one["code"] == code)
    assert report["ok"]
    assert (finding["count"], len(finding["lines"])) == (report["examples"], report["examples"])
    assert finding["message"]
    assert finding["remedy"]


def test_a_text_read_in_a_wrong_encoding_is_noted() -> None:
    path = path_of("25b")

    assert read(path, "txt").notes[Note.MOJIBAKE.value] == path.read_text().count("\n")


def test_the_same_text_without_damage_has_no_finding(tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    good.write_text(path_of("16a").read_text().encode("latin-1").decode())

    assert not {"mojibake", "private_use"} & {one["code"] for one in report_of(good)["findings"]}
