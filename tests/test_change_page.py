"""New versions by a form each, recorded so that they can be repeated on another file."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jobs.models import AuditEntry, FileFormat, FileState, Origin, TrainingFile
from jobs.origin_words import recorded
from jobs.pipeline.checking import check
from tests.conftest import World
from tests.factories import chat_lines, make_file
from tests.test_files_check import LEGACY
from tests.training_cases import answer, line, user

Login = Callable[..., Client]
PAIRS = "".join(line(user(f"눈 {n}"), answer(f"비 {n}")) + "\n" for n in range(12)).encode()


@pytest.fixture
def desk(world: World, login: Login) -> "Desk":
    return Desk(world, login(world.bob))


class Desk:
    """Bob at the page of a file."""

    def __init__(self, world: World, client: Client) -> None:
        self.world, self.client = world, client

    def change(self, file: TrainingFile, operation: str, **fields: Any) -> Any:
        return self.client.post(self.world.url(f"files/{file.uuid}/change/{operation}/"), fields)

    def made(self) -> list[TrainingFile]:
        """What was ordered, as the worker makes it."""
        for file in TrainingFile.objects.filter(state=FileState.CHECKING):
            check(file)
        return list(TrainingFile.objects.alive().exclude(parent=None).order_by("pk"))


def test_the_page_has_a_card_for_each_operation_that_fits(desk: Desk) -> None:
    shown = {}
    for kind in (FileFormat.CHAT, FileFormat.LEGACY, FileFormat.PREFERENCE):
        file = make_file(desk.world.team, format=kind)
        shown[kind] = set(desk.client.get(desk.world.url(f"files/{file.uuid}/change/")).context["cards"])

    any_file = {"split", "sample", "shuffle", "merge", "leave-out"}
    assert shown == {
        FileFormat.CHAT: any_file | {"prompt", "to-legacy"},
        FileFormat.LEGACY: any_file | {"to-chat"},
        FileFormat.PREFERENCE: any_file | {"preferred"},
    }


def test_a_file_with_faults_says_what_to_do_first(desk: Desk) -> None:
    file = make_file(desk.world.team, state=FileState.INVALID)

    page = desk.client.get(desk.world.url(f"files/{file.uuid}/change/"))
    refused = desk.change(file, "shuffle", seed=1)

    assert page.context["cards"] == {}
    assert "Nothing can be made of this file yet" in page.text
    assert (refused.status_code, desk.made()) == (302, [])


def test_a_file_is_split_into_two_that_are_the_whole(desk: Desk) -> None:
    parent = make_file(desk.world.team, chat_lines(60), name="essays.jsonl")

    response = desk.change(parent, "split", percent=80, seed=7)
    training, validation = desk.made()

    assert response.headers["Location"] == desk.world.url(f"files/{training.uuid}/")
    assert (training.name, validation.name) == ("essays-training.jsonl", "essays-validation.jsonl")
    assert [file.examples for file in (training, validation)] == [48, 12]
    assert training.options == {"ratio": 0.8, "seed": 7, "part": "training"}
    assert [recorded(file) for file in (training, validation)] == [
        ["For training: 80%", "Seed: 7"],
        ["For validation: 20%", "Seed: 7"],
    ]
    told = AuditEntry.objects.filter(action="file.changed")
    assert [(entry.before, entry.after) for entry in told.order_by("pk")] == [
        ({"file": "essays.jsonl"}, {"file": file.name, "origin": "split"}) for file in (training, validation)
    ]


@pytest.mark.parametrize(("examples", "proposed"), [(200, 90), (87, 89), (60, 84), (20, 52), (12, 90)])
def test_a_split_proposes_what_gives_two_files_that_can_be_used(desk: Desk, examples: int, proposed: int) -> None:
    file = make_file(desk.world.team, examples=examples)

    page = desk.client.get(desk.world.url(f"files/{file.uuid}/change/"))

    assert page.context["cards"]["split"]["percent"].initial == proposed


def test_a_file_too_small_to_be_split_says_so(desk: Desk) -> None:
    file = make_file(desk.world.team, chat_lines(19))

    response = desk.change(file, "split", percent=50, seed=7)

    told = "Each part needs at least 10 examples, and this file has 19. Merge it with another first."
    assert response.context["cards"]["split"].non_field_errors() == [told]
    assert desk.made() == []


def test_ordered_twice_it_is_made_once(desk: Desk) -> None:
    parent = make_file(desk.world.team, chat_lines(60))

    for _ in range(2):
        desk.change(parent, "split", percent=80, seed=7)

    assert len(desk.made()) == 2


@pytest.mark.parametrize(
    ("operation", "fields", "origin", "examples", "words"),
    [
        ("sample", {"count": 20, "seed": 3}, Origin.SAMPLED, 20, ["20 examples drawn", "Seed: 3"]),
        ("shuffle", {"seed": 3}, Origin.SHUFFLED, 60, ["Seed: 3"]),
        ("prompt", {"system_prompt": " 짧게 답한다. "}, Origin.PROMPTED, 60, []),
        ("prompt", {"system_prompt": ""}, Origin.PROMPTED, 60, ["The system prompt was taken away."]),
        ("leave-out", {"lines": "2, 4-6"}, Origin.REDUCED, 56, ["Lines left out: 2, 4, 5, 6"]),
    ],
)
def test_each_operation_makes_a_checked_version(
    desk: Desk, operation: str, fields: dict[str, Any], origin: Origin, examples: int, words: list[str]
) -> None:
    parent = make_file(desk.world.team, chat_lines(60))

    response = desk.change(parent, operation, **fields)
    [made] = desk.made()

    assert response.status_code == 302
    assert (made.parent, made.origin, made.state, made.examples) == (parent, origin, FileState.READY, examples)
    assert recorded(made) == words


def test_files_of_the_team_are_merged(desk: Desk) -> None:
    parent, other = make_file(desk.world.team), make_file(desk.world.team, name="more.jsonl")
    make_file(desk.world.mallory.ensure_team(), name="hers.jsonl")

    page = desk.client.get(desk.world.url(f"files/{parent.uuid}/change/"))
    desk.change(parent, "merge", others=[other.uuid])
    [made] = desk.made()

    assert page.context["cards"]["merge"].fields["others"].choices == [(str(other.uuid), "more.jsonl")]
    assert made.path.read_bytes() == parent.path.read_bytes() + other.path.read_bytes()
    assert recorded(made) == ["With: more.jsonl"]


def test_a_file_of_strangers_or_of_another_format_is_not_merged(desk: Desk) -> None:
    parent = make_file(desk.world.team)
    hers = make_file(desk.world.mallory.ensure_team())
    pairs = make_file(desk.world.team, LEGACY, format=FileFormat.LEGACY)

    for other in (hers, pairs):
        assert desk.change(parent, "merge", others=[other.uuid]).status_code == 422
    assert desk.made() == []


def test_chats_become_pairs_and_pairs_become_chats(desk: Desk) -> None:
    chat = make_file(desk.world.team, PAIRS)
    desk.change(chat, "to-legacy")
    [pairs] = desk.made()
    desk.change(pairs, "to-chat", system_prompt="짧게")
    made = desk.made()[-1]

    assert (pairs.format, pairs.examples, recorded(pairs)) == (FileFormat.LEGACY, 12, ["To prompts and completions"])
    assert (made.format, made.examples, made.options) == (FileFormat.CHAT, 12, {"system_prompt": "짧게"})


def test_what_fits_no_pair_is_counted_and_refused_beforehand(desk: Desk) -> None:
    file = make_file(desk.world.team, chat_lines(60))  # with system prompts

    response = desk.change(file, "to-legacy")

    assert response.status_code == 422
    assert response.context["cards"]["to-legacy"].non_field_errors() == [
        "Examples that are more than one question and one answer: 60, the first on line 1. "
        "Take the system prompt away or leave these lines out first."
    ]
    assert desk.made() == []


def test_preferences_become_chats_with_the_better_answer(desk: Desk) -> None:
    rows = [
        {
            "input": {"messages": [user(f"눈 {n}")]},
            "preferred_output": [answer()],
            "non_preferred_output": [answer("!")],
        }
        for n in range(12)
    ]
    file = make_file(desk.world.team, "\n".join(map(json.dumps, rows)).encode(), format=FileFormat.PREFERENCE)

    desk.change(file, "preferred")
    [made] = desk.made()

    assert (made.format, made.examples, recorded(made)) == (FileFormat.CHAT, 12, ["To chats with the preferred answer"])


def test_what_cannot_be_made_says_why_and_is_not_tried_again(desk: Desk) -> None:
    file = make_file(desk.world.team, chat_lines(12), format=FileFormat.PREFERENCE)  # the row errs about its bytes

    desk.change(file, "preferred")
    [made] = desk.made()

    assert (made.state, made.check_due_at, made.report["fault_counts"]) == (FileState.INVALID, None, {"unfit": 1})


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("split", {"percent": 100, "seed": 7}),
        ("split", {"percent": 50, "seed": -1}),
        ("split", {"percent": 90, "seed": 7}),  # 6 examples are no file
        ("sample", {"count": 60, "seed": 7}),
        ("sample", {"count": "many", "seed": 7}),
        ("merge", {}),
        ("leave-out", {"lines": "0"}),
        ("leave-out", {"lines": "9-3"}),
        ("leave-out", {"lines": "1-99999999999"}),
        ("leave-out", {"lines": "첫 줄"}),
        ("leave-out", {"lines": "²"}),
    ],
)
def test_bad_input_is_said_on_its_card(desk: Desk, operation: str, fields: dict[str, Any]) -> None:
    file = make_file(desk.world.team, chat_lines(60))

    response = desk.change(file, operation, **fields)

    assert response.status_code == 422
    assert response.context["cards"][operation].errors
    assert desk.made() == []


def test_an_unknown_operation_is_not_found(desk: Desk) -> None:
    assert desk.change(make_file(desk.world.team), "melt").status_code == 404


def test_an_operation_is_repeated_on_another_file(desk: Desk) -> None:
    first = make_file(desk.world.team, chat_lines(60), name="a.jsonl")
    second = make_file(desk.world.team, chat_lines(60, "비"), name="b.jsonl")
    desk.change(first, "split", percent=80, seed=11)
    made = desk.made()[0]

    page = desk.client.get(desk.world.url(f"files/{made.uuid}/"))
    form = desk.client.get(desk.world.url(f"files/{made.uuid}/repeat/"))
    desk.client.post(desk.world.url(f"files/{made.uuid}/repeat/"), {"file": second.uuid})
    again = desk.made()[2:]

    assert f"files/{made.uuid}/repeat/" in page.text
    assert str(second.uuid) in dict(form.context["choices"])
    assert str(first.uuid) not in dict(form.context["choices"])
    assert [(file.name, file.parent, file.options["seed"]) for file in again] == [
        ("b-training.jsonl", second, 11),
        ("b-validation.jsonl", second, 11),
    ]


def test_what_was_uploaded_has_nothing_to_repeat(desk: Desk) -> None:
    file = make_file(desk.world.team)

    assert desk.client.get(desk.world.url(f"files/{file.uuid}/repeat/")).status_code == 404
    assert "/repeat/" not in desk.client.get(desk.world.url(f"files/{file.uuid}/")).text


def test_nothing_is_repeated_on_a_strangers_file(desk: Desk) -> None:
    made = make_file(desk.world.team, parent=make_file(desk.world.team), origin=Origin.SHUFFLED, options={"seed": 1})
    hers = make_file(desk.world.mallory.ensure_team())

    response = desk.client.post(desk.world.url(f"files/{made.uuid}/repeat/"), {"file": hers.uuid})

    assert (response.status_code, desk.made()) == (422, [made])
