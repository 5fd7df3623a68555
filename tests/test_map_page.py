"""A table comes in as it is; a person says which column is what, sees ten examples, and it becomes training data."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import AuditEntry, FileFormat, FileState, Origin, TrainingFile
from jobs.origin_words import recorded
from jobs.pipeline.checking import check
from jobs.training_data.tables.shapes import BOUNDS
from tests.conftest import World
from tests.test_tables import ALPACA, SHAREGPT, csv_bytes, xlsx_bytes
from tests.training_cases import GOOD_BYTES

Login = Callable[..., Client]
ROWS = [[str(n), f"{n}번째 눈은?", f"{n}번째 답"] for n in range(12)]
HEAD = ["번호", "질문", "답변"]


class Desk:
    """Bob, who uploads tables."""

    def __init__(self, world: World, client: Client) -> None:
        self.world, self.client = world, client

    def upload(self, body: bytes, name: str) -> TrainingFile:
        response = self.client.post(self.world.url("files/new/"), {"upload": SimpleUploadedFile(name, body)})
        file = TrainingFile.objects.get(uuid=response.headers["Location"].split("/")[-2])
        check(file)
        file.refresh_from_db()
        return file

    def page(self, file: TrainingFile, **fields: Any) -> Any:
        url = self.world.url(f"files/{file.uuid}/map/")
        return self.client.post(url, fields) if fields else self.client.get(url)

    def make(self, table: TrainingFile, **fields: Any) -> Any:
        """Send the form as the page shows it, but for these fields."""
        shown = {name: value for name, value in self.page(table).context["form"].initial.items() if value is not None}
        return self.page(table, **{**shown, "read": "on", "make": "on", **fields})

    def made(self) -> TrainingFile:
        file = TrainingFile.objects.get(origin=Origin.MAPPED)
        check(file)
        file.refresh_from_db()
        return file


@pytest.fixture
def desk(world: World, login: Login) -> Desk:
    return Desk(world, login(world.bob))


def shown(page: Any) -> list[list[str]]:
    return [[message["content"] for message in each.messages] for each in page.context["examples"]]


TABLES = {
    "winter.csv": csv_bytes(HEAD, *ROWS),
    "korean-excel.csv": csv_bytes(HEAD, *ROWS, encoding="cp949"),
    "winter.tsv": csv_bytes(HEAD, *ROWS, encoding="utf-16", delimiter="\t"),
    "winter.xlsx": xlsx_bytes(HEAD, *ROWS),
    "winter.json": json.dumps([dict(zip(HEAD, row, strict=True)) for row in ROWS]).encode(),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_becomes_training_data(desk: Desk, name: str) -> None:
    table = desk.upload(TABLES[name], name)

    page = desk.page(table)
    response = desk.make(table)
    made = desk.made()

    assert (table.state, table.name) == (FileState.INVALID, name)
    assert shown(page) == [[asked, said] for _number, asked, said in ROWS[:10]]
    assert response.headers["Location"] == desk.world.url(f"files/{made.uuid}/")
    assert (made.parent, made.state, made.format, made.examples) == (table, FileState.READY, FileFormat.CHAT, 12)
    assert made.name == name.split(".")[0] + "-chat.jsonl"
    assert recorded(made)[:2] == ["User: 질문", "Assistant: 답변"]
    entry = AuditEntry.objects.get(action="file.changed")
    assert (entry.before, entry.after) == ({"file": name}, {"file": made.name, "origin": "mapped"})


@pytest.mark.parametrize(("row", "words"), [(ALPACA, "Read as Alpaca"), (SHAREGPT, "Read as ShareGPT")])
def test_known_shapes_need_no_choice(desk: Desk, row: dict[str, Any], words: str) -> None:
    body = "\n".join(json.dumps(row, ensure_ascii=False) for _ in range(12)).encode()
    table = desk.upload(body, "data.jsonl")

    report = desk.client.get(desk.world.url(f"files/{table.uuid}/"))
    desk.make(table)

    assert f"files/{table.uuid}/map/" in report.text
    assert (recorded(desk.made()), desk.made().examples) == ([words], 12)


def test_the_report_of_a_table_leads_to_the_choice_and_tells_no_faults(desk: Desk) -> None:
    table = desk.upload(TABLES["winter.csv"], "winter.csv")

    report = desk.client.get(desk.world.url(f"files/{table.uuid}/"))

    assert table.report["fault_counts"] == {"table": 1}
    assert f"files/{table.uuid}/map/" in report.text
    assert "faults.csv" not in report.text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("winter.csv", csv_bytes(HEAD, *ROWS, encoding="cp949")),
        ("alpaca.json", json.dumps([ALPACA] * 12).encode()),
    ],
)
def test_what_wants_its_columns_chosen_asks_for_nothing_else(desk: Desk, name: str, body: bytes) -> None:
    table = desk.upload(body, name)

    report = desk.client.get(desk.world.url(f"files/{table.uuid}/"))
    listed = desk.client.get(desk.world.url("files/"))
    examples = desk.client.get(desk.world.url(f"files/{table.uuid}/examples/"))

    assert ">Table<" in report.text
    assert [word in report.text for word in ("The file can be put right", "upload it again", "Not checked")] == [
        False
    ] * 3
    assert ">Table<" in listed.text
    assert [f"files/{table.uuid}/{tab}/" in report.text for tab in ("examples", "change")] == [False] * 2
    assert examples.headers["Location"] == desk.world.url(f"files/{table.uuid}/")


def test_what_is_chosen_is_shown_before_anything_is_made(desk: Desk) -> None:
    table = desk.upload(TABLES["winter.csv"], "winter.csv")

    page = desk.page(table, read="on", header="1", show="on", user="답변", assistant="질문", system="번호")

    assert shown(page)[1] == ["1", "1번째 답", "1번째 눈은?"]
    assert not TrainingFile.objects.filter(origin=Origin.MAPPED).exists()


def test_read_another_way_the_columns_are_guessed_anew(desk: Desk) -> None:
    table = desk.upload(xlsx_bytes(HEAD, *ROWS, other=["눈", "비"]), "winter.xlsx")

    page = desk.page(table, read="on", sheet="자료", header="0", user="질문", assistant="답변")

    assert shown(page) == [["눈", "비"]]
    assert page.context["look"].columns == ["A", "B"]


def test_an_unknown_encoding_must_be_chosen(desk: Desk) -> None:
    table = desk.upload(csv_bytes(HEAD, *ROWS, encoding="cp949") + "그리고 눈,,\n".encode(), "mixed.csv")

    page = desk.page(table)
    forced = desk.page(table, read="on", encoding="cp949", header="1", delimiter="comma")

    assert page.context["problem"].message == "The text is not encoded as UTF-8, CP949."
    assert "Make training data" not in page.text
    assert forced.status_code == 200


def test_what_is_missing_is_said(desk: Desk) -> None:
    table = desk.upload(TABLES["winter.csv"], "winter.csv")

    response = desk.make(table, assistant="")

    assert response.status_code == 422
    assert response.context["form"].errors["assistant"] == ["Choose a column."]
    assert not TrainingFile.objects.filter(origin=Origin.MAPPED).exists()


def test_a_broken_workbook_says_what_to_do(desk: Desk) -> None:
    table = desk.upload(b"PK\x03\x04 broken", "winter.xlsx")

    page = desk.page(table)

    assert page.context["problem"].message == "The table cannot be read. Kind: XLSX"


def test_a_table_that_breaks_later_on_says_where(desk: Desk) -> None:
    lines = csv_bytes(HEAD, *ROWS) + b"1,q,a\r\n" * BOUNDS.looked_at  # further than a page looks
    table = desk.upload(lines + b'12,"never closed,x\r\n' * 2, "winter.csv")
    initial = {
        "user": "질문",
        "assistant": "답변",
        "encoding": "utf-8",
        "delimiter": "comma",
        "header": "1",
        "read": "on",
    }

    shown_first = desk.page(table)
    desk.page(table, make="on", **initial)
    made = desk.made()

    assert "looked_at_first" in [note.code for note in shown_first.context["look"].notes]
    assert (made.state, [fault["code"] for fault in made.report["faults"]]) == (FileState.INVALID, ["table_quotes"])


def test_a_good_file_has_no_columns_to_choose(desk: Desk) -> None:
    file = desk.upload(GOOD_BYTES, "good.json")

    assert file.state == FileState.READY
    assert desk.page(file).headers["Location"] == desk.world.url(f"files/{file.uuid}/")


def test_a_mapping_is_repeated_on_the_next_table(desk: Desk) -> None:
    first = desk.upload(TABLES["winter.csv"], "winter.csv")
    desk.make(first)
    made = desk.made()
    second = desk.upload(csv_bytes(HEAD, *ROWS, ["12", "새 눈은?", "새 답"]), "next.csv")

    desk.client.post(desk.world.url(f"files/{made.uuid}/repeat/"), {"file": second.uuid})

    again = TrainingFile.objects.get(origin=Origin.MAPPED, parent=second)
    check(again)
    again.refresh_from_db()
    assert (again.examples, again.options) == (13, made.options)


TITLED = csv_bytes(["2024년 문의"], ["작성", "봄"], HEAD, *ROWS)


def notes(page: Any) -> list[str]:
    return [note.message for note in page.context["notes"]]


def test_the_header_can_be_chosen(desk: Desk) -> None:
    table = desk.upload(TITLED, "titled.csv")

    found = desk.page(table)
    other = desk.page(table, header="0", shape="columns")

    assert found.context["form"].initial["header"] == 3
    assert "Row 3: 번호 · 질문 · 답변" in found.text
    assert "Rows above the header are left out: 2. The first: 2024년 문의" in notes(found)
    assert other.context["look"].columns == ["A", "B", "C"]


def test_what_is_left_out_is_said_before_and_with_the_new_file(desk: Desk) -> None:
    table = desk.upload(TITLED, "titled.csv")

    said = notes(desk.page(table))
    desk.make(table)
    made = desk.made()

    assert "Columns that are left out: 번호" in said
    assert recorded(made) == ["User: 질문", "Assistant: 답변", *said]
    assert said[0] in desk.client.get(desk.world.url(f"files/{made.uuid}/")).text.replace("&#x27;", "'")


def test_notes_are_of_one_file_and_are_not_repeated(desk: Desk) -> None:
    desk.make(desk.upload(TITLED, "titled.csv"))
    made = desk.made()
    plain = desk.upload(csv_bytes(["질문", "답변"], *[row[1:] for row in ROWS]), "plain.csv")

    desk.client.post(desk.world.url(f"files/{made.uuid}/repeat/"), {"file": plain.uuid})
    again = TrainingFile.objects.get(origin=Origin.MAPPED, parent=plain)

    assert "notes" not in again.options


def test_hidden_rows_are_read_where_that_is_ticked(desk: Desk) -> None:
    body = xlsx_bytes(HEAD, *ROWS, hidden_row=2)
    table = desk.upload(body, "hidden.xlsx")

    page = desk.page(table)
    ticked = desk.page(table, hidden="on", header="1")

    assert (shown(page)[0][0], shown(ticked)[0][0]) == ("1번째 눈은?", "0번째 눈은?")
    assert "Hidden rows are left out: 1, the first is row 2." in notes(page)
    assert ("hidden" in page.context["form"].fields, ticked.context["form"]["hidden"].value()) == (True, True)


def test_worse_answers_make_preferences(desk: Desk) -> None:
    table = desk.upload(csv_bytes(["q", "good", "bad"], *[[f"{n}?", f"g{n}", f"b{n}"] for n in range(12)]), "pairs.csv")

    desk.make(table, user="q", assistant="good", rejected="bad")
    made = desk.made()

    assert (made.format, made.examples) == (FileFormat.PREFERENCE, 12)


@pytest.mark.parametrize("name", ["kto.json", "kto.jsonl"])
def test_ready_examples_need_no_choice(desk: Desk, name: str) -> None:
    rows = [json.loads(line) | {"label": n % 2 == 0} for n, line in enumerate(GOOD_BYTES.splitlines() * 4)]
    body = json.dumps(rows) if name == "kto.json" else "\n".join(map(json.dumps, rows))
    table = desk.upload(body.encode(), name)

    report = desk.client.get(desk.world.url(f"files/{table.uuid}/"))
    page = desk.page(table)

    assert f"files/{table.uuid}/map/" in report.text
    assert page.context["form"].initial["shape"] == "ready"
    assert any("Rows whose label says that the answer is bad are left out" in note for note in notes(page))


@pytest.mark.parametrize(("body", "words"), [(b"<html><table>", "Kind: HTML"), (b"\x9b DRMONE ", "DRM")])
def test_what_is_no_table_is_a_fault_and_no_choice(desk: Desk, body: bytes, words: str) -> None:
    table = desk.upload(body, "portal.xlsx")

    report = desk.client.get(desk.world.url(f"files/{table.uuid}/"))

    assert words in report.text
    assert f"files/{table.uuid}/map/" not in report.text
