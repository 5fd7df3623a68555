"""An order that is acted on after it was taken for absent: found by its tag, said at once, cancelled by one button."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs.models import AuditEntry, Connection, FineTuneJob, MailMe, Notice, NoticeKind, SecondJob, Team, User
from jobs.pipeline import follow, second_jobs, settling
from jobs.pipeline.matching import TAG
from jobs.states import State
from jobs.tasks import look_at_second_job, look_for_second_jobs
from tests.conftest import World
from tests.factories import make_job
from tests.far_side import FarSide, Habits
from tests.meanwhile import meanwhile
from tests.test_odd_answers import Answers, Refusal, service
from tests.test_once_lanes import lane
from tests.walking import fresh, step, walk

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["service"]  # a fixture

type Login = Callable[..., Client]


def look_round() -> None:
    """What the tick has done about second jobs."""
    for pk in second_jobs.to_look_for():
        look_for_second_jobs(pk)
    for pk in list(second_jobs.due().values_list("pk", flat=True)):
        look_at_second_job(pk)


def doubled(far: FarSide, job: FineTuneJob, world: World) -> FineTuneJob:
    """Order, lose the answer, order again, and have the far side act on the first order only now."""
    FineTuneJob.objects.filter(pk=job.pk).update(created_by=world.bob)
    job = walk(job, State.RUNNING)
    assert (far.orders, job.second_jobs.count()) == (2, 0)
    far.act_late()
    return fresh(job)


def within_one_poll(job: FineTuneJob) -> SecondJob:
    """The next poll: walking moved the clock on, to whenever something was due."""
    now = max(filter(None, (timezone.now(), fresh(job).look_due_at)))
    with time_machine.travel(now + timedelta(seconds=job.service.about.idle_seconds), tick=True):
        look_round()
        return job.second_jobs.get()


SHOWN = {
    "as OpenAI": Habits(),
    "ignores the filter": Habits(tag_filter="ignored"),
    "refuses the filter": Habits(tag_filter=400),
    "breaks on the filter": Habits(tag_filter=500),
    "ISO, three a page": Habits(times="iso", pages="capped", tag_filter=422),
    "oldest first": Habits(oldest_first=True, pages="capped", tag_filter=501),
}


@pytest.mark.parametrize("habits", SHOWN.values(), ids=SHOWN)
def test_a_job_that_appears_late_is_on_the_page_within_one_list_poll(
    world: World, settings: Any, login: Login, habits: Habits
) -> None:
    with lane(world, settings, habits, "late") as (far, job):
        job = doubled(far, job, world)

        second = within_one_poll(job)

        page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
        assert {job.remote_id, second.remote_id} == {one["id"] for one in far.jobs if one["metadata"]}
        assert (job.remote_id in page, second.remote_id in page) == (True, True)
        assert "two jobs" in page


def test_it_is_said_at_once_in_bell_and_mail(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        job = doubled(far, job, world)
        version = fresh(job).version

        within_one_poll(job)

        notice = Notice.objects.get(job=job)
        assert (notice.user, notice.kind, notice.mail_due_at is not None) == (world.bob, NoticeKind.SECOND, True)
        assert fresh(job).version > version  # open pages load it
        for _ in range(3):
            within_one_poll(job)
        assert (Notice.objects.count(), SecondJob.objects.count()) == (1, 1)


def test_who_wants_no_mail_gets_the_bell_alone(world: World, settings: Any) -> None:
    User.objects.filter(pk=world.bob.pk).update(mail_me=MailMe.NEVER)
    with lane(world, settings, Habits(), "late") as (far, job):
        within_one_poll(doubled(far, job, world))

        assert Notice.objects.get().mail_due_at is None


# --- one button ---------------------------------------------------------------------------------------


def press(client: Client, world: World, second: SecondJob) -> int:
    return client.post(world.url(f"jobs/{second.job.uuid}/second/{second.uuid}/cancel/")).status_code


def test_one_button_cancels_it_once(world: World, settings: Any, login: Login) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        second = within_one_poll(doubled(far, job, world))
        client = login(world.bob)

        assert [press(client, world, second) for _ in range(3)] == [302, 302, 302]
        for _ in range(3):
            within_one_poll(job)

        second.refresh_from_db()
        states = {one["id"]: one["status"] for one in far.jobs if one["metadata"]}
        assert states == {second.remote_id: "cancelled", fresh(job).remote_id: "running"}
        assert far.calls.count(f"POST /fine_tuning/jobs/{second.remote_id}/cancel") == 1
        assert (second.remote_status, second.ended_at is not None, second.due_at) == ("cancelled", True, None)
        entry = AuditEntry.objects.get(action="job.second_cancelled")
        assert (entry.actor, entry.subject_id, entry.after) == (
            world.bob,
            str(job.uuid),
            {"remote_id": second.remote_id},
        )
        assert fresh(job).state == State.RUNNING


def test_who_may_not_train_sees_it_and_has_no_button(world: World, settings: Any, login: Login) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        second = within_one_poll(doubled(far, job, world))

        assert press(login(world.carol), world, second) == 403
        assert press(login(world.mallory), world, second) == 404
        page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
        assert f"second/{second.uuid}/cancel/" not in page
        assert f"second/{second.uuid}/cancel/" in login(world.bob).get(world.url(f"jobs/{job.uuid}/")).content.decode()


def test_a_second_job_of_another_job_is_not_found(world: World, settings: Any, login: Login) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        second = within_one_poll(doubled(far, job, world))
        other = make_job(world.team, connection=job.connection)

        answer = login(world.bob).post(world.url(f"jobs/{other.uuid}/second/{second.uuid}/cancel/"))

        assert answer.status_code == 404


def test_what_has_ended_is_not_cancelled_and_its_bill_is_there(world: World, settings: Any, login: Login) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        second = within_one_poll(doubled(far, job, world))
        far.finish()

        press(login(world.bob), world, second)
        for _ in range(3):
            within_one_poll(job)

        second.refresh_from_db()
        assert (second.remote_status, second.trained_tokens, second.ended_at is not None) == ("succeeded", 5000, True)
        assert walk(job, State.SUCCEEDED).trained_tokens == 5000
        page = login(world.bob).get(world.url(f"jobs/{job.uuid}/")).content.decode()
        assert f"second/{second.uuid}/cancel/" not in page
        assert "5,000" in page


def test_a_second_job_that_the_service_lost_has_ended(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        second = within_one_poll(doubled(far, job, world))
        far.jobs = [one for one in far.jobs if one["id"] != second.remote_id]

        SecondJob.objects.update(due_at=timezone.now())
        look_round()

        second.refresh_from_db()
        assert (second.ended_at is not None, second.due_at, second.trouble) == (True, None, second_jobs.GONE)


@pytest.fixture
def second(world: World, service: Answers) -> SecondJob:
    """One at a service that answers as a test writes down."""
    connection = Connection.objects.get(pk=world.connection.pk)
    job = make_job(world.team, connection=connection, state=State.RUNNING, remote_id="ftjob-1", created_by=world.bob)
    return SecondJob.objects.create(job=job, remote_id="ftjob-2", remote_status="running")


def looked_at(second: SecondJob) -> SecondJob:
    SecondJob.objects.update(due_at=timezone.now())
    look_at_second_job(second.pk)
    return SecondJob.objects.select_related("job").get(pk=second.pk)


def test_a_cancel_that_is_refused_is_shown_and_can_be_wished_again(second: SecondJob, service: Answers) -> None:
    service |= {"/cancel": Refusal(400, {"error": {"message": "Not now."}}), "/jobs/ftjob-2": {"id": "ftjob-2"}}
    assert second_jobs.wish_cancelled(second)

    second = looked_at(second)

    assert (second.can_cancel, second.trouble) == (True, "Not now.")
    assert second_jobs.wish_cancelled(second)


@pytest.mark.parametrize("status", [401, 500, 429])
def test_a_cancel_that_did_not_get_through_is_tried_again(second: SecondJob, service: Answers, status: int) -> None:
    service["/cancel"] = Refusal(status, {"error": {"message": "Not now."}})
    second_jobs.wish_cancelled(second)

    first = looked_at(second)
    again = looked_at(second)

    assert (again.is_cancelling, again.cancelled_at) == (True, None)
    assert first.tries == 1
    assert again.tries == (1 if status == 401 else 2)  # a wrong key parks the connection


def test_what_changes_is_on_the_open_page_and_what_does_not_is_quiet(second: SecondJob, service: Answers) -> None:
    service["/jobs/ftjob-2"] = {"id": "ftjob-2", "status": "queued"}
    versions = [looked_at(second).job.version for _ in range(2)]

    assert (versions[0] > second.job.version, versions[0] == versions[1]) == (True, True)


def test_what_has_ended_cannot_be_wished_away(second: SecondJob) -> None:
    SecondJob.objects.update(ended_at=timezone.now())

    assert not second_jobs.wish_cancelled(second)


def test_a_connection_stays_until_its_second_jobs_have_ended(world: World, second: SecondJob, login: Login) -> None:
    FineTuneJob.objects.update(state=State.SUCCEEDED, due_at=None)
    connection = second.job.service
    client, delete = login(world.alice), world.url(f"connections/{connection.uuid}/delete/")

    client.post(delete)
    kept = Connection.objects.get(pk=connection.pk).deleted_at
    SecondJob.objects.update(due_at=None, ended_at=timezone.now())
    client.post(delete)

    assert (kept, Connection.objects.get(pk=connection.pk).deleted_at is not None) == (None, True)


def test_two_workers_look_once(second: SecondJob, service: Answers) -> None:
    service["/jobs/ftjob-2"] = {"id": "ftjob-2", "status": "queued"}
    SecondJob.objects.update(due_at=timezone.now())

    with meanwhile("UPDATE", lambda: look_at_second_job(second.pk)):
        second_jobs.look(SecondJob.objects.select_related("job__connection").get(pk=second.pk))

    assert SecondJob.objects.get(pk=second.pk).remote_status == "queued"
    assert FineTuneJob.objects.get().version == second.job.version + 1


# --- where it is found --------------------------------------------------------------------------------


def test_when_every_order_is_acted_on_late_the_first_is_followed(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(), "late", "late") as (far, job):
        FineTuneJob.objects.filter(pk=job.pk).update(created_by=world.bob)
        while far.orders < 2:
            job = step_on(job)
        first = far.act_late()
        job = walk(job, State.RUNNING)
        assert job.remote_id == first["id"]
        second = far.act_late()

        assert within_one_poll(job).remote_id == second["id"]


def step_on(job: FineTuneJob) -> FineTuneJob:
    with time_machine.travel(max(fresh(job).due_at or timezone.now(), timezone.now()), tick=True):
        return step(job)


def test_an_order_that_appears_before_it_is_given_again_is_the_job(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        while path(job)[-2:] != ["unsure", "ready"]:
            job = step_on(job)
        far.act_late()

        with time_machine.travel(job.look_due_at or timezone.now(), tick=True):
            look_round()

        assert fresh(job).state == State.UNSURE
        job = walk(job, State.RUNNING)
        assert (far.orders, SecondJob.objects.count()) == (1, 0)


def path(job: FineTuneJob) -> list[str]:
    return list(job.transitions.values_list("after", flat=True))


@pytest.mark.parametrize("end", [State.CANCELLED, State.SUCCEEDED])
def test_it_is_found_though_its_job_has_ended(world: World, settings: Any, login: Login, end: State) -> None:
    with lane(world, settings, Habits(), "late") as (far, job):
        if end == State.CANCELLED:
            while path(job)[-2:] != ["unsure", "ready"]:
                job = step_on(job)
            FineTuneJob.objects.filter(pk=job.pk).update(wish="cancel")
            job = walk(job, end)
        else:
            job = walk(job, State.RUNNING)
            far.finish()
            job = walk(job, end)
        far.act_late()

        second = within_one_poll(job)

        assert second.remote_id in login(world.bob).get(world.url(f"jobs/{job.uuid}/")).content.decode()


def test_every_page_that_is_read_for_other_jobs_shows_it(world: World, settings: Any) -> None:
    """Whoever is followed by list pages brings it, also long after nobody looks for it."""
    with lane(world, settings, Habits(), "late") as (far, job):
        job = doubled(far, job, world)
        FineTuneJob.objects.filter(pk=job.pk).update(look_due_at=None)
        for _ in range(follow.LIST_FROM):
            walk(make_job(world.team, connection=job.connection, training_file=job.training_file), State.RUNNING)
        FineTuneJob.objects.update(due_at=timezone.now())

        follow.follow(fresh(job).service)

        assert job.second_jobs.count() == 1


def test_a_person_who_erred_is_told(world: World, settings: Any) -> None:
    """They took another one's job for theirs; the order itself is listed later."""
    with lane(world, settings, Habits(), "late") as (far, job):
        job = walk(job, State.UNSURE)
        other = far.add({"model": job.base_model, "training_file": next(iter(far.files))})
        job = step_on(job)
        assert settling.decide(job, other["id"], world.bob)
        mine = far.act_late()

        assert within_one_poll(fresh(job)).remote_id == mine["id"]


def test_tags_of_others_and_jobs_without_one_are_no_second_jobs(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(tag_filter="ignored"), "late") as (far, job):
        job = doubled(far, job, world)
        far.jobs = [one for one in far.jobs if one["id"] == job.remote_id]
        order = {"model": job.base_model, "training_file": next(iter(far.files))}
        for metadata in (None, {}, {TAG: "nonsense"}, {TAG: 7}, {TAG: "a7a6a7a2-0000-4000-8000-000000000000"}):
            far.add(order | {"metadata": metadata})
        other_team = make_job(Team.objects.make("다른 팀", world.mallory), state=State.SUCCEEDED)
        far.add(order | {"metadata": {TAG: str(other_team.uuid)}})

        with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
            look_round()

        assert SecondJob.objects.count() == 0


def test_a_service_without_tags_is_not_read_through(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(has_metadata=False, pages="capped", tag_filter="ignored"), "before") as (
        far,
        job,
    ):
        job = walk(job, State.RUNNING)
        FineTuneJob.objects.filter(pk=job.pk).update(look_due_at=timezone.now(), remote={"id": job.remote_id})
        far.calls.clear()

        look_round()

        assert far.calls.count("GET /fine_tuning/jobs") == 1


def test_an_order_is_taken_once_and_not_over_a_connection_that_rests(world: World, settings: Any) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="ftjob-1", look_due_at=timezone.now())

    assert (second_jobs.to_look_for(), second_jobs.to_look_for()) == ([job.pk], [])
    for rests in ("parked_at", "disabled_at", "deleted_at"):
        FineTuneJob.objects.update(look_due_at=timezone.now())
        Connection.objects.update(**{rests: timezone.now()})
        assert second_jobs.to_look_for() == []
        Connection.objects.update(**{rests: None})


@pytest.mark.parametrize(
    ("state", "due"), [(State.SUBMITTING, False), (State.PUSHING, False), (State.UNSURE, True), (State.RUNNING, False)]
)
def test_what_a_worker_holds_is_left_to_it(world: World, state: State, due: bool) -> None:
    later = timezone.now() + timedelta(hours=1)
    job = make_job(world.team, state=state, due_at=later)

    second_jobs.see(job.service, [{"id": "ftjob-9", "metadata": {TAG: str(job.uuid)}}])

    assert job.second_jobs.count() == (state == State.RUNNING)
    assert (fresh(job).state, fresh(job).due_at != later) == (state, due)


def test_it_is_looked_for_a_day_and_less_often_with_time(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(), "late") as (_far, job):
        job = walk(job, State.RUNNING)
        waits = []
        for age in (timedelta(), timedelta(hours=2), timedelta(hours=25)):
            with time_machine.travel(timezone.now() + age, tick=False):
                FineTuneJob.objects.filter(pk=job.pk).update(look_due_at=timezone.now())
                look_round()
                due = fresh(job).look_due_at
                waits.append(None if due is None else (due - timezone.now()).total_seconds())

        assert waits == [60, 600, None]


def test_an_order_that_was_never_in_doubt_costs_no_look(world: World, settings: Any) -> None:
    with lane(world, settings, Habits()) as (_far, job):
        job = walk(job, State.RUNNING)

        assert (job.look_due_at, second_jobs.to_look_for()) == (None, [])
