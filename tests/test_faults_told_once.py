"""A fault that many lines have is one row of a file's page."""

from collections.abc import Callable
from typing import Any
from unicodedata import normalize

from django.test import Client
from django.utils import timezone

from jobs.models import TrainingFile
from jobs.pipeline.checking import check
from tests.cases import path_of
from tests.conftest import World
from tests.factories import make_file
from tests.test_files_check import waiting
from tests.training_cases import GOOD, GOOD_BYTES, PREFERENCE

Login = Callable[..., Client]
TABLE = "질문,답변\r\n눈,비\r\n"


def checked(world: World, body: bytes, **fields: Any) -> TrainingFile:
    file = waiting(world, body, **fields)
    check(file)
    file.refresh_from_db()
    return file


def page_of(world: World, client: Client, file: TrainingFile) -> Any:
    return client.get(world.url(f"files/{file.uuid}/"))


def test_one_row_tells_how_many_lines_have_it_and_the_first_of_them(world: World, login: Login) -> None:
    file = checked(world, GOOD_BYTES.decode().encode("cp949"))

    page = page_of(world, login(world.carol), file)

    (fault,) = page.context["facts"].faults
    assert (fault.line, fault.times, fault.lines) == (1, 12, [*range(1, 11)])
    assert "and 11 more" in page.text
    assert "First lines: 1 · 2 · 3 · 4 · 5 · 6 · 7 · 8 · 9 · 10 …" in page.text
    assert "The file can be put right below" in page.text
    assert "Mend the file as the table says" not in page.text


def test_what_can_be_converted_is_pointed_to_beside_the_lines(world: World, login: Login) -> None:
    file = checked(world, path_of("08").read_bytes())

    page = page_of(world, login(world.bob), file)

    assert f'href="{world.url(f"files/{file.uuid}/map/")}"' in page.text
    assert "It can be turned into training data above." in page.text
    assert "?finding=fault" in page.text
    assert "Mend the file as the table says" not in page.text


def test_no_lines_are_to_be_edited_where_only_the_whole_file_is_at_fault(world: World, login: Login) -> None:
    file = checked(world, b"\n".join(GOOD_BYTES.splitlines()[:6]))

    page = page_of(world, login(world.bob), file)

    assert [fault.line for fault in page.context["facts"].faults] == [0]
    assert "?finding=fault" not in page.text
    assert "Mend the file as the table says" in page.text


def test_what_the_report_did_not_keep_is_counted_too(world: World, login: Login) -> None:
    file = checked(world, b"\n" * 150 + GOOD_BYTES)

    facts = page_of(world, login(world.carol), file).context["facts"]

    assert [(fault.times, len(fault.lines)) for fault in facts.faults] == [(150, 10)]
    assert facts.faults_unsaid == 0


def test_faults_that_say_different_things_stay_apart(world: World, login: Login) -> None:
    wrong = "\n".join(f"line {number:03}" for number in range(130)).encode()
    file = checked(world, GOOD_BYTES + wrong)

    page = page_of(world, login(world.carol), file)

    facts = page.context["facts"]
    assert [fault.times for fault in facts.faults] == [1] * 100
    assert facts.faults_unsaid == 30
    assert "30 more faults are not listed here." in page.text
    assert "Mend the file as the table says" in page.text


def test_lines_are_mended_where_their_examples_are(world: World, login: Login) -> None:
    file = checked(world, GOOD_BYTES + b"no example")
    client = login(world.bob)

    page = page_of(world, client, file)

    listed = world.url(f"files/{file.uuid}/examples/?finding=fault")
    assert f'<a href="{listed}">Mend the lines here</a>' in page.text
    assert f'<a href="{listed}&amp;line=13">13</a>' in page.text
    assert [each.number for each in client.get(listed).context["examples"]] == [13]


def test_the_two_answers_of_a_preference_are_told_apart(world: World, login: Login) -> None:
    file = checked(world, f"{PREFERENCE}\n".encode() * 12)

    sample = page_of(world, login(world.carol), file).context["facts"].sample

    assert [[message["content"] for message in side] for side in sample[0]] == [["눈"], ["함박눈이 내렸다."], ["눈."]]


def test_a_table_says_that_it_is_one(world: World, login: Login) -> None:
    file = checked(world, TABLE.encode("cp949"), name="winter.csv")
    client = login(world.bob)

    listed, page = client.get(world.url("files/")), page_of(world, client, file)
    change = client.get(world.url(f"files/{file.uuid}/change/"))

    assert [each.is_table for each in listed.context["page"]] == [True]
    assert "Choose its columns before training" in listed.text
    assert "Not checked" not in listed.text + page.text
    assert f"files/{file.uuid}/examples/" not in page.text
    assert f"files/{file.uuid}/map/" in change.text


def test_the_encoding_of_a_table_is_chosen_with_its_columns(world: World, login: Login) -> None:
    saved_badly = checked(world, TABLE.encode("cp949"), name="winter.csv")
    apart = checked(world, normalize("NFD", TABLE).encode(), name="apart.csv")
    client = login(world.bob)

    assert page_of(world, client, saved_badly).context["facts"].repair is None
    assert page_of(world, client, apart).context["facts"].repair["apart"] == 2


def test_letters_taken_apart_are_not_told_as_an_encoding(world: World, login: Login) -> None:
    file = checked(world, normalize("NFD", "\n".join(GOOD)).encode())

    page = page_of(world, login(world.bob), file)

    assert "letters taken apart" in page.text
    assert "This looks like UTF-8" not in page.text


def test_a_deleted_file_is_not_priced(world: World, login: Login) -> None:
    file = make_file(world.team, tokens=1_000_000, deleted_at=timezone.now())

    page = page_of(world, login(world.bob), file)

    assert "What training would cost" not in page.text
    assert "Check it again to know." not in page.text
