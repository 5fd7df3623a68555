"""Tables as people have them: each named trap once, in any encoding, in bounded memory."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from openpyxl import Workbook

from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.tables import asking
from jobs.training_data.tables.__main__ import convert, look
from jobs.training_data.tables.asking import Order
from jobs.training_data.tables.kinds import is_table
from jobs.training_data.tables.opening import opened
from jobs.training_data.tables.shapes import BOUNDS, Bounds, Look, Mapping, Way, column_names
from tests.training_cases import GOOD_BYTES, PAIR_BYTES

ASKED, SAID = "질문", "답변"
COLUMNS = Mapping(user=ASKED, assistant=SAID)
PAIR = {ASKED: "첫눈은?", SAID: "11월에 온다."}


def csv_bytes(*rows: list[str], encoding: str = "utf-8", **dialect: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_bytes(*rows: list[Any], merged: str = "", other: list[Any] | None = None, hidden_row: int = 0) -> bytes:
    """One sheet of these rows, and another of the row `other`."""
    book, saved = Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    if hidden_row:
        sheet.row_dimensions[hidden_row].hidden = True
    if merged:
        sheet.merge_cells(merged)
    if other:
        book.create_sheet("자료").append(other)
    book.save(saved)
    return saved.getvalue()


def rezipped(body: bytes, part: str, change: Callable[[bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    """The same archive with one part changed, and others added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
        for name in set(more or ()) - set(old.namelist()):
            new.writestr(name, (more or {})[name])
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


class Seen(Look):
    """A first look, and the rows behind it."""

    rows: list[dict[str, Any]] = []


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., Seen]:
    """A first look at these bytes, in this process."""

    def see(body: bytes, name: str = "table.csv", bounds: Bounds = BOUNDS, **way: Any) -> Seen:
        path = tmp_path / "any"
        path.write_bytes(body)
        found = Seen(**msgspec.structs.asdict(look(Order(str(path), name, Way(**way)), bounds)))
        if not found.problem:
            with opened(path, name, Way(**way), bounds) as table:
                found.rows = [row for _number, row in table.rows]
        return found

    return see


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., list[list[str]]]:
    """The examples that a table becomes, as their texts."""

    def make(body: bytes, name: str = "table.csv", mapping: Mapping = COLUMNS) -> list[list[str]]:
        path, target = tmp_path / "any", tmp_path / "out.jsonl"
        path.write_bytes(body)
        convert(Order(str(path), name, Way(), mapping, str(target)))
        rows = map(json.loads, target.read_text().splitlines())
        return [[message["content"] for message in row["messages"]] for row in rows]

    return make


def problem(look: Seen) -> tuple[str, int]:
    assert look.problem
    return look.problem.code, look.problem.line


def notes(look: Seen) -> dict[str, dict[str, str | int]]:
    return {note.code: note.params for note in look.notes}


# --- CSV ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_encoding_and_separator_are_found_out_and_said(
    seen: Callable[..., Seen], encoding: str, delimiter: str
) -> None:
    body = csv_bytes([ASKED, SAID], *[list(PAIR.values())] * 3, encoding=encoding, delimiter=delimiter)

    found = seen(body)

    assert (found.way.encoding, found.way.delimiter) == (encoding.removesuffix("-sig"), delimiter)
    assert (found.columns, found.rows[0], found.problem) == ([ASKED, SAID], PAIR, None)


def test_korean_excel_says_what_speaks_for_cp949(seen: Callable[..., Seen]) -> None:
    found = seen(csv_bytes([ASKED, SAID], ["첫눈", "온다"], ["ok", "ok"], encoding="cp949"))

    assert found.evidence
    assert (found.evidence.telling, found.evidence.as_utf8, found.evidence.as_cp949) == (2, 0, 2)


def test_quotes_separators_and_line_breaks_stay_in_their_cells(made: Callable[..., list[list[str]]]) -> None:
    odd = ['첫눈은 "언제", 어디에?', '1. 11월,\n2. 산에\r\n3. "펑펑"']

    assert made(csv_bytes([ASKED, SAID], odd)) == [odd]


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b'a,b\n1,"open\n2,x\n', "table_quotes", 3),
        (b'a,b\n1,"x" y\n', "table_quotes", 2),
        (b"a,b\n1," + b"x" * 5_000, "cell_too_large", 2),
        (b'a,b\n1,"' + b"x\n" * 2_500 + b'"', "cell_too_large", 0),
        (b"a,b\n" + b"1," * 600, "table_too_wide", 0),
        (b"a,b\n" + b"1,2\n" * 60, "table_too_long", 0),
        ("질문,답\n".encode() + "눈,비\n".encode("cp949"), "table_encoding", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path: Path, body: bytes, code: str, line: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(body)
    order = Order(str(path), "a.csv", Way(header=True), Mapping(user="a", assistant="b"), str(tmp_path / "out"))

    with pytest.raises(RefusedError) as refused:
        convert(order, Bounds(rows=50, columns=500, cell=4_000))

    assert refused.value.fault.code == code
    assert line in (0, refused.value.fault.line)


def test_a_wrong_encoding_is_said(seen: Callable[..., Seen]) -> None:
    body = csv_bytes([ASKED, SAID], ["첫눈", "온다"], encoding="cp949")

    assert problem(seen(body, encoding="utf-8"))[0] == "table_encoding"


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([[ASKED, SAID], ["눈", "비"]], [ASKED, SAID]),
        ([["첫눈이 오면 무엇을 하나", "걷는다"], ["비가 오면?", "잔다"]], ["A", "B"]),
        ([["q1", "", "q2"], ["a long enough cell", "x", "y"]], ["q1", "B", "q2"]),
    ],
)
def test_a_header_is_known_by_its_words(seen: Callable[..., Seen], rows: list[list[str]], columns: list[str]) -> None:
    assert seen(csv_bytes(*rows)).columns == columns


def test_the_header_can_be_said(seen: Callable[..., Seen]) -> None:
    body = csv_bytes([ASKED, SAID], ["눈", "비"])

    assert seen(body, header=False).columns == ["A", "B"]
    assert len(seen(body, header=False).rows) == 2


def test_columns_are_lettered_as_in_a_spreadsheet() -> None:
    names = column_names(["", "q", "q", *[""] * 25], header=True)

    assert (names[:3], names[25:]) == (["A", "q", "q (2)"], ["Z", "AA", "AB"])


CELLS = some.text(some.characters(codec="utf-8"))


@given(some.lists(some.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(csv_bytes(*rows))

    found = look(Order(str(path), "any.csv", Way()))

    assert found.problem is None or found.problem.code


@given(some.binary(max_size=200), some.sampled_from(["a.csv", "a.tsv", "a.xlsx", "a.json"]))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, body: bytes, name: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    for head in (b"", b"PK\x03\x04", b"["):
        path.write_bytes(head + body)
        look(Order(str(path), name, Way()))


# --- XLSX -----------------------------------------------------------------------------------------------
def test_a_workbook_is_read_with_its_numbers_and_days(seen: Callable[..., Seen]) -> None:
    day = datetime(2026, 1, 5)
    row = ["눈", "비", 3, 0.1, day, day.replace(hour=9), True]
    body = xlsx_bytes(["질문", "답변", "n", "f", "day", "when", "yes"], row)

    found = seen(body, "table.xlsx")

    shown = ["눈", "비", "3", "0.1", "2026-01-05 0:00:00", "2026-01-05 9:00:00", "TRUE"]  # by their own format
    assert list(found.rows[0].values()) == shown
    assert (found.sheets, found.way) == (["Sheet"], Way("xlsx", sheet="Sheet", header=1))


def test_a_formula_without_a_value_is_named(seen: Callable[..., Seen]) -> None:
    found = seen(xlsx_bytes([ASKED, SAID], ["눈", '="비"&"!"'], ["눈", '="비"']), "table.xlsx")

    assert notes(found) == {"formula_without_value": {"count": 2, "cell": "B2"}}
    assert [row[SAID] for row in found.rows] == ["", ""]


def test_a_formula_with_a_stored_value_is_that_value(seen: Callable[..., Seen]) -> None:
    body = xlsx_bytes([ASKED, SAID], ["눈", "=1+1"])
    body = rezipped(body, SHEET, lambda xml: re.sub(rb"<v ?/>|<v></v>", b"<v>2</v>", xml))

    found = seen(body, "table.xlsx")

    assert (found.rows[0][SAID], notes(found)) == ("2", {})


def test_merged_cells_are_said_and_belong_to_the_first(seen: Callable[..., Seen]) -> None:
    body = xlsx_bytes([ASKED, SAID], ["눈", "비"], [None, "해"], merged="A2:A3")

    for bounds in (BOUNDS, Bounds(looked_at=2)):
        found = seen(body, "table.xlsx", bounds)
        assert notes(found) == {"merged_cells": {"count": 1, "cell": "A2:A3"}}
        assert [row[ASKED] for row in found.rows] == ["눈", ""]


def test_one_of_several_sheets_is_chosen(seen: Callable[..., Seen]) -> None:
    body = xlsx_bytes(["표지"], other=["눈", "비"])

    assert seen(body, "table.xlsx").sheets == ["Sheet", "자료"]
    assert seen(body, "table.xlsx", sheet="자료").rows == [{"A": "눈", "B": "비"}]
    assert problem(seen(body, "table.xlsx", sheet="없음")) == ("sheet_missing", 0)


SHARED = '<sst xmlns="x"><si><t>눈</t><rPh><t>snow</t></rPh></si><si><r><t>비_x000A_</t></r><r><t>다</t></r></si></sst>'
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


def shared_cells(*numbers: int) -> bytes:
    """A sheet with one row of cells that refer to shared strings, as Excel writes them, and one that stands alone."""
    cells = "".join(f'<c t="s"><v>{number}</v></c>' for number in numbers)
    return f'<worksheet><sheetData><row>{cells}<c r="D1"><v>7</v></c></row></sheetData></worksheet>'.encode()


def test_shared_strings_are_read_without_how_they_are_read_aloud(seen: Callable[..., Seen]) -> None:
    parts = {SHEET: shared_cells(1, 0), "xl/sharedStrings.xml": SHARED.encode()}

    found = seen(rezipped(xlsx_bytes(["a"]), SHEET, lambda _xml: parts[SHEET], parts), "table.xlsx")

    assert found.rows[0] == {"A": "비\n다", "B": "눈", "D": "7"}  # nothing is in C


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (rezipped(xlsx_bytes(["a"]), SHEET, lambda xml: xml + b" " * 5_000_000), "table_too_large"),
        (rezipped(xlsx_bytes(["a"]), SHEET, lambda xml: BOMB + xml[xml.index(b"<worksheet") :]), "table_broken"),
        (rezipped(xlsx_bytes(["a"]), SHEET, lambda xml: xml[:-20]), "table_broken"),
        (rezipped(xlsx_bytes(["a"]), SHEET, lambda _xml: shared_cells(9)), "table_broken"),
        (xlsx_bytes(["a"])[:-200], "table_broken"),
        (b"PK\x03\x04 no zip", "table_broken"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "table_encrypted"),
        (xlsx_bytes([f"c{n}" for n in range(501)]), "table_too_wide"),
        (xlsx_bytes(*[["a"]] * 61), "table_too_long"),
        (xlsx_bytes(["x" * 5_000, "b"]), None),  # Excel itself allows 32,767
    ],
)
def test_a_workbook_that_would_hurt_is_refused(seen: Callable[..., Seen], body: bytes, code: str | None) -> None:
    found = seen(body, "table.xlsx", Bounds(rows=50, unpacked=2 * 1024 * 1024, looked_at=100))

    assert (found.problem.code if found.problem else None) == code


def test_a_bomb_that_lies_about_its_size_is_refused(seen: Callable[..., Seen]) -> None:
    filled = b" " * 9_000_000 + b"</worksheet>"
    body = rezipped(xlsx_bytes(["a"]), SHEET, lambda xml: xml.replace(b"</worksheet>", filled))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        real = archive.getinfo(SHEET).file_size
    lying = body.replace(real.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))

    found = seen(lying, "table.xlsx", Bounds(unpacked=2 * 1024 * 1024))

    assert lying != body
    assert problem(found)[0] == "table_broken"


def test_a_million_rows_stream(tmp_path: Path) -> None:
    """A fiftieth of it here; the memory of a whole one is in bench/README.md."""
    path, target = tmp_path / "large.xlsx", tmp_path / "out.jsonl"
    book = Workbook(write_only=True)
    sheet = book.create_sheet("자료")
    sheet.append([ASKED, SAID])
    for number in range(20_000):
        sheet.append([f"{number}번째 눈", "비"])
    book.save(path)

    asking.convert(path, "large.xlsx", Way(), Mapping(user=ASKED, assistant=SAID), target)

    rows = target.read_text().splitlines()
    assert (len(rows), json.loads(rows[-1])["messages"][0]["content"]) == (20_000, "19999번째 눈")


# --- JSON -----------------------------------------------------------------------------------------------
ALPACA = {"instruction": "요약하라", "input": "눈이 많이 왔다.", "output": "폭설"}
SHAREGPT = {"conversations": [{"from": "human", "value": "눈?"}, {"from": "gpt", "value": "온다"}], "system": "짧게"}


@pytest.mark.parametrize(
    ("row", "shape", "texts"),
    [
        (ALPACA, "alpaca", ["요약하라\n\n눈이 많이 왔다.", "폭설"]),
        ({**ALPACA, "input": "", "history": [["눈?", "온다"]]}, "alpaca", ["눈?", "온다", "요약하라", "폭설"]),
        (SHAREGPT, "sharegpt", ["짧게", "눈?", "온다"]),
        ({"conversation": [{"role": "user", "content": "눈?"}]}, "sharegpt", ["눈?"]),
        ({"질문": "눈?", "답변": ["온다"]}, "columns", ["눈?", '["온다"]']),
        (["눈?", "온다"], "columns", ["눈?", "온다"]),
    ],
)
@pytest.mark.parametrize("lines", [False, True])
def test_known_shapes_are_recognised(
    world_free: Callable[..., Any], row: Any, shape: str, texts: list[str], lines: bool
) -> None:
    lines = lines and isinstance(row, dict)  # a line of JSON Lines is an object
    rows = [row] * 3
    body = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows, indent=2, ensure_ascii=False)

    guessed, examples = world_free(body.encode(), "data.jsonl" if lines else "data.json")

    assert (guessed.shape, examples) == (shape, [texts] * 3)


@pytest.fixture
def world_free(seen: Callable[..., Seen], made: Callable[..., Any]) -> Callable[..., Any]:
    """The guess, and what comes of it."""

    def both(body: bytes, name: str) -> Any:
        guessed = seen(body, name).guess
        return guessed, made(body, name, guessed)

    return both


def test_an_array_larger_than_a_chunk_is_read_element_by_element(made: Callable[..., list[list[str]]]) -> None:
    rows = [{ASKED: f"{number} " + "눈" * 3_000, SAID: '[비]\\",'} for number in range(1_000)]

    found = made(json.dumps(rows, ensure_ascii=False).encode("utf-16"), "data.json")

    assert [texts[0].split()[0] for texts in found] == [str(number) for number in range(1_000)]
    assert {texts[1] for texts in found} == {'[비]\\",'}


@pytest.mark.parametrize(
    "body", [b'[{"a": 1}, {"a": ', b'[{"a": 1}, {"a" 2}]', b'[{"a": 1}', b"[" * 100_000, b'[{"a": "' + b"x" * 3_000_000]
)
def test_a_broken_array_names_its_element(seen: Callable[..., Seen], body: bytes) -> None:
    found = seen(body, "data.json", Bounds(cell=1_000_000))

    assert problem(found)[0] == "element_broken"


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes(["가", "나"], ["눈", "비"]))

    with pytest.raises(RefusedError) as refused:
        asking.convert(path, "a.csv", Way(header=True), Mapping(user=ASKED, assistant="나"), tmp_path / "out")

    assert (refused.value.fault.code, refused.value.fault.params) == ("column_missing", {"name": ASKED})


# --- what it is, and what it probably holds ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["번호", "질문", "답변"], ("질문", "답변", "", "")),
        (["Prompt", "Completion", "System"], ("Prompt", "Completion", "", "System")),
        (["지문", "질문", "정답"], ("질문", "정답", "지문", "")),
        (["question_ko", "answer_ko"], ("question_ko", "answer_ko", "", "")),
        (["가", "나", "다"], ("가", "나", "", "")),
        (["가"], ("가", "", "", "")),
        (["번호", "낱말", "짧은 글"], ("낱말", "짧은 글", "", "")),
    ],
)
def test_columns_are_guessed_by_their_names(
    seen: Callable[..., Seen], columns: list[str], expected: tuple[str, ...]
) -> None:
    row = ["1" if column == "번호" else "하나" for column in columns]

    guessed = seen(csv_bytes(columns, row), header=True).guess

    assert (guessed.user, guessed.assistant, guessed.context, guessed.system) == expected


@pytest.mark.parametrize(
    ("body", "name", "kind"),
    [
        (b"a,b", "A.CSV", "csv"),
        (b"a\tb", "a.tsv", "tsv"),
        (xlsx_bytes(["a"]), "a.xlsx", "xlsx"),
        (xlsx_bytes(["a"]), "a.csv", "xlsx"),
        (xlsx_bytes(["a"]), "a.jsonl", "xlsx"),
        (b"no zip", "a.xlsx", "csv"),
        (GOOD_BYTES, "a.jsonl", ""),
        (PAIR_BYTES, "a.json", ""),
    ],
)
def test_a_table_is_known_by_its_name_and_bytes(tmp_path: Path, body: bytes, name: str, kind: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(body)

    assert is_table(path, name) == kind


def test_rows_without_anything_in_these_columns_are_no_examples(made: Callable[..., list[list[str]]]) -> None:
    body = csv_bytes([ASKED, SAID, "메모"], ["눈", "비", ""], ["", "", "지울 것"], ["눈", "", ""])

    assert made(body) == [["눈", "비"], ["눈", ""]]
