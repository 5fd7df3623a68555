"""Answers of any shape, late answers, and wishes that cross: no record is lost and nothing is ordered twice."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs import provider
from jobs.answers import fits, storable, wait_seconds
from jobs.models import Connection, FineTuneJob, RemoteFile, Team
from jobs.pipeline import copies, follow, launch, settling
from jobs.pipeline.events import store_metrics
from jobs.pipeline.matching import TAG
from jobs.pipeline.park import blame
from jobs.pipeline.record import grant, move, note, wish
from jobs.provider import ProviderError
from jobs.result_file import decode_result
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job
from tests.test_job_new import order
from tests.walking import fresh

pytestmark = pytest.mark.django_db(transaction=True)

type Answers = dict[str, Any]
DONE = {
    "id": "ftjob-1",
    "status": "succeeded",
    "fine_tuned_model": "ft:m",
    "finished_at": 1e30,
    "trained_tokens": 10**30,
}


class Refusal(NamedTuple):
    status: int
    body: Answers


@pytest.fixture
def service(world: World, settings: Any) -> Iterator[Answers]:
    """A service that answers what the test wrote down by the end of its path; 404 for everything else."""
    answers: Answers = {}

    class Mine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            found = next((answers[end] for end in answers if path.endswith(end)), None)
            status = 404 if found is None else found if isinstance(found, int) else 200
            if isinstance(found, Refusal):
                status, found = found
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.UPSTREAM_HOSTS = [f"127.0.0.1:{server.server_port}"]
    fields = {"profile": "custom", "base_url": f"http://127.0.0.1:{server.server_port}/v1"}
    Connection.objects.filter(pk=world.connection.pk).update(**fields)
    yield answers
    server.shutdown()
    server.server_close()


def running(team: Team, **fields: Any) -> FineTuneJob:
    return fresh(make_job(team, **{"state": State.RUNNING, "remote_id": "ftjob-1"} | fields))


def listed(*items: Any) -> Answers:
    return {"object": "list", "data": list(items), "has_more": False}


def look(job: FineTuneJob) -> FineTuneJob:
    follow.follow(fresh(job).service)
    return fresh(job)


# --- what comes ---------------------------------------------------------------------------------------


def test_what_no_database_takes_is_left_out() -> None:
    assert storable({"a\0": ["\0b\ud800", float("nan"), float("inf"), 1]}) == {"a": ["b?", None, None, 1]}


@pytest.mark.parametrize(
    ("sent", "seconds"), [("inf", 86400), ("1e300", 86400), ("nan", None), ("soon", None), ("-5", 0), ("7", 7)]
)
def test_any_retry_after_is_a_wait_of_at_most_a_day(sent: str, seconds: float | None) -> None:
    assert wait_seconds(sent) == seconds


def test_a_retry_after_may_be_a_date() -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
        assert wait_seconds("Sun, 22 Nov 2026 10:01:30 GMT") == 90


def test_nonsense_in_job_events_and_checkpoints_does_not_keep_the_model_away(world: World, service: Answers) -> None:
    job = running(world.team)
    odd = b'{"object":"list","has_more":false,"data":[7,null,{"id":["x"]},{"id":"e1","message":"\\u0000\\ud800",'
    odd += b'"type":"metrics","created_at":1e300,"data":{"step":1,"train_loss":NaN,"total_steps":-1}}]}'
    point = {"id": "c", "fine_tuned_model_checkpoint": "ft:c", "created_at": 1e300}
    service |= {"/jobs/ftjob-1": DONE, "/events": odd, "/checkpoints": listed(point | {"step_number": 2**40}, point)}
    service["/checkpoints"]["data"][1]["step_number"] = 2

    job = look(job)

    assert (job.state, job.trouble, job.trained_tokens) == (State.SUCCEEDED, "", None)
    assert job.collected_at is not None
    assert list(job.events.values_list("remote_id", "message")) == [("e1", "?")]
    assert set(job.tuned_models.values_list("name", flat=True)) == {"ft:m", "ft:c"}


@pytest.mark.parametrize(("letters", "is_kept"), [(0, False), (1, True), (128, True), (129, False)])
def test_an_id_is_kept_where_its_column_holds_it(letters: int, is_kept: bool) -> None:
    assert fits("j" * letters) is is_kept


def test_the_newest_step_of_the_events_is_the_jobs(world: World, service: Answers) -> None:
    job = running(world.team)
    steps = [
        {"id": f"e{n}", "type": "metrics", "data": {"step": n, "total_steps": 9, "train_loss": 1.0}} for n in (3, 7)
    ]
    service |= {"/jobs/ftjob-1": DONE | {"status": "running", "finished_at": None}, "/events": listed(*steps)}

    job = look(job)

    assert (job.state, job.step, job.total_steps) == (State.RUNNING, 7, 9)


def test_words_of_an_event_are_cut_to_what_their_columns_hold(world: World, service: Answers) -> None:
    job = running(world.team)
    long = {"id": "e1", "message": "m", "type": "t" * 100, "level": "l" * 100}
    service |= {"/jobs/ftjob-1": DONE, "/events": listed(long), "/checkpoints": listed()}

    look(job)

    assert list(job.events.values_list("type", "level", "message")) == [("t" * 64, "l" * 32, "m")]


def test_a_service_without_events_still_ends_its_jobs(world: World, service: Answers) -> None:
    job = running(world.team)
    service["/jobs/ftjob-1"] = DONE

    job = look(job)

    assert (job.state, job.collected_at is not None) == (State.SUCCEEDED, True)
    assert job.tuned_models.get().name == "ft:m"


def test_a_result_file_that_is_not_there_yet_is_asked_for_again(world: World, service: Answers) -> None:
    job = running(world.team)
    ended = {**DONE, "finished_at": timezone.now().timestamp(), "result_files": ["file-1"]}
    service |= {"/jobs/ftjob-1": ended, "/checkpoints": listed()}

    assert look(job).collected_at is None
    checkpoint = {"id": "c1", "step_number": 1, "fine_tuned_model_checkpoint": "ft:c", "metrics": {}}
    service |= {"/checkpoints": listed(checkpoint), "/file-1/content": b"step,train_loss\n1,0.5\n"}
    with time_machine.travel(timezone.now() + timedelta(seconds=3)):
        job = look(job)

    assert (job.collected_at is not None, job.result_csv) == (True, "step,train_loss\n1,0.5\n")
    assert set(job.tuned_models.values_list("name", flat=True)) == {"ft:m", "ft:c"}


def test_a_result_file_that_does_not_come_is_done_without(world: World, service: Answers) -> None:
    job = running(world.team)
    ended = {**DONE, "finished_at": timezone.now().timestamp(), "result_files": ["file-1"]}
    service |= {"/jobs/ftjob-1": ended}

    assert look(job).collected_at is None
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        job = look(job)

    assert (job.collected_at is not None, job.result_csv, job.trouble) == (True, "", "")


def test_an_end_in_the_future_does_not_keep_a_lost_result_file_awaited(world: World, service: Answers) -> None:
    job = running(world.team)
    ended = {**DONE, "finished_at": (timezone.now() + timedelta(days=400)).timestamp(), "result_files": ["file-1"]}
    service |= {"/jobs/ftjob-1": ended}

    job = look(job)

    assert (job.state, job.collected_at is not None, job.due_at) == (State.SUCCEEDED, True, None)


def test_checkpoints_that_cannot_be_read_do_not_keep_the_model_away(world: World, service: Answers) -> None:
    job = running(world.team)
    service |= {"/jobs/ftjob-1": DONE, "/checkpoints": b"<html>"}

    job = look(job)

    assert (job.state, job.collected_at) == (State.SUCCEEDED, None)
    assert job.tuned_models.get().name == "ft:m"
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert look(job).collected_at is not None


def test_an_odd_id_in_a_list_does_not_stop_the_poll(world: World, service: Answers) -> None:
    jobs = [running(world.team, remote_id=f"ftjob-{n}") for n in range(5)]
    service["/jobs"] = listed(
        {"id": ["x"]}, {"id": None}, *({"id": job.remote_id, "status": "running"} for job in jobs)
    )
    service["/events"] = listed()

    look(jobs[0])

    assert {fresh(job).remote_status for job in jobs} == {"running"}


def test_a_step_told_twice_keeps_all_of_its_numbers(world: World) -> None:
    job = running(world.team)
    store_metrics(job, [{"step": 1, "train_loss": 0.5}])

    store_metrics(job, [{"step": 1, "valid_loss": 0.6}, {"step": 1, "full_valid_loss": 0.7}])

    assert job.metrics.get().values == {"train_loss": 0.5, "valid_loss": 0.6, "full_valid_loss": 0.7}


def test_base64_that_holds_the_word_step_is_decoded_and_nul_left_out() -> None:
    assert decode_result(b"step") == base64.b64decode(b"step").decode(errors="replace")
    assert decode_result(b"step,loss\n1,\x00\n") == "step,loss\n1,\n"


# --- orders -------------------------------------------------------------------------------------------


def pushed(world: World) -> FineTuneJob:
    job = make_job(world.team, state=State.READY)
    RemoteFile.objects.create(connection=job.service, training_file=job.trained_on, remote_id="file-1")
    return fresh(job)


@pytest.mark.parametrize("remote_id", [None, "", ["x"], "x" * 129])
def test_an_answer_without_a_usable_id_is_asked_after(world: World, service: Answers, remote_id: object) -> None:
    job = pushed(world)
    service["/jobs"] = {"id": remote_id, "status": "queued"}

    launch.submit(job)

    assert (fresh(job).state, fresh(job).remote_id) == (State.UNSURE, "")


@pytest.mark.parametrize("remote_id", [None, "x" * 129, "ftjob-taken"])
def test_a_found_job_that_cannot_be_kept_is_a_persons_to_settle(
    world: World, service: Answers, remote_id: object
) -> None:
    running(world.team, remote_id="ftjob-taken", training_file=None)
    job = pushed(world)
    move(job, State.SUBMITTING)
    move(job, State.UNSURE)
    service["/jobs"] = listed({"id": "z", "metadata": 3}, {"id": remote_id, "metadata": {TAG: str(job.uuid)}})

    settling.settle(job)

    assert fresh(job).needs_a_person


def test_a_file_deleted_while_it_was_ordered_ends_the_job_with_a_reason(world: World, service: Answers) -> None:
    job = make_job(world.team)
    job.trained_on.content = ""
    job.trained_on.save()
    service["/files"] = listed()

    launch.push(fresh(job))

    assert fresh(job).error["message"] == "The stored file cannot be read."


def test_a_file_sent_anew_meanwhile_does_not_make_an_order_look_absent(world: World, service: Answers) -> None:
    job = pushed(world)
    move(job, State.SUBMITTING, submitted_at=timezone.now())
    move(job, State.UNSURE)
    copies.forget(job.service, job.trained_on, "file-1")  # another order of the same file was refused
    twin = {"id": "ftjob-7", "training_file": "file-1", "model": job.base_model}
    service["/jobs"] = listed(twin | {"created_at": timezone.now().timestamp()})

    settling.settle(job)

    assert fresh(job).needs_a_person
    assert [candidate["id"] for candidate in fresh(job).candidates] == ["ftjob-7"]


# --- late words ---------------------------------------------------------------------------------------


def test_an_answer_that_came_late_changes_nothing(world: World) -> None:
    late = running(world.team)
    move(fresh(late), State.SUCCEEDED, remote={"result_files": ["file-1"]})

    note(late, remote={"status": "running"}, due_at=None)

    assert (fresh(late).remote, fresh(late).due_at is not None) == ({"result_files": ["file-1"]}, True)


def test_a_wish_does_not_end_a_claim_that_was_taken_meanwhile(world: World) -> None:
    seen = make_job(world.team, state=State.READY)
    move(fresh(seen), State.SUBMITTING)

    wish(seen, "cancel")  # type: ignore[arg-type]

    job = fresh(seen)
    assert (job.wish, job.due_at is not None and job.due_at > timezone.now()) == ("cancel", True)


def test_a_cancel_wished_while_a_pause_is_granted_stays(world: World) -> None:
    job = running(world.team, wish="pause")
    wish(fresh(job), "cancel")  # type: ignore[arg-type]

    grant(job)

    assert (job.wish, fresh(job).wish) == ("cancel", "cancel")


def test_a_cancel_outlives_a_wrong_key(world: World, trainer: str) -> None:
    job = running(world.team, wish="cancel", connection=make_connection(world.team, "trainer-fault.invalid-key-abcdef"))

    assert look(job).wish == "cancel"


def test_a_cancel_that_breaks_the_service_does_not_hide_the_end(world: World, service: Answers) -> None:
    job = running(world.team, wish="cancel")
    service |= {"/cancel": 500, "/jobs/ftjob-1": DONE}

    assert look(job).state == State.SUCCEEDED


def test_a_key_replaced_meanwhile_is_not_blamed_for_the_old_one(world: World) -> None:
    old = Connection.objects.get(pk=world.connection.pk)
    world.connection.set_key("trainer-a-good-new-key")
    world.connection.save()

    blame(old, ProviderError("wrong", permanent=True, status=401))

    old.refresh_from_db()
    assert old.parked_at is None


# --- pages --------------------------------------------------------------------------------------------


def test_an_order_token_of_another_team_is_not_found(world: World, login: Callable[..., Client]) -> None:
    theirs = make_job(Team.objects.make("다른 팀", world.mallory))
    form = order(world, make_file(world.team)) | {"order_token": str(theirs.order_token)}

    assert login(world.bob).post(world.url("jobs/new/"), form).status_code == 404


def test_a_name_of_signs_alone_can_be_downloaded(world: World, login: Callable[..., Client]) -> None:
    job = make_job(world.team, name="???")

    response = login(world.carol).get(world.url(f"jobs/{job.uuid}/job.json"))

    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="job-job.json"'


# --- what must not be told, or taken for proof ----------------------------------------------------------


def test_a_key_that_a_service_repeats_is_not_kept(world: World, service: Answers) -> None:
    access = fresh(make_job(world.team)).service.access()
    service["/models"] = Refusal(401, {"error": {"message": f"Incorrect API key provided: {access.key}. Get another."}})

    with pytest.raises(ProviderError) as refused:
        provider.list_models(access)

    assert str(refused.value) == "Incorrect API key provided: ···. Get another."


def test_absence_is_not_proven_by_a_list_that_does_not_reach_back(world: World, service: Answers) -> None:
    newer = {"id": "ftjob-9", "created_at": timezone.now().timestamp() + 60, "metadata": {"other": "tag"}}
    service["/fine_tuning/jobs"] = listed(newer) | {"has_more": True}
    job = make_job(world.team, state=State.UNSURE, submitted_at=timezone.now())
    RemoteFile.objects.create(connection=world.connection, training_file=job.trained_on, remote_id="file-1")

    settling.settle(fresh(job))

    job = fresh(job)
    assert (job.state, job.absent_since) == (State.UNSURE, None)
    assert job.trouble.startswith("The service has too many newer jobs")


def test_a_list_that_reaches_back_before_the_order_proves_absence(world: World, service: Answers) -> None:
    made = timezone.now().timestamp() - 2 * 86400
    older = {"id": "ftjob-9", "created_at": made, "metadata": {"other": "tag"}}
    oldest = older | {"id": "ftjob-8", "created_at": made - 1}
    service["/fine_tuning/jobs"] = listed(older, oldest) | {"has_more": True}
    job = make_job(world.team, state=State.UNSURE, submitted_at=timezone.now())
    RemoteFile.objects.create(connection=world.connection, training_file=job.trained_on, remote_id="file-1")

    settling.settle(fresh(job))

    assert fresh(job).absent_since is not None
