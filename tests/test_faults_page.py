"""docs/faults.md: every code has a sample that shows it and nothing else, and words in both languages."""

from itertools import batched
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from jobs import findings
from jobs.faults import WORDS, explain
from jobs.management.commands.faults import LANGUAGES, page, samples, shown
from jobs.management.described_faults import DESCRIBED
from jobs.training_data.checking import check
from jobs.training_data.codes import WARNINGS, Code
from jobs.training_data.findings import FindingCode, personal_code
from jobs.training_data.personal import Kind

SAMPLED = [code for code in Code if code not in DESCRIBED]


def test_every_code_has_a_sample_or_is_described() -> None:
    missing = {code for code in SAMPLED if not (samples() / f"{code}.jsonl").exists()}
    unknown = {path.stem for path in samples().iterdir()} - {*SAMPLED}

    assert (missing, unknown) == (set(), set())


@pytest.mark.parametrize("code", SAMPLED)
def test_a_sample_shows_its_code_and_no_other(code: Code) -> None:
    report = check(samples() / f"{code}.jsonl")

    faults, warnings = {fault.code for fault in report.faults}, {warning.code for warning in report.warnings}
    if code in WARNINGS:
        assert (faults, warnings) == (set(), {code})
    else:
        assert faults == {code}
        assert warnings <= {Code.FEW_EXAMPLES}
    assert report.ok is (code in WARNINGS)


@pytest.mark.parametrize("code", Code)
def test_message_and_remedy_speak_both_languages(code: Code) -> None:
    said = {}
    for language in ("ko", "en"):
        with translation.override(language):
            said[language] = explain(shown(code))

    (message_ko, remedy_ko), (message_en, remedy_en) = said["ko"], said["en"]
    assert len({message_ko, remedy_ko, message_en, remedy_en}) == 4
    assert all((message_ko, remedy_ko, message_en, remedy_en))
    assert "%(" not in "".join((message_ko, remedy_ko, message_en, remedy_en))


def test_every_code_has_words() -> None:
    assert set(WORDS) == set(Code)


def test_the_page_names_every_code_once() -> None:
    heads = [line.removeprefix("### ") for line in page().splitlines() if line.startswith("### ")]

    assert sorted(heads) == sorted(Code)


def rows_of_findings() -> list[list[str]]:
    """The cells of the table: code, language, what was found, what to do."""
    table = page().partition("## 살펴볼 점 · Findings")[2]
    return [[cell.strip() for cell in line.split(" | ")] for line in table.splitlines() if line.startswith("| `")]


def test_every_finding_has_words() -> None:
    assert set(findings.WORDS) == {*FindingCode, *map(personal_code, Kind)}


def test_the_page_names_every_finding_in_both_languages() -> None:
    rows = rows_of_findings()

    codes = [code.removeprefix("| `").removesuffix("`") for code, *_rest in rows]
    named = [*findings.WORDS, *findings.REPAIRS]
    assert codes == [code for code in named for _language in LANGUAGES]
    assert [language for _code, language, *_rest in rows] == [*LANGUAGES] * len(named)
    assert all(found and remedy.strip("| ") for *_head, found, remedy in rows)
    assert "%(" not in str(rows)
    for korean, english in batched(rows, 2, strict=True):
        assert not {*korean[2:]} & {*english[2:]}


def test_a_page_without_a_finding_is_stale(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = _copy(settings.BASE_DIR, tmp_path)
    call_command("faults")
    path = tmp_path / "docs/faults.md"
    path.write_text(path.read_text().replace("| `short_answers` | ko |", "| `brief_answers` | ko |"))

    with pytest.raises(CommandError, match="stale"):
        call_command("faults", "--check")


def test_the_committed_page_is_fresh() -> None:
    call_command("faults", "--check")


def test_a_stale_page_is_refused_and_written_anew(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = _copy(settings.BASE_DIR, tmp_path)

    with pytest.raises(CommandError, match="stale"):
        call_command("faults", "--check")
    call_command("faults")

    call_command("faults", "--check")
    assert (tmp_path / "docs/faults.md").read_text() == page()


def test_a_code_without_a_sample_is_named(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = _copy(settings.BASE_DIR, tmp_path)
    (tmp_path / "samples/faults/nul.jsonl").unlink()

    with pytest.raises(CommandError, match=r"of: nul$"):
        call_command("faults")


def _copy(base: Path, to: Path) -> Path:
    """A repository of the samples alone."""
    (to / "docs").mkdir()
    (to / "samples").mkdir()
    target = to / "samples/faults"
    target.mkdir()
    for path in (base / "samples/faults").iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return to
