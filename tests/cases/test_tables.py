"""Tables as people bring them (19, 20): what they show is what is learnt, and what is left out is said."""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.cases import path_of
from tests.cases.conftest import Convert, ConvertText, codes, texts

HEAD = ["질문", "답변"]
GOODS = ["책", "모자", "커피", "이불", "우산", "시계", "가방", "장갑", "접시", "화분", "의자", "양말"]
ASKED = [f"{goods} 배송은 언제 오나요?" for goods in GOODS]


def answers(made: list[dict[str, Any]]) -> list[str]:
    return [texts(each)[-1] for each in made]


def asked(made: list[dict[str, Any]]) -> list[str]:
    return [texts(each)[0] for each in made]


def note(said: dict[str, Any], code: str) -> str:
    return next(str(each["message"]) for each in said["notes"] if each["code"] == code)


def saved(book: Workbook) -> bytes:
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def sheet_of(*rows: list[Any], change: Callable[[Worksheet], object] = lambda _sheet: None) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    change(sheet)
    return saved(book)


# --- the given cases --------------------------------------------------------------------------------------
def test_the_first_visible_sheet_is_read_and_hidden_ones_are_named(convert: Convert) -> None:
    said, made = convert(path_of("19a"))

    assert asked(made) == ASKED
    assert said["notes"] == [{"code": "sheets_hidden", "message": "Hidden sheets are not read: 코드표"}]


def test_cells_with_errors_are_empty_and_said(convert: Convert) -> None:
    said, made = convert(path_of("19c"))

    assert [answer for answer in answers(made) if "배송" not in answer and "도착" not in answer] == ["", ""]
    assert codes(said) == ["cells_valueless"]
    assert "2, the first is B4 (#N/A)" in note(said, "cells_valueless")


def test_numbers_are_as_the_sheet_shows_them(convert: Convert) -> None:
    _said, made = convert(path_of("19d"))

    assert answers(made) == [
        "15%",
        "1,000,000원",
        "010-1234-5678",
        "1234567890123456",
        "0.3",
        "36:00:00",
        "2024년 3월 1일",
        "6:00 PM",
        "3일",
        "45352",
        "2024년도",
        "12.5d",
    ]


def test_the_header_is_found_below_titles(convert: Convert) -> None:
    said, made = convert(path_of("20a"))

    assert (said["columns"], asked(made)) == (["번호", "질문", "답변"], ASKED)
    assert set(codes(said)) == {"columns_left_out", "merged_cells", "rows_above_header"}


def test_rows_wider_than_the_header_are_said(convert: Convert) -> None:
    said, made = convert(path_of("20d"))

    assert (len(made), codes(said)) == (12, ["columns_left_out", "rows_too_wide"])
    assert "12, the first is row 2. Beyond it:  맞습니다" in note(said, "rows_too_wide")


def test_a_csv_is_a_csv_whatever_its_name_says(convert: Convert) -> None:
    assert asked(convert(path_of("20e"))[1]) == ASKED


def test_a_quote_in_a_tsv_is_a_letter(convert: Convert) -> None:
    said, made = convert(path_of("20f"))

    assert len(made) == 15
    assert answers(made)[4] == '"맑은 하늘을 4번 보았다.'
    assert codes(said) == ["columns_left_out", "quotes_as_text"]


# --- sheets -------------------------------------------------------------------------------------------------
def hide(row: int = 0, column: str = "") -> Callable[[Worksheet], None]:
    def change(sheet: Worksheet) -> None:
        if row:
            sheet.row_dimensions[row].hidden = True
        if column:
            sheet.column_dimensions[column].hidden = True

    return change


def test_hidden_rows_are_left_out_and_said(convert_text: ConvertText) -> None:
    body = sheet_of(HEAD, ["눈?", "온다"], ["비?", "숨김"], ["해?", "뜬다"], change=hide(row=3))

    said, made = convert_text(body, "a.xlsx")

    assert answers(made) == ["온다", "뜬다"]
    assert note(said, "rows_hidden") == "Hidden rows are left out: 1, the first is row 3."


def test_a_hidden_column_is_no_answer_and_said(convert_text: ConvertText) -> None:
    rows = [["질문", "답변", "답변 초안"], *[["눈?", "온다", "초안"]] * 3]

    said, made = convert_text(sheet_of(*rows, change=hide(column="B")), "a.xlsx")

    assert (answers(made), said["columns"]) == (["초안"] * 3, ["질문", "답변 초안"])
    assert note(said, "columns_hidden") == "Hidden columns are left out: 답변"


def test_hidden_columns_without_anything_are_not_said(convert_text: ConvertText) -> None:
    assert codes(convert_text(sheet_of(HEAD, ["눈?", "온다"], change=hide(column="Z")), "a.xlsx")[0]) == []


def test_a_cover_without_anything_gives_way_to_the_next_sheet(convert_text: ConvertText) -> None:
    book = Workbook()
    for name in ("3월", "4월"):
        sheet = book.create_sheet(name)
        sheet.append(HEAD)
        sheet.append([f"{name}?", "온다"])

    said, made = convert_text(saved(book), "a.xlsx")

    assert asked(made) == ["3월?"]
    assert note(said, "sheets_not_read") == "Other sheets or lists of this file are not read: Sheet, 4월"


FORMATS = {
    "0.00%": (0.12345, "12.35%"),
    "#,##0": (-1234567, "-1,234,567"),
    '#,##0"원";[Red]-#,##0"원"': (-5000, "-5,000원"),
    "#,##0;(#,##0)": (-5000, "(5,000)"),
    "[$₩-412]#,##0": (39000, "₩39,000"),
    '_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-': (0, "-"),
    "00000": (7, "00007"),
    "000000-0000000": (8801011234567, "880101-1234567"),
    "[<=9999999]000-0000;000-0000-0000": (1012345678, "010-1234-5678"),
    '#,##0,"천원"': (1234567, "1,235천원"),
    "0.00E+00": (12345.678, "1.23E+04"),
    "h:mm": (0.5, "12:00"),
    "[mm]:ss": (0.05, "72:00"),
    "mm:ss.00": (0.0001, "00:08.64"),
    "오전/오후 h:mm": (0.75, "오후 6:00"),
    "yyyy-mm-dd": (45352, "2024-03-01"),
    "yyyy.mm.dd(aaa)": (45352, "2024.03.01(금)"),
    "d-mmm-yy": (45352, "1-Mar-24"),
    "General": (0.1 + 0.2, "0.3"),
    ";;;": (42, "42"),
}


@pytest.mark.parametrize("code", FORMATS)
def test_a_number_is_shown_by_its_format(convert_text: ConvertText, code: str) -> None:
    value, shown = FORMATS[code]

    def form(sheet: Worksheet) -> None:
        sheet["B2"].number_format = code

    assert answers(convert_text(sheet_of(HEAD, ["눈?", value], change=form), "a.xlsx")[1]) == [shown]


def test_days_since_1904_are_read_from_then(convert_text: ConvertText) -> None:
    def form(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "yyyy-mm-dd"

    old = sheet_of(HEAD, ["눈?", 43890], change=form)
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(old)) as before, zipfile.ZipFile(body, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            after.writestr(name, re.sub(rb"<workbookPr ?/>", b'<workbookPr date1904="1"/>', part))

    assert answers(convert_text(body.getvalue(), "a.xlsx")[1]) == ["2024-03-01"]


# --- the header -------------------------------------------------------------------------------------------------
HEADERS: dict[str, tuple[list[list[Any]], list[str], int]] = {
    "a title and a date": (
        [["2024년 문의"], ["작성일", "2024-03-01"], HEAD, ["눈?", "온다"], ["비?", "안 온다"]], HEAD, 2
    ),
    "English below Korean": ([HEAD, ["question", "answer"], ["눈?", "온다"], ["비?", "안 온다"]], HEAD, 2),
    "once more on each page": ([HEAD, ["눈?", "온다"], HEAD, ["비?", "안 온다"]], HEAD, 2),
    "two rows of names": (
        [["고객", "", "상담", ""], ["이름", "나이", "질문", "답변"], *[["김", "30", "눈?", "온다"]] * 2],
        ["이름", "나이", "질문", "답변"],
        2,
    ),
    "none": ([["눈이 오면 무엇을 하나요?", "걷는다"], ["비가 오면?", "잔다"]], ["A", "B"], 2),
    "words that nobody knows": (
        [["상담 내역"], ["고객의 말", "상담원의 말"], *[["눈이 오면 배송이 늦어지나요, 그대로인가요?", "하루."]] * 3],
        ["고객의 말", "상담원의 말"],
        3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_header_is_found(convert_text: ConvertText, name: str, kind: str) -> None:
    rows, columns, count = HEADERS[name]
    body = sheet_of(*rows) if kind == "xlsx" else "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)

    said, made = convert_text(body, f"a.{kind}")

    assert (said["columns"], len(made)) == (columns, count)
    above = count < len(rows) - (columns != ["A", "B"])
    assert bool({"rows_above_header", "header_again"} & set(codes(said))) == above


# --- workbooks of unusual writers -------------------------------------------------------------------------------
def rewritten(body: bytes, name: Callable[[str], str], part: Callable[[bytes], bytes] = bytes) -> bytes:
    """The same workbook with its parts named, and changed, in another way."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as before, zipfile.ZipFile(made, "w") as after:
        for each in before.namelist():
            info = zipfile.ZipInfo("x")
            info.filename = name(each)  # a ZipInfo of this name would turn it back
            after.writestr(info, part(before.read(each)))
    return made.getvalue()


WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "backslashes": lambda body: rewritten(body, lambda name: name.replace("/", "\\")),
    "other letter cases": lambda body: rewritten(body, lambda name: name.replace("sheet1", "Sheet1")),
    "another folder": lambda body: rewritten(
        body, lambda name: name.removeprefix("xl/"), lambda part: part.replace(b'"xl/', b'"').replace(b'"/xl/', b'"/')
    ),
    "an empty style": lambda body: rewritten(body, str, lambda part: part.replace(b'<c r="B2"', b'<c s="" r="B2"')),
    "a coloured cell far away": lambda body: rewritten(
        body, str, lambda part: part.replace(b"</row>", b'<c r="XFD2" s="0"/></row>', 1)
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_workbooks_of_unusual_writers_are_read(convert_text: ConvertText, writer: str) -> None:
    body = sheet_of(HEAD, ["눈?", "온다"])
    changed = WRITERS[writer](body)

    assert changed != body
    assert answers(convert_text(changed, "a.xlsx")[1]) == ["온다"]
