"""One order, one job, whatever a service makes of OpenAI's API, and whichever answer of it gets lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jobs.models import FineTuneJob
from jobs.pipeline import settling
from jobs.pipeline.matching import TAG
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job
from tests.far_side import FarSide, Habits, serving
from tests.walking import fresh, step, walk

pytestmark = pytest.mark.django_db(transaction=True)

LEAN = ("id", "object", "status")
LANES = {
    "as OpenAI": Habits(),
    "ISO times": Habits(times="iso"),
    "milliseconds": Habits(times="ms"),
    "prefixed model": Habits(model_prefix="openai/"),
    "plural file": Habits(file_field="training_files"),
    "other file field": Habits(file_field="dataset", file_form="accounts/bomnal/datasets/{}"),
    "no file field": Habits(file_field=""),
    "late clock": Habits(clock=timedelta(minutes=-47)),
    "clock in another zone": Habits(clock=timedelta(hours=-9)),
    "early clock": Habits(clock=timedelta(hours=9)),
    "times without a zone": Habits(times="naive", clock=timedelta(hours=9)),
    "no times": Habits(times="none"),
    "filter ignored": Habits(tag_filter="ignored"),
    "filter refused 400": Habits(tag_filter=400),
    "filter refused 422": Habits(tag_filter=422),
    "filter refused 404": Habits(tag_filter=404),
    "filter refused 501": Habits(tag_filter=501),
    "filter breaks it": Habits(tag_filter=500),
    "limit refused": Habits(refuses_limit=True, tag_filter=422),
    "lean list": Habits(list_keys=LEAN, tag_filter="ignored"),
    "lean list without times": Habits(list_keys=("id", "model"), times="none", tag_filter=400),
    "filter answered oddly": Habits(tag_filter="odd"),
    "neither has_more nor after": Habits(pages="bare", refuses_after=True, tag_filter=400),
    "no has_more": Habits(pages="bare", tag_filter="ignored"),
    "three a page": Habits(pages="capped", tag_filter=400),
    "all at once": Habits(pages="all", tag_filter=400),
    "as Together": Habits(
        times="iso",
        names=(("trained_tokens", "token_count"), ("fine_tuned_model", "model_output_name")),
        words=(("succeeded", "completed"), ("failed", "error")),
        pages="all",
        tag_filter=400,
    ),
    "as Fireworks": Habits(
        times="iso",
        names=(("created_at", "createTime"), ("finished_at", "completedTime"), ("training_file", "dataset")),
        words=(("succeeded", "JOB_STATE_COMPLETED"), ("running", "JOB_STATE_RUNNING")),
        file_form="accounts/bomnal/datasets/{}",
        pages="bare",
        tag_filter="ignored",
    ),
    "as Unsloth": Habits(model_prefix="unsloth/", list_keys=(*LEAN, "created_at", "model"), tag_filter="ignored"),
    "oldest first": Habits(oldest_first=True, pages="capped", tag_filter="ignored"),
}
UNTAGGED = {
    f"no metadata, {name}": Habits(**{**vars(habits), "has_metadata": False, "tag_filter": "ignored"})
    for name, habits in LANES.items()
    if not name.startswith("filter")
}


@contextmanager
def lane(world: World, settings: Any, habits: Habits, *lose: str) -> Iterator[tuple[FarSide, FineTuneJob]]:
    """A service with these habits and some jobs of others, and an order to it."""
    with serving(FarSide(habits, list(lose))) as far:
        settings.UPSTREAM_HOSTS = [far.address.split("/")[2]]
        settings.ORDER_SECONDS = 5
        for age in (60, 50, 40, 30):
            far.add({"model": "gpt-4o-mini", "training_file": f"file-x{age}"}, timedelta(days=age))
        connection = make_connection(world.team, "sk-far-side-key", profile="custom", base_url=far.address)
        yield far, make_job(world.team, connection=connection, base_model="gpt-4o-mini-2024-07-18")


def ours(far: FarSide, job: FineTuneJob) -> list[str]:
    """The jobs that this order has made over there, as only the service itself can know."""
    return [one["id"] for one in far.jobs if (one["metadata"] or {}).get(TAG) == str(job.uuid)]


def settled(far: FarSide, job: FineTuneJob, by: Any) -> tuple[FineTuneJob, int]:
    """Walk until the job trains; whenever a person is needed, they say the truth. Returns how often that was."""
    decisions = 0
    for _ in range(80):
        job = fresh(job)
        if job.state == State.RUNNING:
            return job, decisions
        if job.needs_a_person:
            there = ours(far, job)
            assert not there or there[0] in [candidate["id"] for candidate in job.candidates]
            if there or job.can_start_again:
                decisions += 1
                assert settling.decide(job, there[0] if there else "", by)
                continue
        with time_machine.travel(max(job.due_at or timezone.now(), timezone.now()), tick=True):
            job = step(job)
    raise AssertionError(f"still {job.state}: {job.trouble}")


def bill_of(far: FarSide, job: FineTuneJob) -> int | None:
    far.finish()
    return walk(job, State.SUCCEEDED).trained_tokens


@pytest.mark.parametrize("lost", ["", "before", "after"])
@pytest.mark.parametrize("name", LANES)
def test_one_job_and_its_bill_where_orders_keep_their_tag(world: World, settings: Any, name: str, lost: str) -> None:
    with lane(world, settings, LANES[name], lost) as (far, job):
        job, decisions = settled(far, job, world.alice)

        assert ours(far, job) == [job.remote_id]
        assert (far.orders, decisions) == (2 if lost == "before" else 1, 0)
        assert bill_of(far, job) == 5000


@pytest.mark.parametrize("lost", ["before", "after"])
@pytest.mark.parametrize("name", UNTAGGED)
def test_one_job_and_its_bill_where_a_person_has_to_say_which(
    world: World, settings: Any, name: str, lost: str
) -> None:
    with lane(world, settings, UNTAGGED[name], lost) as (far, job):
        job, decisions = settled(far, job, world.alice)

        assert ours(far, job) == [job.remote_id]
        assert decisions == 1 or lost == "before"
        assert bill_of(far, job) == 5000


def test_jobs_that_are_readably_others_need_no_person(world: World, settings: Any) -> None:
    """Another file, another order's tag, a row of ours, long before: none of them is a candidate."""
    with lane(world, settings, Habits(), "before") as (far, job):
        job = walk(job, State.READY)
        sent = far.files.keys() - {""}
        file_id = next(iter(sent))
        order = {"model": job.base_model, "training_file": file_id}
        far.add(order | {"training_file": "file-other"})
        far.add(order | {"metadata": {TAG: "a7a6a7a2-0000-4000-8000-000000000000"}})
        far.add(order, timedelta(days=3))
        known = far.add(order)
        make_job(world.team, connection=job.connection, state=State.SUCCEEDED, remote_id=known["id"], due_at=None)

        job, decisions = settled(far, job, world.alice)

        assert (decisions, ours(far, job)) == (0, [job.remote_id])


@pytest.mark.parametrize(
    "foreign",
    [
        {},
        {"model": "openai/gpt-4o-mini"},
        {"training_file": "winter.jsonl"},
        {"made": timezone.now() - timedelta(hours=14)},
    ],
    ids=["as ours", "another name of a model", "a file by its name", "a clock in another zone"],
)
def test_what_cannot_be_told_from_ours_is_a_persons_to_say(world: World, settings: Any, foreign: Any) -> None:
    with lane(world, settings, Habits(), "before") as (far, job):
        job = walk(job, State.READY)
        order = {"model": job.base_model, "training_file": next(iter(far.files))}
        twin = far.add(order, **foreign)

        job = walk(job, State.UNSURE)
        job = step_when_due(job)

        assert job.needs_a_person
        assert [candidate["id"] for candidate in job.candidates] == [twin["id"]]
        assert far.orders == 1


def step_when_due(job: FineTuneJob) -> FineTuneJob:
    with time_machine.travel(fresh(job).due_at or timezone.now(), tick=True):
        return step(job)
