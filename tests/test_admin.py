"""Staff see every team's rows in the admin, read-only, without keys or training text, and may brake."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.models import (
    AuditEntry,
    Chunk,
    Connection,
    FineTuneJob,
    Member,
    Pulse,
    RemoteFile,
    RemoteModel,
    Role,
    Run,
    SavedPrompt,
    Search,
    Team,
    Transition,
    User,
)
from jobs.models.paid import NANO
from jobs.pipeline.rescue import inventory
from jobs.run_states import RunState
from jobs.states import State
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_connection, make_file, make_job, make_source, make_tuned_model, make_user
from tests.judging import make_judging
from tests.running_recipes import SUMMARY, make_run

MODELS = [model for model in admin.site._registry if model._meta.app_label == "jobs"]
JOBS = "admin:jobs_finetunejob_changelist"
JOB = "admin:jobs_finetunejob_change"
CONNECTIONS = "admin:jobs_connection_changelist"


@pytest.fixture
def staff(world: World, login: Callable[..., Client]) -> Client:
    """Of the staff, no superuser, in no team of the world."""
    return login(make_user("root", is_staff=True))


def act(client: Client, where: str, name: str, *rows: Any, **more: str) -> list[str]:
    """Do an action to rows of a list; what staff are told."""
    sent = {"action": name, "_selected_action": [row.pk for row in rows], **more}
    return [str(message) for message in client.post(reverse(where), sent, follow=True).context["messages"]]


def named(answer: Any) -> list[str]:
    return [job.name for job in answer.context["cl"].result_list]


def acts(world: World) -> list[tuple[str, str, str]]:
    return [(entry.action, entry.subject, entry.actor.username) for entry in world.team.audit.all() if entry.actor]


# --- what is seen, and what is not ------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_page_opens_for_staff_and_nothing_can_be_changed(
    world: World, staff: Client, model: Any
) -> None:
    job = make_job(world.team, created_by=world.alice, state=State.FAILED)
    make_tuned_model(job)
    Transition.objects.create(job=job, after=State.FAILED)
    RemoteFile.objects.create(connection=job.service, training_file=job.trained_on, remote_id="file-1")
    AuditEntry.objects.create(team=world.team, actor=world.alice, action="job.ordered", subject="x")
    job.events.create(remote_id="e1", created_at=timezone.now(), message="hello")
    job.checkpoints.create(remote_id="c1", step=1, model="m", created_at=timezone.now())
    world.team.invitations.create(email="new@example.com", invited_by=world.alice)
    job.notices.create(user=world.alice, kind="ended")
    make_run(world.team, make_source(world.team, uploaded_by=world.alice), created_by=world.alice)
    Search.objects.create(team=world.team, by=world.alice, passage="첫눈이 왔다")
    evaluation = make_evaluation(
        world.team, ["one"], make_questions(world.team, "눈", created_by=world.alice), created_by=world.alice
    )
    RemoteModel.objects.create(team=world.team, connection=job.service, name="ft:x", job=job, retrained=job)
    inventory.order(job.service)
    SavedPrompt.objects.create(team=world.team, name="첫눈", text="첫눈은?", created_by=world.alice)
    make_judging(evaluation, connection=world.connection, created_by=world.alice)
    name, row = f"admin:jobs_{model._meta.model_name}", model.objects.first()

    statuses = {
        "list": staff.get(reverse(f"{name}_changelist")).status_code,
        "search": staff.get(reverse(f"{name}_changelist"), {"q": "alice"}).status_code,
        "page": staff.get(reverse(f"{name}_change", args=[row.pk])).status_code,
        "add": staff.get(reverse(f"{name}_add")).status_code,
        "change": staff.post(reverse(f"{name}_change", args=[row.pk]), {"name": "x"}).status_code,
        "delete": staff.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code,
    }

    assert statuses == {"list": 200, "search": 200, "page": 200, "add": 403, "change": 403, "delete": 403}


def test_only_our_own_tables_are_there() -> None:
    others = {model._meta.label for model in admin.site._registry if model._meta.app_label != "jobs"}

    assert others == {"trainer.Worker"}
    assert not {"Conversation", "Message"} & {model.__name__ for model in MODELS}


def test_no_page_shows_a_key_a_token_or_training_text(world: World, staff: Client) -> None:
    text, key = "비밀스러운눈", "trainer-very-secret-key-0123456789"
    connection = make_connection(world.team, key, sealed_hook_secret="sealed-hook-secret")
    file = make_file(world.team, report={"previews": [text]}, options={"system_prompt": text})
    job = make_job(world.team, connection=connection, training_file=file, result_csv=f"step,{text}")
    invitation = world.team.invitations.create(email="new@example.com", invited_by=world.alice)
    rows = [connection, file, job, invitation, world.alice]

    pages = [staff.get(reverse(f"admin:jobs_{row._meta.model_name}_change", args=[row.pk])) for row in rows]
    lists = [staff.get(reverse(f"admin:jobs_{row._meta.model_name}_changelist")) for row in rows]

    shown = "".join(page.content.decode() for page in [*pages, *lists])
    secrets = [key, connection.sealed_key, "sealed-hook-secret", text, invitation.token, world.alice.password]
    assert [secret for secret in secrets if secret in shown] == []
    assert connection.key_hint in shown


def pages_of(staff: Client, *rows: Any) -> str:
    """The page of each row, and the list that it stands in."""
    names = [f"admin:jobs_{row._meta.model_name}" for row in rows]
    urls = [reverse(f"{name}_change", args=[row.pk]) for name, row in zip(names, rows, strict=True)]
    urls += [reverse(f"{name}_changelist") for name in names]
    return "".join(staff.get(url).content.decode() for url in urls)


def test_no_page_shows_a_text_a_piece_a_recipe_or_a_passage(world: World, staff: Client) -> None:
    text = "비밀스러운눈"
    source = make_source(world.team, f"{text}이 왔다.", name="winter.txt", notes={"crlf": 1})
    recipe = msgspec.structs.replace(SUMMARY, system_prompt=text, prompt=f"{text}: {{text}}")
    run = make_run(world.team, source, recipe=recipe, name="겨울 자료", cap="1")
    Chunk.objects.create(run=run, position=0, source=source, start=0, end=9, text=text, answer=text, trouble=text)
    results = [{"file": "x", "count": 3, "lines": [[1, 0]], "why": "", "act": "", "version": ""}]
    search = Search.objects.create(team=world.team, by=world.bob, passage=text, results=results)
    questions = make_questions(world.team, text, system_prompt=text, options={"lines": text})
    evaluation = make_evaluation(world.team, ["one"], questions)
    evaluation.answers.create(
        candidate=evaluation.candidates.get(), question=questions.questions.get(), answer=text, position=0
    )

    shown = pages_of(staff, source, run, search, questions, evaluation)

    assert text not in shown
    assert [word for word in ("winter.txt", "겨울 자료", str(search.uuid)) if word not in shown] == []
    assert "Chunk" not in {model.__name__ for model in MODELS}


def test_a_texts_page_tells_why_it_could_not_be_read(world: World, staff: Client) -> None:
    source = make_source(world.team, state="invalid", fault="too_long", fault_params={"limit": 32_000_000})

    assert "The text is longer than 32000000 characters." in pages_of(staff, source)


def test_a_runs_page_tells_its_money(world: World, staff: Client) -> None:
    free = make_run(world.team, make_source(world.team), name="free")
    paid = make_run(world.team, make_source(world.team), recipe=SUMMARY, name="paid", cap="2.50", model="sim-x")
    Run.objects.filter(pk=paid.pk).update(
        state=RunState.CAPPED, spent_nano=int(NANO * 2), held_nano=int(NANO / 2), total=41, done=17, unsure=3
    )

    shown = {run.name: pages_of(staff, run) for run in (free, paid)}

    told = ["$2.00", "$2.50", "$0.50", "$1.00", "Stopped at the cap", "Summary → passage", "sim-x", "17", "41"]
    assert [word for word in told if word not in shown["paid"]] == []
    page_of_free = staff.get(reverse("admin:jobs_run_change", args=[free.pk])).content.decode()
    assert ("$" in page_of_free, "Keywords → paragraph" in page_of_free) == (False, True)


@pytest.mark.parametrize(
    ("table", "asked", "found"),
    [
        ("source", {"q": "bob@example.com"}, ["bob's"]),
        ("source", {"state__exact": "invalid"}, ["unread"]),
        ("source", {"kind__exact": "pdf"}, ["unread"]),
        ("run", {"q": "bob@example.com"}, ["bob's"]),
        ("run", {"state__exact": "failed"}, ["failed"]),
        ("run", {"connection__profile__exact": "trainer"}, ["failed"]),
    ],
    ids=str,
)
def test_texts_and_runs_are_found(
    world: World, staff: Client, table: str, asked: dict[str, str], found: list[str]
) -> None:
    source = make_source(world.team, name="bob's", uploaded_by=world.bob)
    make_source(world.team, name="unread", kind="pdf", state="invalid", fault="scanned", fault_params={"pages": 2})
    make_run(world.team, source, name="bob's", created_by=world.bob)
    Run.objects.filter(pk=make_run(world.team, source, recipe=SUMMARY, name="failed").pk).update(state=RunState.FAILED)

    assert named(staff.get(reverse(f"admin:jobs_{table}_changelist"), asked)) == found


@pytest.mark.parametrize("table", ["source", "run", "search"])
def test_a_list_of_made_data_costs_the_same_however_long(world: World, staff: Client, table: str) -> None:
    url = reverse(f"admin:jobs_{table}_changelist")

    def add() -> None:
        other = Team.objects.make("other", world.mallory)
        make_connection(other)
        make_run(other, make_source(other, uploaded_by=world.bob), recipe=SUMMARY, created_by=world.bob)
        Search.objects.create(team=other, by=world.bob, passage="눈")

    add()
    staff.get(url)
    with CaptureQueriesContext(database) as few:
        staff.get(url)
    for _ in range(3):
        add()

    with CaptureQueriesContext(database) as many:
        staff.get(url)

    assert len(many) == len(few)


def test_a_jobs_page_tells_who_what_and_why(world: World, staff: Client) -> None:
    error = {"code": "insufficient_quota", "message": "You exceeded your quota.", "status": 429}
    job = make_job(world.team, created_by=world.bob, state=State.FAILED, remote_id="ftjob-7", error=error)
    Transition.objects.create(job=job, before=State.RUNNING, after=State.FAILED, reason="because of the test")
    job.events.create(remote_id="e1", created_at=timezone.now(), message="Step 7: loss=0.5")

    page = staff.get(reverse(JOB, args=[job.pk])).content.decode()

    words = [
        "bob@example.com",
        "insufficient_quota",
        "You exceeded",
        "no credit left",
        "ftjob-7",
        "because of the test",
    ]
    assert [word for word in [*words, "Step 7: loss=0.5", "봄날편집부"] if word not in page] == []
    assert "Open in the portal" not in page  # a stranger there would get 404


def test_the_portal_is_linked_for_staff_in_the_team(world: World, login: Callable[..., Client]) -> None:
    inside = make_user("root", is_staff=True)
    Member.objects.create(team=world.team, user=inside, role=Role.VIEWER)
    job = make_job(world.team)

    page = login(inside).get(reverse(JOB, args=[job.pk])).content.decode()

    assert f'href="{reverse("job-detail", args=[world.team.slug, job.uuid])}"' in page


# --- finding -----------------------------------------------------------------------------------------------


def a_day_in_the_life(world: World) -> None:
    now = timezone.now()
    long_ago, due = now - timedelta(days=2), now + timedelta(minutes=1)
    off = make_connection(world.team, name="off", disabled_at=now)
    parked = make_connection(world.team, name="parked")
    Connection.objects.filter(pk=parked.pk).update(parked_at=now)  # a new key is not parked
    told: list[tuple[str, State, dict[str, Any]]] = [
        ("failed", State.FAILED, {"due_at": None, "error": {"code": "server_error", "message": "Oops."}}),
        ("failed long ago", State.FAILED, {"due_at": None, "state_since": long_ago}),
        (
            "imported failure",
            State.FAILED,
            {"due_at": None, "origin": "imported", "finished_at": now - timedelta(days=30)},
        ),
        ("fine", State.RUNNING, {"due_at": due, "polled_at": now, "remote_id": "r1"}),
        ("claim", State.SUBMITTING, {"due_at": now - timedelta(minutes=1)}),
        ("person", State.UNSURE, {"due_at": None}),
        ("unsure", State.UNSURE, {"due_at": due, "state_since": now - timedelta(minutes=11)}),
        ("overdue", State.NEW, {"due_at": now - timedelta(minutes=11)}),
        ("silent", State.RUNNING, {"due_at": due, "polled_at": now - timedelta(minutes=16), "remote_id": "r2"}),
        ("disabled", State.READY, {"due_at": now, "connection": off}),
        ("parked", State.RUNNING, {"due_at": now, "polled_at": now, "remote_id": "r3", "connection": parked}),
        ("results late", State.SUCCEEDED, {"due_at": now - timedelta(minutes=11)}),
    ]
    for name, state, fields in told:
        make_job(world.team, **{"connection": world.connection, **fields}, name=name, state=state, created_by=world.bob)


def test_the_front_page_tells_what_failed_and_what_is_stuck_and_why(world: World, staff: Client) -> None:
    a_day_in_the_life(world)

    context = staff.get(reverse("admin:index")).context

    assert [row["job"].name for row in context["failed"]] == ["failed"]
    assert context["failed_count"] == 1
    assert {row["job"].name: row["job"].stuck for row in context["stuck"]} == {
        "claim": "claim", "person": "person", "unsure": "unsure", "overdue": "overdue", "silent": "silent",
        "disabled": "disabled", "parked": "parked", "results late": "overdue",
    }  # fmt: skip
    assert context["stuck_count"] == 8
    assert {one["state"]: one["count"] for one in context["states"] if one["count"]} == {
        "new": 1, "ready": 1, "submitting": 1, "unsure": 2, "running": 3, "succeeded": 1, "failed": 3
    }  # fmt: skip
    assert (context["beat_at"], context["beat_late"]) == (None, True)
    assert context["connections"] == {"parked": 1, "disabled": 1}


@pytest.mark.parametrize(("age", "late"), [(2, False), (90, True)])
def test_the_front_page_tells_the_age_of_the_last_beat(world: World, staff: Client, age: int, late: bool) -> None:
    Pulse.objects.update_or_create(name="tick", defaults={"at": timezone.now() - timedelta(seconds=age)})

    page = staff.get(reverse("admin:index"))

    assert page.context["beat_late"] == late
    assert ("Background work: late" in page.content.decode()) == late


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"failed": "day"}, ["failed"]),
        ({"failed": "week"}, ["failed long ago", "failed"]),
        ({"stuck": "claim"}, ["claim"]),
        ({"stuck": "overdue"}, ["results late", "overdue"]),
        ({"state__exact": "unsure"}, ["unsure", "person"]),
        ({"calls": "disabled"}, ["disabled"]),
        ({"calls": "parked"}, ["parked"]),
        ({"q": "r3"}, ["parked"]),
        ({"team": "0"}, []),
    ],
    ids=str,
)
def test_jobs_are_found_by_what_ails_them(world: World, staff: Client, asked: dict[str, str], found: list[str]) -> None:
    a_day_in_the_life(world)

    assert named(staff.get(reverse(JOBS), asked)) == found


def test_jobs_are_found_by_whose_they_are(world: World, staff: Client) -> None:
    a_day_in_the_life(world)
    make_job(Team.objects.make("other", world.mallory), name="another's", created_by=world.mallory)

    assert named(staff.get(reverse(JOBS), {"q": "mallory@example.com"})) == ["another's"]
    assert len(named(staff.get(reverse(JOBS), {"team": str(world.team.pk)}))) == 12


@pytest.mark.parametrize("url", ["admin:index", JOBS, CONNECTIONS])
def test_a_page_costs_the_same_however_many_rows(world: World, staff: Client, url: str) -> None:
    a_day_in_the_life(world)
    staff.get(reverse(url))
    with CaptureQueriesContext(database) as few:
        staff.get(reverse(url))
    for _ in range(3):
        other = Team.objects.make("other", world.mallory)
        make_job(other, name="x", state=State.FAILED, created_by=world.mallory, connection=make_connection(other))

    with CaptureQueriesContext(database) as many:
        staff.get(reverse(url))

    assert len(many) == len(few)


# --- acting ------------------------------------------------------------------------------------------------


def test_poll_now_makes_a_job_due_and_tells_why_others_are_not(world: World, staff: Client) -> None:
    later = timezone.now() + timedelta(minutes=5)
    job = make_job(world.team, name="good", state=State.RUNNING, remote_id="r1", due_at=later)
    claimed = make_job(world.team, name="claimed", state=State.PUSHING, due_at=later)
    ended = make_job(world.team, name="ended", state=State.SUCCEEDED, due_at=None)

    told = act(staff, JOBS, "poll_now", job, claimed, ended)

    assert sorted(told) == [
        "claimed: not polled: a worker has it, and is asked after when its time is over.",
        "ended: not polled: it has ended, and nothing is left to be fetched.",
        "good: is being looked at now.",
    ]
    due: dict[str, Any] = dict(FineTuneJob.objects.values_list("name", "due_at"))
    assert due["good"] <= timezone.now()
    assert (due["claimed"], due["ended"]) == (later, None)
    assert acts(world) == [("staff.job_polled", "good", "root")]


def test_cancel_asks_first_and_then_leaves_the_wish(world: World, staff: Client) -> None:
    job = make_job(world.team, name="good", state=State.RUNNING, remote_id="r1")
    unsure = make_job(world.team, name="unsure", state=State.UNSURE)
    asked = staff.post(reverse(JOBS), {"action": "cancel", "_selected_action": [job.pk, unsure.pk]})
    job.refresh_from_db()
    assert (job.wish, acts(world)) == ("", [])

    told = act(staff, JOBS, "cancel", job, unsure, sure="yes")

    assert ([one.name for one in asked.context["going"]], [one.name for one in asked.context["staying"]]) == (
        ["good"],
        ["unsure"],
    )
    assert sorted(told) == ["good: is being cancelled.", "unsure: cannot be cancelled as it stands: Checking."]
    assert dict(FineTuneJob.objects.values_list("name", "wish")) == {"good": "cancel", "unsure": ""}
    assert acts(world) == [("staff.job_cancelled", "good", "root")]


def test_the_acts_of_a_job_are_buttons_on_its_page(world: World, staff: Client) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="r1")
    url = reverse(JOB, args=[job.pk])
    page = staff.get(url).content.decode()
    sent = {"CHANGE_FORM-action": "cancel", "_selected_action": str(job.pk)}

    asked = staff.post(url, sent)
    staff.post(url, sent | {"sure": "yes"})

    assert '<button class="button" name="CHANGE_FORM-action" value="poll_now">Poll now</button>' in page
    assert 'name="CHANGE_FORM-action" value="cancel"' in asked.content.decode()
    job.refresh_from_db()
    assert job.wish == "cancel"


@pytest.mark.parametrize(
    ("state", "offered"), [(State.RUNNING, ["poll_now", "cancel"]), (State.UNSURE, ["poll_now"]), (State.FAILED, [])]
)
def test_a_job_offers_the_acts_that_would_do_something(
    world: World, staff: Client, state: State, offered: list[str]
) -> None:
    job = make_job(world.team, state=state, due_at=None)

    page = staff.get(reverse(JOB, args=[job.pk])).content.decode()

    assert re.findall(r'name="CHANGE_FORM-action" value="(\w+)"', page) == offered


def test_a_connection_offers_the_act_that_would_do_something(world: World, staff: Client) -> None:
    url = reverse("admin:jobs_connection_change", args=[world.connection.pk])

    on = staff.get(url).content.decode()
    Connection.objects.update(disabled_at=timezone.now())
    off = staff.get(url).content.decode()

    assert re.findall(r'name="CHANGE_FORM-action" value="(\w+)"', on) == ["disable"]
    assert re.findall(r'name="CHANGE_FORM-action" value="(\w+)"', off) == ["enable"]


def test_too_many_at_once_are_refused(world: World, staff: Client) -> None:
    file = make_file(world.team)
    jobs = [make_job(world.team, training_file=file, due_at=None) for _ in range(51)]

    assert act(staff, JOBS, "poll_now", *jobs) == ["Choose at most 50 rows at a time. Nothing was done."]
    assert FineTuneJob.objects.filter(due_at=None).count() == 51


def test_staff_disable_and_enable_a_connection(world: World, staff: Client) -> None:
    make_job(world.team, connection=world.connection, state=State.READY)
    Connection.objects.update(state="testing", test_due_at=timezone.now())

    first = act(staff, CONNECTIONS, "disable", world.connection)
    again = act(staff, CONNECTIONS, "disable", world.connection)
    off = Connection.objects.get()
    back = act(staff, CONNECTIONS, "enable", world.connection)

    assert first == ["Practice trainer: is disabled: no call is made over it. Jobs that wait: 1."]
    assert again == ["Practice trainer: was disabled or deleted before."]
    assert (off.disabled_at is not None, off.state, off.test_due_at) == (True, "untested", None)
    assert back == ["Practice trainer: is enabled, and being tested. Jobs that waited go on."]
    on = Connection.objects.get()
    assert (on.disabled_at, on.state) == (None, "testing")
    assert [action for action, *_ in acts(world)] == ["staff.connection_enabled", "staff.connection_disabled"]


# --- who may -----------------------------------------------------------------------------------------------


def test_members_who_are_not_staff_stay_out(world: World, login: Callable[..., Client]) -> None:
    client = login(world.alice)

    assert client.get(reverse("admin:index")).status_code == 302
    assert client.get(reverse("admin:login")).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_djangos_own_log_in_is_never_reached(world: World, staff: Client, method: str) -> None:
    sent = {"username": "alice", "password": "long-enough-pw-1"}

    signed_out = getattr(Client(), method)(reverse("admin:login"), sent)
    signed_in = getattr(staff, method)(reverse("admin:login"), sent)
    elsewhere = getattr(staff, method)(reverse("admin:login") + "?next=https://evil.example/")

    assert (signed_out.status_code, signed_out["Location"]) == (302, "/accounts/login/?next=%2Fadmin%2F")
    assert (signed_in.status_code, signed_in["Location"]) == (302, "/admin/")
    assert elsewhere["Location"] == "/admin/"


@pytest.mark.parametrize(
    ("name", "where"), [("password_change", "/accounts/password/change/"), ("logout", "/accounts/logout/")]
)
def test_password_and_sign_out_are_the_portals(staff: Client, name: str, where: str) -> None:
    assert staff.post(reverse(f"admin:{name}"))["Location"] == where


def test_a_superuser_makes_staff_of_another_and_nothing_else(world: World, login: Callable[..., Client]) -> None:
    boss = login(User.objects.create_superuser("boss", "boss@example.com", "long-enough-pw-1"))
    url = reverse("admin:jobs_user_change", args=[world.bob.pk])

    boss.post(url, {"is_active": "on", "is_staff": "on", "is_superuser": "on", "email": "x@example.com"})

    world.bob.refresh_from_db()
    assert (world.bob.is_staff, world.bob.is_superuser, world.bob.email) == (True, False, "bob@example.com")
    assert LogEntry.objects.get().object_id == str(world.bob.pk)


def test_nobody_changes_themselves_and_plain_staff_nobody(world: World, login: Callable[..., Client]) -> None:
    boss = User.objects.create_superuser("boss", "boss@example.com", "long-enough-pw-1")
    plain = make_user("root", is_staff=True)

    own = login(boss).post(reverse("admin:jobs_user_change", args=[boss.pk]), {"is_staff": ""})
    other = login(plain).post(reverse("admin:jobs_user_change", args=[world.bob.pk]), {"is_staff": "on"})

    assert (own.status_code, other.status_code) == (403, 403)
    assert set(User.objects.filter(is_staff=True).values_list("username", flat=True)) == {"boss", "root"}
