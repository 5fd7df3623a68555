"""Personal data is hidden wherever a page or a download quotes the data, also where the quote cuts it in two."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jobs.models import Team, TrainingFile
from jobs.pipeline.checking import check
from jobs.training_data.reading import SHOWN_CHARACTERS
from tests.conftest import World
from tests.factories import make_file
from tests.test_files_check import waiting
from tests.test_tables import csv_bytes
from tests.training_cases import GOOD_BYTES, answer, line, user, with_line_four

type Login = Callable[..., Client]

PHONE = "010-1234-5678"
BEGINNING = "010-1"  # of it; a page may show `010-●`
CUT = "글" * (SHOWN_CHARACTERS - 7) + PHONE + " 끝" * 100  # goes through the number
LONG = line(user(f"누구? {PHONE}"), answer(CUT))


def checked(world: World, body: bytes, **fields: Any) -> TrainingFile:
    file = waiting(world, body, **fields)
    check(file)
    file.refresh_from_db()
    return file


def get(client: Client, file: TrainingFile, tail: str = "") -> str:
    response = client.get(f"/t/{file.team.slug}/files/{file.uuid}/{tail}")
    body: bytes = response.getvalue()  # of a stream too
    return body.decode()


@pytest.mark.parametrize("tail", ["", "examples/"])
def test_a_long_text_shows_no_beginning_of_a_number_where_it_is_cut(world: World, login: Login, tail: str) -> None:
    file = checked(world, f"{LONG}\n".encode() + GOOD_BYTES)
    carol = login(world.carol)

    hidden = get(carol, file, tail)
    Team.objects.update(privacy=False)
    shown = get(carol, file, tail)

    assert (hidden.count("010-●●●●-●●●●"), hidden.count("글010-●●●"), hidden.count(BEGINNING)) == (1, 1, 0)
    assert (shown.count(PHONE), shown.count("글010-123"), "010-1234 " in shown) == (1, 1, False)


def test_a_text_that_is_no_example_is_hidden_at_its_cut_too(world: World, login: Login) -> None:
    bad = "글" * (SHOWN_CHARACTERS - 8) + PHONE + " 끝" * 100

    shown = get(login(world.carol), checked(world, with_line_four(bad)), "examples/")

    assert ("글010-●●●…" in shown, BEGINNING in shown) == (True, False)


QUOTED = {
    "whole": f"{PHONE}, 김봄",
    "cut": "글" * 10 + f" {PHONE}, 김봄",
}


@pytest.mark.parametrize("tail", ["", "examples/", "faults.csv"])
@pytest.mark.parametrize("bad", QUOTED.values(), ids=QUOTED)
def test_a_fault_quotes_no_personal_data(world: World, login: Login, bad: str, tail: str) -> None:
    file = checked(world, with_line_four(bad))
    carol = login(world.carol)

    hidden = get(carol, file, tail)
    Team.objects.update(privacy=False)
    shown = get(carol, file, tail)

    assert (BEGINNING in hidden, "It begins with: " in hidden) == (False, True)
    assert BEGINNING in shown


def test_the_preview_of_a_table_hides_it(world: World, login: Login) -> None:
    rows = [[f"누구 {n}?", f"김봄 {PHONE}"] for n in range(12)]
    file = checked(world, csv_bytes(["질문", "답변"], *rows), name="people.csv")
    bob = login(world.bob)

    hidden = get(bob, file, "map/")
    Team.objects.update(privacy=False)
    shown = get(bob, file, "map/")

    told = 10 + 12  # as examples, and as rows that may be the header
    assert (hidden.count("김봄 010-●●●●-●●●●"), hidden.count(BEGINNING), shown.count(PHONE)) == (told, 0, told)


def test_the_lines_that_a_repair_shows_hide_it(world: World, login: Login) -> None:
    body = GOOD_BYTES.decode().replace('"첫눈 0"', f'"첫눈 {PHONE}"').replace('"첫눈 1"', f'"{"글" * 44} {PHONE}"')
    file = checked(world, body.encode("cp949"))
    carol = login(world.carol)

    hidden = get(carol, file)
    Team.objects.update(privacy=False)
    shown = get(carol, file)

    assert ("Before" in hidden, BEGINNING in hidden, "첫눈 010-●●●●-●●●●" in hidden) == (True, False, True)
    assert f"첫눈 {PHONE}" in shown


def test_the_comparison_hides_it_at_the_cut(world: World, login: Login) -> None:
    old = make_file(world.team, GOOD_BYTES)
    new = make_file(world.team, f"{LONG}\n".encode() + GOOD_BYTES, parent=old)

    shown = get(login(world.carol), new, f"compare/{old.uuid}/")

    assert ("글010-●●●" in shown, BEGINNING in shown) == (True, False)
