"""CSV and TSV from many programs, and files that are something else than their name says."""

import io
import zipfile
from pathlib import Path

import pytest

from jobs.training_data.tables.asking import look
from jobs.training_data.tables.number_formats import shown
from jobs.training_data.tables.shapes import Way
from tests.cases.conftest import ConvertText, codes, texts
from tests.cases.test_tables import HEAD, sheet_of

PAIR = ["눈?", "온다"]
WRITTEN = {
    "sep": ("sep=;\r\n질문;답변\r\n눈?;온다\r\n비?;온다\r\n", "utf-8"),
    "sep in quotes": ('"sep=;"\n질문;답변\n눈?;온다\n비?;온다\n', "utf-8"),
    "semicolons": ("질문;답변\n눈?;온다\n비?;온다\n", "cp949"),
    "Excel's Unicode text": ("질문\t답변\r\n눈?\t온다\r\n비?\t온다\r\n", "utf-16"),
    "UTF-16 without a mark": ("질문,답변\r\n눈?,온다\r\n비?,온다\r\n", "utf-16-le"),
    "CP949": ("질문,답변\r\n눈?,온다\r\n비?,온다\r\n", "cp949"),
    "a mark": ("질문,답변\n눈?,온다\n비?,온다\n", "utf-8-sig"),
    "old Macintosh": ("질문,답변\r눈?,온다\r비?,온다\r", "utf-8"),
    "empty columns and rows": ("질문,,답변,,\n,,,,\n눈?,,온다,,\n\n비?,,온다,,\n,,,,\n", "utf-8"),
    "a title in brackets": ("[2024] 문의,\n질문,답변\n눈?,온다\n비?,온다\n", "utf-8"),
}


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.txt"])
@pytest.mark.parametrize("kind", WRITTEN)
def test_a_table_of_texts_is_read_whoever_wrote_it(convert_text: ConvertText, kind: str, name: str) -> None:
    text, encoding = WRITTEN[kind]

    said, made = convert_text(text.encode(encoding), name)

    assert [texts(each) for each in made] == [PAIR, ["비?", "온다"]]
    assert said["columns"] == HEAD


def test_names_that_come_twice_stay_apart(convert_text: ConvertText) -> None:
    said, _made = convert_text("질문,답변,답변\n눈?,온다,간다\n", "a.csv")

    assert said["columns"] == ["질문", "답변", "답변 (2)"]
    assert codes(said) == ["columns_left_out"]


def test_what_comes_late_in_a_nameless_column_is_said(convert_text: ConvertText) -> None:
    said, made = convert_text("질문,,답변\n" + "눈?,,온다\n" * 300 + "비?,늦게,온다\n", "a.csv")

    assert (len(made), codes(said)) == (301, ["rows_too_wide"])


@pytest.mark.parametrize("shown", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "NaN"])
def test_errors_in_a_csv_are_empty_and_said(convert_text: ConvertText, shown: str) -> None:
    said, made = convert_text(f"질문,배경,답변\n눈?,{shown},온다\n비?,,온다\n", "a.csv")

    assert [texts(each) for each in made] == [PAIR, ["비?", "온다"]]
    assert "cells_valueless" in codes(said)


def test_rows_without_a_question_or_an_answer_are_said(convert_text: ConvertText) -> None:
    said, made = convert_text("질문,답변,메모\n눈?,온다,\n,,지울 것\n", "a.csv")

    assert (len(made), codes(said)) == (1, ["columns_left_out", "rows_left_out"])


QUOTED = {
    "every cell in quotes": ('"질문"\t"답변"\n"눈?"\t"온다, ""펑펑"""\n"비?"\t"온다"\n', ['온다, "펑펑"', "온다"]),
    "a line break in quotes": ('질문\t답변\n눈?\t"온다\n펑펑"\n비?\t온다\n', ["온다\n펑펑", "온다"]),
    "quotes that never close": ('질문\t답변\n"눈?\t"온다\n비?\t온다\n', ['"온다', "온다"]),
    "two that seem to close each other": ('질문\t답변\n눈?\t"온다\n비?\t온다"\n', ['"온다', '온다"']),
    "inches": ('질문\t답변\n화면?\t27" 입니다\n크기?\t5" 5\n', ['27" 입니다', '5" 5']),
}


@pytest.mark.parametrize("kind", QUOTED)
def test_quotes_of_a_tsv_are_what_its_rows_say(convert_text: ConvertText, kind: str) -> None:
    text, answers = QUOTED[kind]

    said, made = convert_text(text, "a.tsv")

    assert [texts(each)[-1] for each in made] == answers
    assert ("quotes_as_text" in codes(said)) == (answers[0].startswith('"'))


def test_preferences_of_a_table_are_pairs(convert_text: ConvertText) -> None:
    _said, made = convert_text("prompt,chosen,rejected\n눈?,온다,몰라\n", "a.csv")

    assert made == [
        {
            "input": {"messages": [{"role": "user", "content": "눈?"}]},
            "preferred_output": [{"role": "assistant", "content": "온다"}],
            "non_preferred_output": [{"role": "assistant", "content": "몰라"}],
        }
    ]


@pytest.mark.parametrize(
    "cell", ['[{""role"": ""user"", ""content"": ""눈?""}, {""role"": ""assistant"", ""content"": ""온다""}]',
             "[{'role': 'user', 'content': '눈?'}, {'role': 'assistant', 'content': '온다'}]"]
)  # fmt: skip
def test_talks_in_cells_are_talks(convert_text: ConvertText, cell: str) -> None:
    said, made = convert_text(f'id,messages\n1,"{cell}"\n2,"{cell}"\n', "a.csv")

    assert [texts(each) for each in made] == [PAIR, PAIR]
    assert codes(said) == ["keys_left_out"]


# --- something else ---------------------------------------------------------------------------------------------
def zipped(*names: str, **texts_: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
        for name, text in texts_.items():
            archive.writestr(name, text)
    return body.getvalue()


def ole(*streams: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + b"".join(f"{s}\0".encode("utf-16-le") for s in streams)


OTHERS = {
    "HTML": (b"<html><body><table><tr><td>\xec\xa7\x88</td></tr></table>", "table_foreign", "HTML"),
    "a web archive": (b"MIME-Version: 1.0\r\n", "table_foreign", "HTML"),
    "XML of 2003": (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        "table_foreign",
        "XML",
    ),
    "an old workbook": (ole("Root Entry", "Workbook"), "table_foreign", "XLS"),
    "a password": (ole("Root Entry", "EncryptedPackage"), "table_encrypted", ""),
    "a DRM": (b"\x9b DRMONE  This Document is encrypted", "table_encrypted", ""),
    "LibreOffice": (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "table_foreign", "ODS"),
    "a binary workbook": (zipped("xl/workbook.bin"), "table_foreign", "XLSB"),
    "a document": (zipped("word/document.xml"), "table_foreign", "DOCX"),
    "an archive": (zipped("a.csv"), "table_foreign", "ZIP"),
    "a PDF": (b"%PDF-1.7", "table_foreign", "PDF"),
    "half a workbook": (sheet_of(HEAD, PAIR)[:-100], "table_broken", "XLSX"),
    "half an archive": (zipped("xl/workbook.xml")[:40], "table_broken", "XLSX"),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_something_else_is_refused_by_its_name(convert_text: ConvertText, kind: str, name: str) -> None:
    body, code, word = OTHERS[kind]

    said, made = convert_text(body, name)

    assert (said["refused"]["code"], made) == (code, [])
    assert word in said["refused"]["message"]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.xlsm"])
def test_a_workbook_is_one_whatever_its_name_says(convert_text: ConvertText, name: str) -> None:
    assert [texts(each) for each in convert_text(sheet_of(HEAD, PAIR), name)[1]] == [PAIR]


def test_json_is_json_whatever_its_name_says(convert_text: ConvertText) -> None:
    assert [texts(each) for each in convert_text([dict(zip(HEAD, PAIR, strict=True))], "a.csv")[1]] == [PAIR]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "empty_file"), ("질문,답변\n".encode(), "no_examples"), (b"word\nword\n", "columns_unclear")],
)
def test_what_holds_no_example_is_refused(convert_text: ConvertText, body: bytes, code: str) -> None:
    assert convert_text(body, "a.csv")[0]["refused"]["code"] == code


@pytest.mark.parametrize("line", ['sep="', "sep=a", "sep=", "sep=;;"])
def test_a_first_line_that_names_no_separator_is_a_row(convert_text: ConvertText, line: str) -> None:
    said, made = convert_text(f"{line}\n질문,답변\n눈?,온다\n비?,온다\n", "a.csv")

    assert (said["refused"], said["columns"], len(made)) == (None, HEAD, 2)


@pytest.mark.parametrize("number", ["1e9999999", "-1e-9999999", "1" * 399, "0." + "1" * 399, "1E+300"])
@pytest.mark.parametrize(
    "code", ["0.00", "0.00%", "#,##0", "General", "yyyy-mm-dd", "[h]:mm", "0.00E+00", "# ?/?", "0,,,,"]
)
def test_any_number_is_shown(number: str, code: str) -> None:
    assert shown(number, code)


def test_a_number_too_long_to_read_is_refused(convert_text: ConvertText) -> None:
    for body in ('[{"a": %s}]', '{"a": %s}\n{"a": 1}'):
        assert convert_text(body % ("1" * 5_000))[0]["refused"]["code"] == "element_broken"


def test_more_keys_than_columns_are_refused(convert_text: ConvertText) -> None:
    rows = [{f"k{n}-{m}": "x" for m in range(10)} for n in range(60)]

    assert convert_text(rows)[0]["refused"]["code"] == "table_too_wide"


@pytest.mark.parametrize(
    "body", [r'[["\ud800", "답변"], ["눈?", "온다"], ["비?", "\ud800"]]', r'{"\ud800": [{"a": 1}], "b": [{"a": 1}]}',
             r'[{"\ud800": "눈?", "답변": "온다"}]']
)  # fmt: skip
def test_halves_of_characters_are_refused_or_shown(tmp_path: Path, body: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(body, encoding="utf-8")

    found = look(path, path.name, Way())

    assert (found.problem.code if found.problem else "") in ("", "lone_surrogate")
    assert found.problem or found.columns == ["?", "답변"]
