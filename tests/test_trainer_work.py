"""The worker of real jobs: its lease, its fence, and what becomes of a job whose process or worker dies."""

import json
import signal
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.utils import timezone
from openai import OpenAI

from tests.real_training import (
    WORKER,
    issue_key,
    make_base,
    make_worker,
    order,
    stand_in,
    told,
    training_of,
    wait_until,
    work,
    working,
)
from trainer.models import Job, Status, Step, Training, TunedModel, Wanted
from trainer.work import queue
from trainer.work.lease import Lease, LostLeaseError, claim, free_own
from trainer.work.messages import StepDone
from trainer.work.recording import Recorder

LAPSED = timedelta(seconds=31)


@pytest.fixture
def sdk(trainer: str, settings: Any) -> OpenAI:
    make_base(settings)
    make_worker()
    stand_in(settings)
    return OpenAI(api_key=issue_key("trainer-work"), base_url=trainer, max_retries=0)


def act(sdk: OpenAI, job: Job, name: str) -> None:
    sdk.post(f"/fine_tuning/jobs/{job.uid}/{name}", cast_to=object)


def steps_of(job: Job) -> list[int]:
    return list(Step.objects.filter(job=job).order_by("step").values_list("step", flat=True))


def status_of(job: Job) -> str:
    return training_of(job).status


def processes() -> list[psutil.Process]:
    """The training processes of this test."""
    return [child for child in psutil.Process().children() if trains(child)]


def trains(process: psutil.Process) -> bool:
    try:
        return "training_child.py" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has just ended
        return False


# --- the lease --------------------------------------------------------------------------------------------


def test_the_oldest_waiting_job_is_claimed_once(sdk: OpenAI) -> None:
    first, second = order(sdk), order(sdk)

    claims = [claim("a"), claim("b"), claim("c")]

    held = {training.job_id: training.lease_owner for training in Training.objects.all()}
    assert held == {first.pk: "a", second.pk: "b"}
    assert [lease and lease.fence for lease in claims] == [1, 1, None]


def test_two_workers_that_saw_the_same_row_do_not_both_get_it(sdk: OpenAI) -> None:
    order(sdk)
    seen = queue.in_line(timezone.now()).get()
    claim("a")

    taken = queue.in_line(timezone.now()).filter(pk=seen.pk, fence=seen.fence).update(lease_owner="b")

    assert taken == 0


def test_a_lapsed_lease_writes_nothing_any_more(sdk: OpenAI) -> None:
    job = order(sdk)
    slow = claim("slow")
    assert slow
    Training.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim("quick")

    with pytest.raises(LostLeaseError):
        Recorder(slow).record([StepDone(step=1, total_steps=8, train_loss=1.0)])

    assert steps_of(job) == []
    assert training_of(job).lease_owner == "quick"


def test_a_lease_is_renewed_by_what_is_written(sdk: OpenAI) -> None:
    job = order(sdk)
    lease = claim(WORKER)
    assert lease
    soon = timezone.now() + timedelta(seconds=1)
    Training.objects.update(lease_until=soon)

    Recorder(lease).record([])

    assert training_of(job).lease_until > soon + timedelta(seconds=20)  # type: ignore[operator]


def test_a_worker_takes_up_at_its_start_what_it_was_killed_at(sdk: OpenAI) -> None:
    job = order(sdk)
    claim(WORKER)

    free_own("train@elsewhere")
    kept = claim("other")
    free_own(WORKER)
    taken = claim(WORKER)

    assert kept is None
    assert taken is not None
    assert (taken.fence, training_of(job).attempt) == (2, 2)


def test_a_message_of_an_ended_job_changes_nothing(sdk: OpenAI) -> None:
    job = order(sdk)
    lease = claim(WORKER)
    assert lease
    queue.end(training_of(job), Status.CANCELLED)

    with pytest.raises(LostLeaseError):
        lease.hold()


# --- processes that die -----------------------------------------------------------------------------------


def test_a_killed_process_is_started_again_where_it_was(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--die-once-at", "6")
    job = order(sdk)

    assert work() == [job]

    assert status_of(job) == "succeeded"
    assert steps_of(job) == list(range(1, 9))
    assert training_of(job).attempt == 2
    assert [line for line in told(job) if "again" in line or "goes on" in line] == [
        "The training process ended unexpectedly (-9). It starts again after step 5",
        "Training goes on after step 5",
    ]


def test_three_attempts_without_a_new_step_are_the_last(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--exit-at", "6")
    job = order(sdk)

    work()

    training = training_of(job)
    assert (training.status, training.attempt, training.steps) == ("failed", 4, 5)  # the first made five steps
    assert training.error == {
        "code": "server_error",
        "message": "The job failed due to an internal error",
        "param": None,
    }
    assert work() == []


def test_a_process_that_is_killed_again_and_again_lacked_memory(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--die-at", "1")
    job = order(sdk)

    work()

    failed = sdk.fine_tuning.jobs.retrieve(job.uid).error
    assert failed is not None
    assert failed.code == "out_of_memory"
    assert failed.message == (
        "The training process was killed again and again, most likely for lack of memory. It needs about 3.0 GB. "
        "A smaller batch_size, shorter examples or a smaller base need less."
    )


def test_a_worker_that_dies_every_time_ends_the_job_in_the_end(sdk: OpenAI) -> None:
    job = order(sdk)
    for _attempt in range(3):
        assert claim("doomed")
        Training.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    work()

    assert status_of(job) == "failed"
    assert training_of(job).error["message"].startswith("The job failed due to an internal error")  # type: ignore[index]


def test_steps_that_a_killed_worker_had_not_read_are_not_lost(sdk: OpenAI) -> None:
    job = order(sdk)
    folder = training_of(job).folder
    (folder / "state").mkdir(parents=True)
    (folder / "state" / "step").write_text("3")
    lines = [{"kind": "step", "step": n, "total_steps": 8, "train_loss": 9.0} for n in (1, 2, 3)]
    (folder / "output.jsonl").write_text("\n".join(map(json.dumps, lines)) + '\n{"kind": "step", "st')

    work()

    assert status_of(job) == "succeeded"
    assert steps_of(job) == list(range(1, 9))
    assert [row.data["train_loss"] for row in Step.objects.filter(job=job, step__lte=4).order_by("step")] == [
        9.0,
        9.0,
        9.0,
        0.75,
    ]


def test_nothing_that_a_process_prints_breaks_the_worker(sdk: OpenAI, settings: Any) -> None:
    odd = ["Loading weights: 100%", "[]", '{"kind": "step", "step": "x"}', '{"kind": "new"}', '{"kind": "step"}', "NaN"]
    stand_in(settings, *(part for line in odd for part in ("--say", line)))
    job = order(sdk)

    work()

    assert status_of(job) == "succeeded"
    assert steps_of(job) == list(range(1, 9))


def test_a_number_that_no_database_holds_fails_the_job(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--last", json.dumps({"kind": "step", "step": 2**70, "total_steps": 8, "train_loss": 1.0}))
    job = order(sdk)

    work()

    assert status_of(job) == "failed"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            {
                "kind": "refused",
                "code": "invalid_training_file",
                "message": "Line 3 calls a tool.",
                "param": "p",
                "line": 3,
            },
            {"code": "invalid_training_file", "message": "Line 3 calls a tool.", "param": "p"},
        ),
        (
            {"kind": "failed", "code": "diverged", "message": "The loss is no number any more."},
            {"code": "diverged", "message": "The loss is no number any more.", "param": None},
        ),
    ],
)
def test_an_end_that_the_process_names(sdk: OpenAI, settings: Any, line: Any, error: Any) -> None:
    stand_in(settings, "--last", json.dumps(line))
    job = order(sdk)

    work()

    [last, *_] = sdk.fine_tuning.jobs.list_events(job.uid)
    assert training_of(job).error == error
    assert (last.level, last.message, last.data) == ("error", error["message"], {"error_code": error["code"]})
    assert sdk.fine_tuning.jobs.retrieve(job.uid).finished_at is not None


# --- stopping ---------------------------------------------------------------------------------------------


def test_cancel_while_it_trains(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--seconds", "0.2", "--steps", "1000")
    job = order(sdk)
    with working():
        wait_until(lambda: steps_of(job))
        act(sdk, job, "cancel")
        wait_until(lambda: status_of(job) == "cancelled")

    ended = sdk.fine_tuning.jobs.retrieve(job.uid)
    assert (ended.status, ended.fine_tuned_model, ended.result_files) == ("cancelled", None, [])
    assert told(job)[-1] == "Fine-tuning job cancelled"
    assert not (training_of(job).folder / "state").exists()


def test_pause_and_resume(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--seconds", "0.2", "--steps", "12")
    job = order(sdk)
    with working():
        wait_until(lambda: len(steps_of(job)) > 2)
        act(sdk, job, "pause")
        wait_until(lambda: status_of(job) == "paused")
    done = steps_of(job)
    stand_in(settings, "--steps", "12")
    nothing = work()
    act(sdk, job, "resume")
    work()

    assert nothing == []
    assert len(done) < 12
    assert status_of(job) == "succeeded"
    assert steps_of(job) == list(range(1, 13))
    assert f"Fine-tuning job paused after step {len(done)}" in told(job)
    assert training_of(job).idle_attempts <= 1


def test_a_resume_before_the_pause_has_come_takes_it_back(sdk: OpenAI) -> None:
    job = order(sdk)
    lease = claim(WORKER)
    assert lease
    act(sdk, job, "pause")
    act(sdk, job, "resume")

    assert Recorder(lease).record([]) == Wanted.RUN


def test_a_waiting_job_is_paused_resumed_and_cancelled_at_once(sdk: OpenAI) -> None:
    job = order(sdk)
    seen = []
    for name in ("pause", "resume", "cancel"):
        act(sdk, job, name)
        seen.append((status_of(job), claim(WORKER) if name != "resume" else None))

    assert seen == [("paused", None), ("queued", None), ("cancelled", None)]


def test_a_worker_that_stops_gives_the_job_back(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--seconds", "0.2", "--steps", "12")
    job = order(sdk)
    with working() as until:
        wait_until(lambda: steps_of(job))
        until.set()
    training = training_of(job)

    assert (training.lease_until, training.idle_attempts, training.wanted) == (None, 0, "run")
    assert sdk.fine_tuning.jobs.retrieve(job.uid).status == "queued"
    assert 0 < len(steps_of(job)) < 12


def test_a_process_that_does_not_stop_is_killed(sdk: OpenAI, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("trainer.work.running.GRACE", 0.5)
    stand_in(settings, "--hang-at", "3")
    job = order(sdk)
    with working():
        wait_until(lambda: len(steps_of(job)) == 2)
        act(sdk, job, "cancel")
        wait_until(lambda: status_of(job) == "cancelled")

    assert processes() == []


def test_a_worker_whose_lease_was_taken_kills_its_process(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--seconds", "0.2", "--steps", "1000")
    job = order(sdk)
    with working():
        wait_until(lambda: steps_of(job))
        Training.objects.update(fence=99, lease_owner="other")
        wait_until(lambda: processes() == [])

    assert training_of(job).lease_owner == "other"


def test_what_was_to_stop_when_its_worker_died_is_stopped_by_the_sweep(sdk: OpenAI) -> None:
    cancelled, paused = order(sdk), order(sdk)
    for job, name in ((cancelled, "cancel"), (paused, "pause")):
        assert claim("doomed")
        act(sdk, job, name)
    before = [status_of(job) for job in (cancelled, paused)]
    Training.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    ended = queue.settle()

    assert before == ["validating_files"] * 2
    assert [status_of(job) for job in (cancelled, paused)] == ["cancelled", "paused"]
    assert ended == [cancelled]


def test_a_second_process_never_shares_a_folder_with_the_first(sdk: OpenAI, settings: Any) -> None:
    """The worker was killed in a way that left its process behind: nothing else may write to the folder."""
    stand_in(settings, "--seconds", "0.2", "--steps", "1000")
    job = order(sdk)
    with working():
        wait_until(lambda: steps_of(job))
        [child] = processes()
        child.send_signal(signal.SIGSTOP)
        Training.objects.update(lease_owner="", lease_until=None)
        work("second")
        training = training_of(job)
        child.send_signal(signal.SIGCONT)
        child.kill()

    assert (training.lease_owner, training.idle_attempts) == ("", 0)
    assert training.lease_until is not None


# --- the queue --------------------------------------------------------------------------------------------


def test_places_in_the_queue_are_events(sdk: OpenAI) -> None:
    first, second, third = order(sdk), order(sdk), order(sdk)
    act(sdk, second, "cancel")
    claim(WORKER)
    queue.announce_places()

    places = [[line for line in told(job) if "queue" in line] for job in (first, second, third)]

    assert places == [
        [],
        ["In the queue: place 2"],
        ["In the queue: place 3", "In the queue: place 2", "In the queue: place 1"],
    ]


def test_a_job_that_nobody_took_is_queued(sdk: OpenAI) -> None:
    job = order(sdk)
    Training.objects.update(queued_at=timezone.now() - timedelta(seconds=10))

    assert sdk.fine_tuning.jobs.retrieve(job.uid).status == "queued"
    assert sdk.fine_tuning.jobs.retrieve(job.uid).hyperparameters.n_epochs == "auto"


def test_the_sweep_wakes_an_idle_worker_only(sdk: OpenAI) -> None:
    empty = queue.needs_a_worker()
    order(sdk)
    waiting = queue.needs_a_worker()
    order(sdk)
    claim(WORKER)
    busy = queue.needs_a_worker()

    assert (empty, waiting, busy) == (False, True, False)


def test_only_kept_checkpoints_are_models(sdk: OpenAI, settings: Any) -> None:
    stand_in(settings, "--steps", "20")
    job = order(sdk)

    work()

    steps = TunedModel.objects.filter(job=job).order_by("step").values_list("step", flat=True)
    assert [step for step in steps if step] == [12, 16, 20]
    assert [each.step_number for each in sdk.fine_tuning.jobs.checkpoints.list(job.uid)] == [20, 16, 12]


def test_estimated_finish_follows_the_latest_steps(sdk: OpenAI) -> None:
    job = order(sdk)
    lease: Lease | None = claim(WORKER)
    assert lease
    steps = [StepDone(step=n, total_steps=100, train_loss=1.0, seconds=30.0) for n in (1, 2, 3, 4)]
    Recorder(lease).record(steps)
    Training.objects.update(status=Status.RUNNING)

    running = sdk.fine_tuning.jobs.retrieve(job.uid)

    assert running.estimated_finish is not None
    assert abs(running.estimated_finish - timezone.now().timestamp() - 96 * 30) < 10
