"""What I am told of my jobs: written with the end of the job, shown by a mark on every page, gone once seen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs.models import AuditEntry, FineTuneJob, JobOrigin, Notice, NoticeKind, Transition, User
from jobs.pipeline import notices, record
from jobs.states import State
from tests.conftest import World
from tests.factories import make_job

type Login = Callable[..., Client]
LONG_AGO = timedelta(minutes=11)


@pytest.fixture
def job(world: World) -> FineTuneJob:
    """One that bob ordered, and that trains."""
    return make_job(world.team, created_by=world.bob, state=State.RUNNING)


def told(user: User) -> list[tuple[str, str]]:
    return list(Notice.objects.filter(user=user).values_list("job__name", "kind"))


def version(user: User) -> int:
    return User.objects.get(pk=user.pk).notices_version


def make_notice(job: FineTuneJob, **fields: Any) -> Notice:
    return Notice.objects.create(**{"user": job.created_by, "job": job, "kind": NoticeKind.ENDED, **fields})


def poll(client: Client, since: int) -> Any:
    return client.get(f"/notices/poll/?since={since}", headers={"HX-Request": "true"})


# --- when a job ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_who_ordered_the_job_is_told_of_its_end(world: World, job: FineTuneJob, end: State) -> None:
    record.move(job, end, finished_at=timezone.now())

    assert told(world.bob) == [(job.name, "ended")]
    assert version(world.bob) == 1
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("step", [State.PUSHING, State.READY, State.SUBMITTING, State.UNSURE, State.RUNNING])
def test_no_other_step_is_news(world: World, job: FineTuneJob, step: State) -> None:
    before = {State.PUSHING: State.NEW, State.READY: State.PUSHING, State.SUBMITTING: State.READY}
    FineTuneJob.objects.filter(pk=job.pk).update(state=before.get(step, State.SUBMITTING))
    job.refresh_from_db()

    assert record.move(job, step)

    assert told(world.bob) == []


def test_whoever_comes_second_tells_nothing(world: World, job: FineTuneJob) -> None:
    late = FineTuneJob.objects.get(pk=job.pk)
    record.move(job, State.SUCCEEDED)

    moved = record.move(late, State.FAILED)

    assert not moved
    assert told(world.bob) == [(job.name, "ended")]
    assert version(world.bob) == 1


@pytest.mark.parametrize("who", ["gone", "left", "inactive"])
def test_people_who_are_no_longer_here_are_not_told(world: World, job: FineTuneJob, who: str) -> None:
    if who == "gone":
        FineTuneJob.objects.filter(pk=job.pk).update(created_by=None)
    if who == "left":
        world.team.members.filter(user=world.bob).delete()
    if who == "inactive":
        User.objects.filter(pk=world.bob.pk).update(is_active=False)

    record.move(FineTuneJob.objects.get(pk=job.pk), State.FAILED)

    assert Notice.objects.count() == 0


@pytest.mark.parametrize(("ended", "news"), [(-1, []), (0, []), (1, [("겨울 에세이", "ended")])])
def test_an_imported_job_that_had_ended_is_no_news(world: World, ended: int, news: list[tuple[str, str]]) -> None:
    imported_at = timezone.now()
    job = make_job(world.team, created_by=world.bob, state=State.RUNNING, origin=JobOrigin.IMPORTED)
    Transition.objects.create(job=job, after=State.ADOPTING, at=imported_at)

    record.move(job, State.SUCCEEDED, finished_at=imported_at + timedelta(seconds=ended))

    assert told(world.bob) == news


@pytest.mark.parametrize(
    ("mail_me", "end", "mailed"),
    [
        ("never", State.FAILED, False),
        ("never", State.SUCCEEDED, False),
        ("failures", State.FAILED, True),
        ("failures", State.SUCCEEDED, False),
        ("failures", State.CANCELLED, False),
        ("always", State.FAILED, True),
        ("always", State.SUCCEEDED, True),
        ("always", State.CANCELLED, True),
    ],
)
def test_a_mail_is_due_if_it_is_wanted(world: World, job: FineTuneJob, mail_me: str, end: State, mailed: bool) -> None:
    User.objects.filter(pk=world.bob.pk).update(mail_me=mail_me)

    record.move(job, end)

    assert (Notice.objects.get().mail_due_at is not None) is mailed


@pytest.mark.parametrize(("who", "mailed"), [("bob", False), ("alice", True)])
def test_a_cancel_of_my_own_is_marked_but_not_mailed(world: World, job: FineTuneJob, who: str, mailed: bool) -> None:
    User.objects.filter(pk=world.bob.pk).update(mail_me="always")
    AuditEntry.objects.create(
        team=world.team, actor=getattr(world, who), action="job.cancelled", subject=job.name, subject_id=str(job.uuid)
    )

    record.move(job, State.CANCELLED)

    assert (Notice.objects.get().mail_due_at is not None) is mailed


# --- when nobody is sure ------------------------------------------------------------------------------


def unsure(world: World, **fields: Any) -> FineTuneJob:
    made = {"state": State.UNSURE, "state_since": timezone.now() - LONG_AGO, "created_by": world.bob, **fields}
    return make_job(world.team, **made)


def test_ten_unsure_minutes_are_told_once(world: World) -> None:
    job = unsure(world)

    notices.tell_unsure()
    notices.tell_unsure()

    assert told(world.bob) == [(job.name, "unsure")]
    assert version(world.bob) == 1
    assert Notice.objects.get().mail_due_at is not None


def test_unsure_again_after_a_retry_is_not_told_again(world: World) -> None:
    job = unsure(world)
    notices.tell_unsure()
    for state in (State.READY, State.SUBMITTING, State.UNSURE):
        record.move(job, state)
    FineTuneJob.objects.filter(pk=job.pk).update(state_since=timezone.now() - LONG_AGO)

    notices.tell_unsure()

    assert told(world.bob) == [(job.name, "unsure")]


def test_the_end_is_told_even_if_it_was_unsure_before(world: World) -> None:
    job = unsure(world)
    notices.tell_unsure()
    record.move(job, State.RUNNING)

    record.move(job, State.SUCCEEDED)

    assert sorted(told(world.bob)) == [(job.name, "ended"), (job.name, "unsure")]
    assert version(world.bob) == 2


def test_a_moment_of_doubt_is_no_news(world: World) -> None:
    unsure(world, state_since=timezone.now() - timedelta(minutes=9))
    unsure(world, state=State.RUNNING)

    notices.tell_unsure()

    assert Notice.objects.count() == 0


def test_doubt_is_not_told_to_those_who_left(world: World, django_assert_num_queries: Any) -> None:
    unsure(world, created_by=world.mallory)
    unsure(world, created_by=None)

    with django_assert_num_queries(1):
        notices.tell_unsure()

    assert Notice.objects.count() == 0


# --- the mark -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["files/", "jobs/", "team/"])
def test_every_page_shows_the_mark(world: World, login: Login, job: FineTuneJob, page: str) -> None:
    make_notice(job)

    response = login(world.bob).get(world.url(page))

    assert response.context["unseen"]() == 1
    assert response.content.decode().count('<span class="bell-count" aria-hidden="true">1</span>') == 2


def test_an_idle_poll_is_one_query_and_a_204(world: World, login: Login, django_assert_num_queries: Any) -> None:
    client = login(world.bob)
    client.get("/settings/")

    with django_assert_num_queries(1):
        response = poll(client, 0)

    assert (response.status_code, response.content) == (204, b"")


def test_a_poll_brings_both_bells_anew(world: World, login: Login, job: FineTuneJob) -> None:
    client = login(world.bob)
    record.move(job, State.SUCCEEDED)

    response = poll(client, 0)

    words = response.content.decode()
    assert response.status_code == 200
    assert 'data-count="1"' in words
    assert "/notices/poll/?since=1" in words
    assert words.count("1 new notice") == 3
    assert poll(client, 1).status_code == 204


def test_a_tab_of_someone_who_signed_out_stops_asking(client: Client, world: World) -> None:
    response = poll(client, 0)

    assert (response.status_code, response.headers["HX-Reswap"]) == (286, "none")


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}])
def test_a_session_that_no_longer_holds_is_told_nothing(world: World, login: Login, change: dict[str, Any]) -> None:
    client = login(world.bob)
    User.objects.filter(pk=world.bob.pk).update(**change)

    assert poll(client, 99).status_code == 286


def test_a_hundred_are_shown_as_more_than_99(world: World, login: Login, job: FineTuneJob) -> None:
    Notice.objects.bulk_create(
        Notice(user=world.bob, job=make_job(world.team, training_file=job.training_file), kind="ended")
        for _ in range(101)
    )

    words = login(world.bob).get("/notices/").content.decode()

    assert ">99+</span>" in words
    assert "More than 99 new notices" in words


# --- seen ---------------------------------------------------------------------------------------------


def test_opening_the_job_clears_its_notices_in_every_tab(world: World, login: Login, job: FineTuneJob) -> None:
    other = make_job(world.team, created_by=world.bob, name="여름")
    for one in (job, other):
        make_notice(one)
    make_notice(job, kind=NoticeKind.UNSURE)

    page = login(world.bob).get(reverse("job-detail", args=[world.team.slug, job.uuid]))

    assert list(Notice.objects.unseen().values_list("job__name", flat=True)) == ["여름"]
    assert page.context["unseen"]() == 1  # its own bell knows already
    assert version(world.bob) == 1


def test_opening_it_again_writes_nothing(world: World, login: Login, job: FineTuneJob) -> None:
    seen_at = timezone.now() - timedelta(hours=1)
    make_notice(job, seen_at=seen_at)

    login(world.bob).get(reverse("job-detail", args=[world.team.slug, job.uuid]))

    assert Notice.objects.get().seen_at == seen_at
    assert version(world.bob) == 0


def test_another_persons_look_leaves_mine_unseen(world: World, login: Login, job: FineTuneJob) -> None:
    make_notice(job)

    login(world.alice).get(reverse("job-detail", args=[world.team.slug, job.uuid]))

    assert Notice.objects.unseen().count() == 1


def test_mark_all_as_seen_spares_what_came_since(world: World, login: Login) -> None:
    old, new = (make_notice(make_job(world.team, created_by=world.bob)) for _ in range(2))
    client = login(world.bob)

    response = client.post("/notices/seen/", {"until": old.pk})

    assert response["Location"] == "/notices/"
    assert list(Notice.objects.unseen()) == [new]
    assert version(world.bob) == 1


@pytest.mark.parametrize("until", ["", "x", "1.5", "9" * 5000])
def test_a_bound_that_is_none_is_refused(world: World, login: Login, job: FineTuneJob, until: str) -> None:
    make_notice(job)

    assert login(world.bob).post("/notices/seen/", {"until": until}).status_code == 400
    assert Notice.objects.unseen().count() == 1


# --- the page -----------------------------------------------------------------------------------------


def test_the_page_lists_mine_across_teams(world: World, login: Login, job: FineTuneJob) -> None:
    own = make_job(
        world.bob.ensure_team(), created_by=world.bob, name="내 것", state=State.FAILED, error={"message": "탈"}
    )
    theirs = make_job(world.team, created_by=world.alice)
    for one in (job, own, theirs):
        make_notice(one)

    response = login(world.bob).get("/notices/")

    assert [notice.job.name for notice in response.context["page"]] == ["내 것", job.name]
    assert "It failed." in response.content.decode()
    assert '<span data-service="">탈</span>' in response.content.decode().replace("data-service>", 'data-service="">')


def test_a_team_that_i_left_is_shown_no_more(world: World, login: Login, job: FineTuneJob) -> None:
    make_notice(job)
    world.team.members.filter(user=world.bob).delete()

    response = login(world.bob).get("/notices/")

    assert list(response.context["page"]) == []
    assert response.context["unseen"]() == 0


def test_the_page_costs_the_same_for_one_and_for_many(
    world: World, login: Login, job: FineTuneJob, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    client = login(world.bob)
    make_notice(job)
    with django_assert_max_num_queries(8) as with_one:
        client.get("/notices/")
    for _ in range(30):
        make_notice(make_job(world.team, created_by=world.bob, training_file=job.training_file))

    with django_assert_num_queries(len(with_one)):
        response = client.get("/notices/")

    assert len(response.context["page"].object_list) == 25


def test_a_name_is_never_markup(world: World, login: Login) -> None:
    make_notice(
        make_job(world.team, created_by=world.bob, name="<b>x</b>", state=State.FAILED, error={"message": "<i>"})
    )

    words = login(world.bob).get("/notices/").content.decode()

    assert ("<b>x</b>" in words, "<i>" in words, "&lt;b&gt;x" in words) == (False, False, True)
