"""The state machine is whole, and its picture is fresh."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.management.commands.states import MEANING, picture
from jobs.states import ACTIVE, CLAIMED, FINAL, NEXT, State


def reachable(start: State) -> set[State]:
    seen: set[State] = set()
    edge = {start}
    while edge:
        seen |= edge
        edge = {after for state in edge for after in NEXT[state]} - seen
    return seen


def test_every_state_is_placed_and_explained() -> None:
    assert set(NEXT) == set(State)
    assert set(MEANING) == set(State)


def test_every_state_can_be_reached_and_every_active_one_can_end() -> None:
    assert reachable(State.NEW) | reachable(State.ADOPTING) == set(State)
    assert [state for state in ACTIVE if not reachable(state) & FINAL] == []


def test_an_end_is_an_end_and_a_claim_can_be_given_back() -> None:
    assert {state for state in State if not NEXT[state]} == {State.SUCCEEDED, State.FAILED, State.CANCELLED}
    assert FINAL - {state for state in State if not NEXT[state]} == {State.RECORDED}
    assert NEXT[State.RECORDED] == {State.ADOPTING}
    assert not CLAIMED & FINAL


def test_lost_answer_never_leads_straight_to_submitting_again() -> None:
    assert State.SUBMITTING not in NEXT[State.UNSURE]


def test_picture_draws_each_arrow_once() -> None:
    drawn = [line.strip() for line in picture().splitlines() if "-->" in line and "[*]" not in line]

    assert sorted(drawn) == sorted(f"{state} --> {after}" for state in State for after in NEXT[state])


def test_committed_picture_is_fresh() -> None:
    call_command("states", "--check")


def test_check_refuses_a_stale_picture_and_writing_mends_it(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/states.md").write_text("old")

    with pytest.raises(CommandError):
        call_command("states", "--check")
    call_command("states")

    call_command("states", "--check")
    assert (tmp_path / "docs/states.md").read_text() == picture()
