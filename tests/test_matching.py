"""Which job of a service may be our order's: only what is readably different is not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from jobs.models import RemoteFile
from jobs.pipeline.matching import TAG, Order, is_whole, might_be, order_of, reaches_back, tag_of
from jobs.pipeline.record import move
from jobs.states import State
from tests.conftest import World
from tests.test_odd_answers import pushed

OURS = UUID("0d4ff2b0-55f1-4cbb-9a51-2f3b4b5f8a11")
THEIRS = "a7a6a7a2-0000-4000-8000-000000000000"
SINCE = datetime(2026, 11, 30, 12, tzinfo=UTC)
ORDER = Order(OURS, SINCE, "file-AbC123", "winter-0123456789ab.jsonl")
UUIDS = ORDER._replace(file_id="5f3b2c1e-7a90-4a55-8f0e-6f0d1c2b3a49")


@pytest.mark.parametrize(
    "remote",
    [
        {},
        {"metadata": None, "training_file": None, "created_at": None},
        {"metadata": {TAG: str(OURS)}},
        {"metadata": {TAG: str(OURS).upper()}},
        {"metadata": {TAG: "nonsense"}},
        {"metadata": [THEIRS]},
        {"created_at": "yesterday"},
        {"created_at": 0},
        {"created_at": (SINCE - timedelta(hours=23)).timestamp()},
        {"createTime": "2026-11-29T13:00:00Z"},
        {"training_file": "file-AbC123"},
        {"training_files": ["file-other", "file-AbC123"]},
        {"training_files": [{"id": "file-AbC123"}]},
        {"dataset": "accounts/a/datasets/file-AbC123"},
        {"training_file": "winter-0123456789ab.jsonl"},
        {"training_file": "other.jsonl"},
        {"training_file": "accounts/a/datasets/other"},
        {"training_file": "file-other", "input": {"path": "/files/file-AbC123"}},
        {"training_file": ""},
        {"training_file": 7},
        {"validation_file": "file-other", "result_files": ["file-other"]},
        {"model": "another"},
    ],
)
def test_what_cannot_be_told_from_ours_may_be_it(remote: dict[str, Any]) -> None:
    assert might_be({"id": "ftjob-1", **remote}, ORDER)


@pytest.mark.parametrize(
    ("remote", "order"),
    [
        ({"metadata": {TAG: THEIRS}}, ORDER),
        ({"created_at": (SINCE - timedelta(hours=25)).timestamp()}, ORDER),
        ({"createdAt": "2026-11-29T11:00:00Z"}, ORDER),
        ({"created": str(int((SINCE - timedelta(days=9)).timestamp() * 1000))}, ORDER),
        ({"training_file": "file-other"}, ORDER),
        ({"trainingFile": "file-other"}, ORDER),
        ({"training_file_id": "file-other"}, ORDER),
        ({"training_files": ["file-other", {"id": "file-more"}]}, ORDER),
        ({"training_file": "00000000-7a90-4a55-8f0e-6f0d1c2b3a49"}, UUIDS),
    ],
)
def test_what_is_readably_another_is_not(remote: dict[str, Any], order: Order) -> None:
    assert not might_be({"id": "ftjob-1", **remote}, order)


def test_no_file_is_another_while_ours_may_have_any_id() -> None:
    assert might_be({"id": "ftjob-1", "training_file": "file-other"}, ORDER._replace(file_id=""))


def test_our_file_by_its_name_is_ours_though_it_looks_like_an_id() -> None:
    named = ORDER._replace(file_name="file-of-winter-0123456789ab.jsonl")

    assert might_be({"id": "ftjob-1", "training_file": named.file_name}, named)


def test_ids_of_another_form_are_not_readable() -> None:
    assert might_be({"id": "ftjob-1", "training_file": "file-other"}, UUIDS)
    assert might_be({"id": "ftjob-1", "training_file": "5f3b2c1e-7a90"}, UUIDS)


@pytest.mark.parametrize("tag", [None, 7, [], "", "nonsense", str(OURS)[:-1]])
def test_a_tag_that_is_none_is_none(tag: object) -> None:
    assert tag_of({"metadata": {TAG: tag}}) is None


def made(*hours: float | None) -> list[dict[str, Any]]:
    """Jobs, each made so many hours before the order."""
    times = (None if ago is None else (SINCE - timedelta(hours=ago)).timestamp() for ago in hours)
    return [{"id": str(number), "created_at": time} for number, time in enumerate(times)]


@pytest.mark.parametrize(
    ("hours", "reaches"),
    [
        ((-1, 5, 25), True),
        ((-1, 5, 23), False),
        ((-1, None, 25), False),
        ((25, 5, -1), False),
        ((30, 29, 28), False),
        ((-1, 26, 25), False),
        ((25, 25), False),
        ((), False),
    ],
)
def test_a_list_reaches_back_where_it_is_in_order_and_ends_long_before(hours: Any, reaches: bool) -> None:
    assert reaches_back(made(*hours), ORDER) is reaches


@pytest.mark.parametrize("missing", ["metadata", "created_at", "training_file"])
def test_a_lean_item_lacks_what_tells_whose_it_is(missing: str) -> None:
    item = {"id": "1", "metadata": None, "created_at": 1780000000, "training_file": "file-1"}

    assert is_whole(item)
    assert not is_whole({name: value for name, value in item.items() if name != missing})


@pytest.mark.django_db
def test_an_order_that_was_given_again_counts_from_the_first_time(world: World) -> None:
    job = pushed(world)
    move(job, State.SUBMITTING, submitted_at=timezone.now())
    first = job.transitions.get(after=State.SUBMITTING).at
    job.submitted_at = first + timedelta(days=3)

    assert order_of(job).since <= first


@pytest.mark.django_db
@pytest.mark.parametrize(("sent", "sure"), [(-1, True), (1, False), (None, True)])
def test_the_id_of_a_file_that_was_sent_again_since_is_not_sure(world: World, sent: int | None, sure: bool) -> None:
    job = pushed(world)
    job.submitted_at = timezone.now()
    uploaded = None if sent is None else job.submitted_at + timedelta(minutes=sent)
    RemoteFile.objects.update(uploaded_at=uploaded)

    assert order_of(job).file_id == ("file-1" if sure else "")
