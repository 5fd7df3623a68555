"""Every end is applied once, from the job itself: whatever the list says of it, by whatever word, in whatever shape."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs.models import Connection, FineTuneJob, Notice
from jobs.pipeline import follow
from jobs.states import State
from tests.conftest import World
from tests.lean_side import MADE, LeanSide, a_list, ended, far, imported, running, sweep
from tests.walking import fresh, step

pytestmark = pytest.mark.django_db(transaction=True)

type Login = Callable[..., Client]
type Json = dict[str, Any]

__all__ = ["far"]  # a fixture
ENDED = {"status": "succeeded", "finished_at": MADE + 1000, "fine_tuned_model": "ft:m", "trained_tokens": 100}


# --- once, and from the job itself --------------------------------------------------------------------


def test_seven_jobs_that_had_ended_before_their_import_all_end(world: World, far: LeanSide) -> None:
    """A list that shows them as they were adopted does not make them unchanged: nothing was applied yet."""
    for n in range(7):
        far.job(f"ftjob-done{n}", **ENDED | {"fine_tuned_model": f"ft:d{n}"})
        step(imported(world, f"ftjob-done{n}"))

    sweep(world)

    rows = FineTuneJob.objects.order_by().values_list("state", "trained_tokens", "due_at").distinct()
    assert list(rows) == [(State.SUCCEEDED, 100, None)]
    assert world.team.tuned_models.count() == 7


def test_a_row_that_an_older_version_left_training_ends_with_the_next_poll(world: World, far: LeanSide) -> None:
    remotes = [far.job(f"ftjob-{n}", **ENDED) for n in range(5)]
    stuck = [running(world, remote, polled_at=timezone.now(), started_at=timezone.now()) for remote in remotes]

    sweep(world)

    assert {fresh(job).state for job in stuck} == {State.SUCCEEDED}
    assert {list(fresh(job).transitions.values_list("after", flat=True))[-1] for job in stuck} == {State.SUCCEEDED}


def test_a_list_that_tells_less_loses_neither_bill_nor_results(world: World, far: LeanSide) -> None:
    jobs = [running(world, far.job(f"ftjob-{n}")) for n in range(6)]
    for n in range(6):
        far.job(f"ftjob-{n}", **ENDED | {"result_files": [f"file-{n}"], "fine_tuned_model": f"ft:{n}"})
        far.listed[f"ftjob-{n}"] = {"id": f"ftjob-{n}", "status": "succeeded", "created_at": MADE}
        far.files[f"file-{n}"] = b"step,train_loss\n1,0.5\n"

    sweep(world)

    rows = [fresh(job) for job in jobs]
    assert {(row.state, row.trained_tokens, row.result_csv) for row in rows} == {
        (State.SUCCEEDED, 100, "step,train_loss\n1,0.5\n")
    }
    assert {row.finished_at for row in rows} == {datetime.fromtimestamp(MADE + 1000, UTC)}
    assert all(row.collected_at and row.remote["training_file"] == "file-abc" for row in rows)
    assert [far.asked_for(f"/jobs/ftjob-{n}") for n in range(6)] == [1] * 6


def test_jobs_that_go_on_cost_list_pages_alone(world: World, far: LeanSide) -> None:
    for n in range(5):
        running(world, far.job(f"ftjob-{n}"))
    sweep(world)
    assert not FineTuneJob.objects.filter(started_at=None).exists()
    far.calls.clear()

    sweep(world)
    far.job("ftjob-0", status="paused")
    sweep(world)

    assert [call for call in far.calls if "/events" not in call] == ["/v1/fine_tuning/jobs?limit=100"] * 2


def test_an_end_that_only_the_list_still_tells_is_taken_from_there(world: World, far: LeanSide) -> None:
    jobs = [running(world, far.job(f"ftjob-{n}")) for n in range(5)]
    for n in range(5):
        far.job(f"ftjob-{n}", **ENDED)
        far.refuses[f"/jobs/ftjob-{n}"] = 404

    sweep(world)

    assert {(fresh(job).state, fresh(job).trained_tokens) for job in jobs} == {(State.SUCCEEDED, 100)}


@pytest.mark.parametrize("status", [503, 401, 429])
def test_an_end_waits_while_the_job_itself_cannot_be_asked(world: World, far: LeanSide, status: int) -> None:
    jobs = [running(world, far.job(f"ftjob-{n}")) for n in range(5)]
    for n in range(5):
        far.listed[f"ftjob-{n}"] = {"id": f"ftjob-{n}", "status": "succeeded"}
        far.refuses[f"/jobs/ftjob-{n}"] = status

    sweep(world)
    assert {(fresh(job).state, fresh(job).tries) for job in jobs} == {(State.RUNNING, 1)}
    far.refuses.clear()
    Connection.objects.update(parked_at=None)
    for n in range(5):
        far.job(f"ftjob-{n}", **ENDED)
    sweep(world)

    assert {(fresh(job).state, fresh(job).trained_tokens) for job in jobs} == {(State.SUCCEEDED, 100)}


def test_what_the_job_itself_leaves_out_the_list_tells(world: World, far: LeanSide) -> None:
    jobs = [running(world, far.job(f"ftjob-{n}")) for n in range(5)]
    for n in range(5):
        far.jobs[f"ftjob-{n}"] = {"id": f"ftjob-{n}", "fine_tuned_model": "ft:own"}
        far.listed[f"ftjob-{n}"] = {"id": f"ftjob-{n}", "fine_tuned_model": "ft:list"} | ENDED

    sweep(world)

    assert {(fresh(job).state, fresh(job).trained_tokens) for job in jobs} == {(State.SUCCEEDED, 100)}


def test_a_model_and_a_bill_that_come_after_the_end_are_seen_at_the_next_look(world: World, far: LeanSide) -> None:
    job = ended(far, world, **ENDED | {"fine_tuned_model": None, "trained_tokens": None})
    assert (job.state, job.collected_at) == (State.SUCCEEDED, None)
    assert job.trouble == "The service has not named the tuned model yet."

    far.job("ftjob-1", **ENDED)
    sweep(world)

    job = fresh(job)
    assert (job.fine_tuned_model, job.trained_tokens, job.trouble) == ("ft:m", 100, "")
    assert job.tuned_models.get().name == "ft:m"
    assert Notice.objects.filter(job=job).count() == 1


def test_a_model_that_is_never_named_is_given_up_after_a_day(world: World, far: LeanSide) -> None:
    job = ended(far, world, **ENDED | {"fine_tuned_model": None})

    with time_machine.travel(job.state_since + timedelta(days=1, minutes=1), tick=True):
        sweep(world)

    job = fresh(job)
    assert (job.collected_at is not None, job.due_at, job.trained_tokens, job.trouble) == (True, None, 100, "")


def test_an_end_is_told_once_however_often_it_is_polled(world: World, far: LeanSide) -> None:
    job = ended(far, world, **ENDED)
    FineTuneJob.objects.update(collected_at=None, due_at=timezone.now())

    sweep(world)

    assert list(job.transitions.values_list("after", flat=True)) == [State.SUCCEEDED]
    assert fresh(job).collected_at is not None


def test_what_is_left_of_a_sweep_when_its_lease_is_over_is_another_sweeps(world: World, far: LeanSide) -> None:
    jobs = [running(world, far.job(f"ftjob-{n}", **ENDED | {"fine_tuned_model": f"ft:{n}"})) for n in range(3)]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        far.on_call = lambda path: clock.shift(70) if "/events" in path else None
        sweep(world)
        assert sorted(fresh(job).state for job in jobs) == [State.RUNNING, State.RUNNING, State.SUCCEEDED]
        far.on_call = None

        follow.follow(Connection.objects.get(pk=world.connection.pk))

    assert {fresh(job).state for job in jobs} == {State.SUCCEEDED}


def test_a_list_that_takes_longer_than_the_lease_still_gets_jobs_followed(world: World, far: LeanSide) -> None:
    jobs = [running(world, far.job(f"ftjob-{n}", **ENDED | {"fine_tuned_model": f"ft:{n}"})) for n in range(5)]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        far.on_call = lambda path: clock.shift(70) if path.endswith("jobs?limit=100") else None
        sweep(world)

    assert {fresh(job).state for job in jobs} == {State.SUCCEEDED}


# --- words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state"),
    [("completed", State.SUCCEEDED), ("Succeeded", State.SUCCEEDED), ("canceled", State.CANCELLED),
     ("user_error", State.FAILED), ("error", State.FAILED), ("expired", State.FAILED)],
)  # fmt: skip
def test_a_word_that_other_services_end_jobs_with_ends_them(
    world: World, far: LeanSide, login: Login, word: str, state: State
) -> None:
    job = ended(far, world, **ENDED | {"status": word, "finished_at": None})

    assert (job.state, job.remote_status) == (state, word)
    assert "does not know" not in login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()


@pytest.mark.parametrize("word", ["completed", "canceled"])
def test_a_word_counts_where_the_profile_knows_it(world: World, far: LeanSide, word: str) -> None:
    job = running(world, far.job("ftjob-1"))
    Connection.objects.update(profile="openai")

    follow.apply(fresh(job), far.job("ftjob-1", status=word))

    assert (fresh(job).state, fresh(job).remote_status) == (State.RUNNING, word)


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        ({"fine_tuned_model": "ft:m"}, State.SUCCEEDED, "names a tuned model"),
        ({"error": "no memory"}, State.FAILED, "names a reason"),
        ({}, State.FAILED, "neither a tuned model nor a reason"),
    ],
)
def test_an_unknown_word_with_the_time_of_the_end_is_an_end_with_a_note(
    world: World, far: LeanSide, login: Login, told: Json, state: State, words: str
) -> None:
    job = ended(far, world, status="wound_up", finished_at="2026-11-06T22:00:00Z", **told)

    assert (job.state, job.remote_status) == (state, "wound_up")
    assert job.finished_at == datetime(2026, 11, 6, 22, tzinfo=UTC)
    assert "does not know" in job.transitions.get().reason
    page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
    assert ("wound_up" in page, words in page) == (True, True)


def test_an_unknown_word_may_yet_name_a_model_for_two_minutes(world: World, far: LeanSide) -> None:
    just_now = timezone.now().timestamp()
    jobs = [running(world, far.job(f"ftjob-{n}")) for n in range(5)]
    for n in range(5):
        far.job(f"ftjob-{n}", status="wound_up", finished_at=just_now)
    sweep(world)
    assert {fresh(job).state for job in jobs} == {State.RUNNING}

    far.job("ftjob-0", status="wound_up", finished_at=just_now, fine_tuned_model="ft:m")
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        sweep(world)

    assert [fresh(job).state for job in jobs] == [State.SUCCEEDED, *[State.FAILED] * 4]


@pytest.mark.parametrize("finished_at", [None, 0, "0001-01-01T00:00:00Z", "soon", 4_000_000_000])
def test_an_unknown_word_without_an_end_is_followed_on_and_the_page_says_so(
    world: World, far: LeanSide, login: Login, finished_at: object
) -> None:
    job = ended(far, world, status="model_downloading", finished_at=finished_at, fine_tuned_model="ft:m")

    assert (job.state, job.remote_status) == (State.RUNNING, "model_downloading")
    page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
    assert "a word that this portal does not know" in page
    assert "model_downloading" in page


def test_a_word_that_is_known_to_go_on_is_no_end_whatever_else_is_told(world: World, far: LeanSide) -> None:
    job = ended(far, world, status="paused", finished_at=MADE, fine_tuned_model="ft:m")

    assert job.state == State.RUNNING


# --- reasons ------------------------------------------------------------------------------------------


def failure(message: str, number: int, **fields: Any) -> Json:
    told = {"object": "fine_tuning.job.event", "id": f"e{number}", "created_at": MADE + number, "level": "error"}
    return told | {"message": message} | fields


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("Out of memory", {"message": "Out of memory"}),
        ({"code": "bad", "message": "malformed", "param": None}, {"code": "bad", "message": "malformed"}),
        ({"error": {"message": "deep", "code": 7}}, {"code": "7", "message": "deep"}),
        (["one", {"message": "two"}], {"message": "one; two"}),
    ],
    ids=str,
)
def test_a_reason_of_any_shape_is_kept(world: World, far: LeanSide, error: object, kept: Json) -> None:
    assert ended(far, world, status="failed", error=error).error == kept


def test_a_code_without_a_message_gets_that_of_the_last_error_event(world: World, far: LeanSide) -> None:
    far.events["ftjob-1"] = a_list(
        [failure("", 9), failure("only 5 examples", 8), failure("hm", 7), failure("fine", 10, level="info")]
    )

    job = ended(far, world, status="failed", error={"code": "invalid_n_examples", "message": None})

    assert job.error == {"code": "invalid_n_examples", "message": "only 5 examples"}


@pytest.mark.parametrize("error", [None, {}, {"code": None, "message": None}])
def test_no_reason_at_all_is_said_as_that(world: World, far: LeanSide, login: Login, error: object) -> None:
    job = ended(far, world, status="failed", error=error)

    assert (job.state, job.error, job.collected_at is not None) == (State.FAILED, {}, True)
    page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
    assert "The service gave no reason." in page


# --- times, counts, names -----------------------------------------------------------------------------


@pytest.mark.parametrize("written", [MADE + 1000, (MADE + 1000) * 1000, f"{MADE + 1000}", "2026-11-06T21:36:40Z"])
def test_the_end_is_when_the_service_says(world: World, far: LeanSide, written: object) -> None:
    assert ended(far, world, **ENDED | {"finished_at": written}).finished_at == datetime.fromtimestamp(MADE + 1000, UTC)


def test_names_of_other_services_are_read(world: World, far: LeanSide) -> None:
    told = {"status": "completed", "output_name": "me/m", "token_count": "9696", "updatedAt": "2026-11-06T21:36:40.5Z"}

    job = ended(far, world, **told)

    assert (job.state, job.fine_tuned_model, job.trained_tokens) == (State.SUCCEEDED, "me/m", 9696)
    assert job.finished_at == datetime(2026, 11, 6, 21, 36, 40, 500000, tzinfo=UTC)


# --- events -------------------------------------------------------------------------------------------


def test_a_service_that_gives_the_same_events_for_ever_is_asked_twice(world: World, far: LeanSide) -> None:
    far.events["ftjob-1"] = a_list([failure(f"m{n}", n) for n in range(5)]) | {"has_more": True}

    job = ended(far, world, status="queued")

    assert job.events.count() == 5
    assert far.asked_for("/events") == 2


@pytest.mark.parametrize(
    "answer", [{"object": "list", "data": None, "has_more": None}, a_list([]) | {"has_more": True}]
)
def test_no_events_are_none(world: World, far: LeanSide, answer: Json) -> None:
    far.events["ftjob-1"] = answer

    job = ended(far, world, **ENDED)

    assert (job.collected_at is not None, job.events.count(), far.asked_for("/events")) == (True, 0, 1)


def test_events_are_kept_whatever_they_leave_out(world: World, far: LeanSide) -> None:
    without_id = {"created_at": "2026-11-06T21:30:00Z", "message": "warm", "level": None}
    far.events["ftjob-1"] = a_list(
        [{"id": "e1", "created_at": "2026-11-06T21:31:00Z", "message": None}, without_id, {}]
    )

    job = ended(far, world, status="queued")
    sweep(world)

    assert list(job.events.values_list("message", "created_at")) == [
        ("", datetime(2026, 11, 6, 21, 31, tzinfo=UTC)),
        ("warm", datetime(2026, 11, 6, 21, 30, tzinfo=UTC)),
    ]


# --- the curve ----------------------------------------------------------------------------------------

PLAIN = "step,train_loss,train_accuracy,valid_loss\n1,1.5,0.5,\n2,1.25,0.6,1.3\n"


@pytest.mark.parametrize(
    "sent",
    [
        PLAIN.encode(),
        base64.b64encode(PLAIN.encode()),
        base64.encodebytes(PLAIN.encode()),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        base64.b64encode(b"\xef\xbb\xbf" + PLAIN.encode()),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        b"valid_loss;Training Loss;train_accuracy;Global Step\n;1,5;0,5;1\n1,3;1,25;0,6;2\n",
        b"eval/loss\tstep\ttrain/loss\ttrain_accuracy\n\t1\t1.5\t0.5\n1.3\t2\t1.25\t0.6\n",
        b'sep=;\n"step";"loss";"train_accuracy";"eval_loss"\n1;1.5;0.5;nan\n2;1.25;0.6;1.3\n',
        b'{"step":1,"train/loss":1.5,"train_accuracy":0.5}\n{"step":2,"loss":1.25,"train_accuracy":0.6,"eval_loss":1.3}\n',
        b'[{"step":1,"loss":1.5,"train_accuracy":0.5},{"step":2,"loss":1.25,"train_accuracy":0.6,"val_loss":1.3}]',
    ],
    ids=["plain", "base64", "base64 lines", "bom", "base64 bom", "utf16", "crlf", "semicolons", "tabs", "sep", "jsonl",
         "array"],
)  # fmt: skip
def test_the_curve_comes_from_the_result_file_where_no_event_brought_it(
    world: World, far: LeanSide, login: Login, sent: bytes
) -> None:
    far.files["file-res"] = sent

    job = ended(far, world, **ENDED | {"result_files": ["file-res"]})

    assert list(job.metrics.values_list("step", "values")) == [
        (1, {"train_loss": 1.5, "train_accuracy": 0.5}),
        (2, {"train_loss": 1.25, "train_accuracy": 0.6, "valid_loss": 1.3}),
    ]
    assert (job.step, job.total_steps) == (2, 2)
    assert 'id="no-loss"' not in login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()


@pytest.mark.parametrize(
    "sent", [b"", b"step\n1\n", b"a,b\n1,2\n", b"step,loss\nx,y\n-1,2\n1.5,2\n", b'step,"' + b"x" * 200_000]
)
def test_a_result_file_without_figures_is_kept_without_a_curve(world: World, far: LeanSide, sent: bytes) -> None:
    far.files["file-res"] = sent

    job = ended(far, world, **ENDED | {"result_files": ["file-res"]})

    assert (job.collected_at is not None, job.metrics.count()) == (True, 0)


def test_figures_that_events_brought_are_not_replaced(world: World, far: LeanSide) -> None:
    event = {
        "id": "e1",
        "type": "metrics",
        "created_at": MADE,
        "data": {"step": 1, "train_loss": 9.5, "total_steps": 4},
    }
    far.events["ftjob-1"] = a_list([event])
    far.files["file-res"] = PLAIN.encode()

    job = ended(far, world, **ENDED | {"result_files": ["file-res"]})

    assert list(job.metrics.values_list("step", "values")) == [(1, {"train_loss": 9.5})]
    assert job.total_steps == 4


def test_a_long_result_file_is_a_curve_of_ten_thousand_points_with_its_last(world: World, far: LeanSide) -> None:
    far.files["file-res"] = b"step,loss\n" + b"".join(b"%d,0.5\n" % n for n in range(1, 25_002))

    job = ended(far, world, **ENDED | {"result_files": ["file-res"]})

    steps = list(job.metrics.values_list("step", flat=True))
    assert (len(steps), steps[:3], steps[-1], job.step) == (8335, [1, 4, 7], 25_001, 25_001)


def test_several_rows_an_epoch_are_no_steps(world: World, far: LeanSide) -> None:
    far.files["file-res"] = b"epoch,loss\n1,0.5\n1,0.4\n"
    assert ended(far, world, **ENDED | {"result_files": ["file-res"]}).metrics.count() == 0
