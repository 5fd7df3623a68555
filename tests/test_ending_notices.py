"""Before models are switched off: owners get a notice and a mail 30, 14, 7 and 1 days ahead, each once."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.models import Member, Notice, NoticeKind, RemoteModel, Role, Team, User
from jobs.pipeline import notice_mail
from jobs.pipeline.rescue import ending
from jobs.run_states import ChunkState
from jobs.tasks import mail_notice, remind_of_ends
from tests.conftest import World
from tests.factories import make_connection, make_job, make_tuned_model, make_user
from tests.mail_server import MailServer
from tests.running import free_port
from tests.test_notice_mail import a_worker_that_mails, aim, fate, read, text
from tests.test_rescue_teams import record

type Login = Callable[..., Client]
END = date(2027, 1, 14)
BASE = "gpt-4o-mini-2024-07-18"


def on(day: date | int, hour: int = 9) -> time_machine.travel:
    """That day, or that many days before the end."""
    when = END - timedelta(days=day) if isinstance(day, int) else day
    return time_machine.travel(datetime(when.year, when.month, when.day, hour), tick=False)


def add_models(world: World, count: int = 2, **fields: Any) -> list[RemoteModel]:
    made = {"team": world.team, "connection": world.connection, "base": BASE, "shutdown_date": END} | fields
    return [RemoteModel.objects.create(name=f"ft:{BASE}:org::{number:04}", **made) for number in range(count)]


def marks(user: User) -> list[int]:
    found = Notice.objects.filter(user=user, kind=NoticeKind.ENDING).order_by("created_at", "pk")
    return [days or 0 for days in found.values_list("days", flat=True)]


def send_all() -> None:
    for pk in notice_mail.due():
        mail_notice(pk)


@pytest.fixture(autouse=True)
def _english(world: World) -> None:
    User.objects.update(language="en")


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        aim(settings, server.port)
        yield server


# --- when ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "mark"),
    [(31, None), (30, 30), (29, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1), (0, None), (-3, None)],
)
def test_each_day_has_one_mark(left: int, mark: int | None) -> None:
    assert ending.mark(left) == mark


def test_owners_are_reminded_four_times_and_each_once(world: World, server: MailServer) -> None:
    add_models(world)

    for day in range(40, -3, -1):
        for hour in (0, 12):
            with on(day, hour):
                remind_of_ends()
                remind_of_ends()
                send_all()

    assert marks(world.alice) == [30, 14, 7, 1]
    subjects = [str(read(mail)["Subject"]) for mail in server.mails]
    assert subjects == [
        "[TextHelper] 2 models are switched off in 30 days: 봄날편집부",
        "[TextHelper] 2 models are switched off in 14 days: 봄날편집부",
        "[TextHelper] 2 models are switched off in 7 days: 봄날편집부",
        "[TextHelper] 2 models are switched off in 1 day: 봄날편집부",
    ]
    assert {read(mail)["To"] for mail in server.mails} == {"alice@example.com"}
    assert len({read(mail)["Message-ID"] for mail in server.mails}) == 4
    assert Notice.objects.count() == 4


@pytest.mark.parametrize(("back", "marked", "days"), [(12, 14, "12 days"), (5, 7, "5 days"), (1, 1, "1 day")])
def test_a_portal_that_was_off_sends_one_and_not_all(
    world: World, server: MailServer, back: int, marked: int, days: str
) -> None:
    add_models(world)

    with on(back):
        remind_of_ends()
        send_all()

    assert marks(world.alice) == [marked]
    assert [str(read(mail)["Subject"]) for mail in server.mails] == [
        f"[TextHelper] 2 models are switched off in {days}: 봄날편집부"
    ]


@pytest.mark.parametrize("day", [0, -1, -300])
def test_nothing_is_sent_once_they_are_off(world: World, day: int) -> None:
    add_models(world)

    with on(day):
        remind_of_ends()

    assert not Notice.objects.exists()


def test_another_day_is_other_news(world: World, server: MailServer) -> None:
    add_models(world)
    with on(14):
        remind_of_ends()

    RemoteModel.objects.update(shutdown_date=END + timedelta(days=10))  # the service has changed its mind
    with on(14, 10):
        remind_of_ends()
        send_all()

    notices = [(notice.ends_on, notice.days, notice.mail_fate) for notice in Notice.objects.order_by("pk")]
    assert notices == [(END, 14, "none"), (END + timedelta(days=10), 30, "sent")]


# --- to whom ------------------------------------------------------------------------------------------


def test_every_owner_of_the_team_and_nobody_else(world: World, server: MailServer) -> None:
    add_models(world)
    Member.objects.create(team=world.team, user=make_user("dora", language="en"), role=Role.OWNER)
    User.objects.filter(username="dora").update(language="ko")

    with on(7):
        remind_of_ends()
        send_all()

    assert sorted(read(mail)["To"] for mail in server.mails) == ["alice@example.com", "dora@example.com"]
    korean = next(mail for mail in server.mails if read(mail)["To"] == "dora@example.com")
    assert read(korean)["Subject"] == "[TextHelper] 7일 뒤에 모델 2개가 꺼집니다: 봄날편집부"
    assert "아직 할 일" in text(korean)
    assert not any(word in text(korean) for word in ("Archive", "Record", "Sign", "left"))


@pytest.mark.parametrize("why", ["signed", "deleted connection", "no owner", "inactive"])
def test_nobody_is_reminded_where_nothing_is_left(world: World, why: str) -> None:
    add_models(world)
    if why == "signed":
        RemoteModel.objects.update(signed_at=timezone.now())
    if why == "deleted connection":
        type(world.connection).objects.update(deleted_at=timezone.now())
    if why == "no owner":
        Member.objects.filter(user=world.alice).update(role=Role.TRAINER)
    if why == "inactive":
        User.objects.filter(pk=world.alice.pk).update(is_active=False)

    with on(7):
        remind_of_ends()

    assert not Notice.objects.exists()


@pytest.mark.parametrize("change", ["signed", "off", "left", "demoted", "inactive", "moved"])
def test_a_mail_that_is_no_longer_wanted_is_not_sent(world: World, server: MailServer, change: str) -> None:
    add_models(world)
    with on(7):
        remind_of_ends()
        members = world.team.members.filter(user=world.alice)
        if change == "signed":
            RemoteModel.objects.update(signed_at=timezone.now())
        if change == "off":
            User.objects.filter(pk=world.alice.pk).update(mail_ends=False)
        if change == "left":
            members.delete()
        if change == "demoted":
            members.update(role=Role.TRAINER)
        if change == "inactive":
            User.objects.filter(pk=world.alice.pk).update(is_active=False)
        if change == "moved":
            RemoteModel.objects.update(shutdown_date=END + timedelta(days=90))
        send_all()

    assert server.mails == []
    assert fate(Notice.objects.get()) == "none"


@pytest.mark.parametrize(("demand", "mails"), [("mandatory", 0), ("optional", 1)])
def test_an_address_is_verified_where_that_is_required(
    world: World, server: MailServer, settings: Any, demand: str, mails: int
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = demand
    add_models(world)

    with on(7):
        remind_of_ends()
        send_all()

    assert len(server.mails) == mails


def test_who_wants_no_mail_still_has_the_bell(world: World, server: MailServer, login: Login) -> None:
    client = login(world.alice)
    fields = {"username": "alice", "language": "en", "time_zone": "", "mail_me": "never"}
    assert client.post("/settings/", fields).status_code == 302  # a box that is not ticked is not sent
    add_models(world)

    with on(7):
        remind_of_ends()
        due = notice_mail.due()
        send_all()

    assert (due, server.mails) == ([], [])
    assert Notice.objects.get().mail_fate == "none"
    assert client.get("/notices/").context["unseen"]() == 1


# --- once ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_and_send_one(world: World, server: MailServer) -> None:
    add_models(world)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        remind_of_ends()
        for pk in Notice.objects.values_list("pk", flat=True):
            mail_notice(pk)
        database.close()

    with on(7):
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        send_all()

    assert (len(server.mails), marks(world.alice)) == (1, [7])
    assert User.objects.get(pk=world.alice.pk).notices_version == 1


def test_a_worker_that_died_after_the_row_lost_nothing(world: World, server: MailServer) -> None:
    add_models(world)
    with on(7):
        remind_of_ends()
        notice_mail.due()  # taken, and never sent

    with on(7, 10):
        remind_of_ends()
        send_all()

    assert (len(server.mails), fate(Notice.objects.get())) == (1, "sent")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("last", "mails"), [("MAIL", 0), ("END", 1)])
def test_a_worker_killed_while_it_sends_sends_no_second(world: World, settings: Any, last: str, mails: int) -> None:
    """Nobody can know whether the mail went out: it is not sent again, the bell shows it in any case."""
    today = datetime.now().date()
    add_models(world, shutdown_date=today + timedelta(days=7))
    remind_of_ends()
    notice = Notice.objects.get()
    with MailServer(**{last: ""}) as server:
        aim(settings, server.port)
        worker = a_worker_that_mails(notice, server.port)
        assert server.heard[last].wait(60)
        worker.kill()
        worker.wait()
        del server.says[last]
        remind_of_ends()
        send_all()
        mail_notice(notice.pk)

        assert (len(server.mails), fate(notice)) == (mails, "may not have gone out")
    assert notice in Notice.objects.unseen()


def test_a_mail_server_that_is_away_for_days_gets_it_once_and_with_the_days_of_then(
    world: World, settings: Any
) -> None:
    add_models(world)
    aim(settings, free_port())
    with on(14):
        remind_of_ends()
    for hours in range(0, 5 * 24, 6):
        with time_machine.travel(datetime(2026, 12, 31, 10) + timedelta(hours=hours), tick=False):
            remind_of_ends()
            send_all()
    assert fate(Notice.objects.get()) == "waiting"

    with MailServer() as server, on(9):
        aim(settings, server.port)
        send_all()
        send_all()

    assert [str(read(mail)["Subject"]) for mail in server.mails] == [
        "[TextHelper] 2 models are switched off in 9 days: 봄날편집부"
    ]


def test_a_mail_server_that_is_away_over_two_marks_gets_the_later_one_alone(
    world: World, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    add_models(world)
    aim(settings, free_port())
    for day in (30, 14):
        with on(day):
            remind_of_ends()
            send_all()

    with MailServer() as server, on(13):
        aim(settings, server.port)
        send_all()

    assert [str(read(mail)["Subject"]) for mail in server.mails] == [
        "[TextHelper] 2 models are switched off in 13 days: 봄날편집부"
    ]
    assert marks(world.alice) == [30, 14]
    assert [record.levelname for record in caplog.records if "never sent" in record.message] == ["ERROR"]


# --- what it says -------------------------------------------------------------------------------------


def test_a_mail_names_each_model_and_what_is_open(world: World, server: MailServer, settings: Any) -> None:
    settings.SITE_URL = "https://desk.example.com/"
    first, second, signed = add_models(world, 3)
    RemoteModel.objects.filter(pk=second.pk).update(remote_job="ftjob-1", trouble="no")
    RemoteModel.objects.filter(pk=signed.pk).update(signed_at=timezone.now())

    with on(7):
        remind_of_ends()
        send_all()

    assert text(server.mails[0]) == (
        "2 tuned models of your team are switched off by their service on Jan. 14, 2027. 7 days are left.\n"
        "The answers of 2 models are not recorded yet. That is the only step that cannot be done later.\n"
        "\n"
        "Team: 봄날편집부\n"
        f"All models and what to do: https://desk.example.com/t/{world.team.slug}/rescue/\n"
        "\n"
        "Still to do, model by model:\n"
        "\n"
        "ft:gpt-4o-mini-2024-07-18:org::0000 (Practice trainer)\n"
        "  Record answers, Train elsewhere, Compare, Sign off\n"
        f"  https://desk.example.com/t/{world.team.slug}/rescue/models/{first.uuid}/\n"
        "\n"
        "ft:gpt-4o-mini-2024-07-18:org::0001 (Practice trainer)\n"
        "  Archive (Needs you), Record answers, Train elsewhere, Compare, Sign off\n"
        f"  https://desk.example.com/t/{world.team.slug}/rescue/models/{second.uuid}/\n"
        "\n"
        "You get this mail because you own the team. A model that is signed off is not named any more. "
        "Choose here which mails you want:\n"
        "https://desk.example.com/settings/\n"
    )


def test_a_mail_of_a_thousand_models_names_forty(world: World, server: MailServer) -> None:
    made = {"team": world.team, "connection": world.connection, "shutdown_date": END}
    RemoteModel.objects.bulk_create(RemoteModel(name=f"ft:x:{number:04}", **made) for number in range(1000))

    with on(7), CaptureQueriesContext(database) as queries:
        remind_of_ends()
        send_all()

    lines = text(server.mails[0]).splitlines()
    assert lines[0].startswith("1,000 tuned models of your team are switched off")
    assert sum("ft:x:" in line for line in lines) == 40
    assert "And 960 models more: see the page above." in lines
    assert len(queries) < 40


def test_what_is_not_recorded_comes_first(world: World, server: MailServer) -> None:
    kept, _other = add_models(world, 2)
    record(world.team, kept, ChunkState.DONE)

    with on(7):
        remind_of_ends()
        send_all()

    named = [line for line in text(server.mails[0]).splitlines() if line.startswith("ft:")]
    assert [line.partition(" ")[0][-4:] for line in named] == ["0001", "0000"]
    assert "The answers of 1 model are not recorded yet." in text(server.mails[0])


@pytest.mark.parametrize("name", ["a\r\nBcc: eve@example.com", "a\x0b\u2028b", "a\x1b[31m\u202eb", "가" * 80])
def test_no_name_writes_into_the_head_or_adds_a_line(world: World, server: MailServer, name: str) -> None:
    Team.objects.update(name=name)
    add_models(world, 1)
    RemoteModel.objects.update(name=f"ft:{name}")

    with on(7):
        remind_of_ends()
        send_all()

    mail = read(server.mails[0])
    assert mail["Bcc"] is None
    assert not [line for line in text(server.mails[0]).splitlines() if line.startswith("Bcc")]


def test_who_chose_no_language_gets_both(world: World, server: MailServer) -> None:
    User.objects.update(language="")
    add_models(world)

    with on(1):
        remind_of_ends()
        send_all()

    subject = "[TextHelper] 1일 뒤에 모델 2개가 꺼집니다 · 2 models are switched off in 1 day: 봄날편집부"
    assert read(server.mails[0])["Subject"] == subject
    assert [line for line in text(server.mails[0]).splitlines() if line == "---"] == ["---"]


# --- which models -------------------------------------------------------------------------------------


def test_models_of_our_own_jobs_count_though_no_list_was_read(world: World, server: MailServer) -> None:
    """Who never opened the page is who needs the mail most."""
    openai = make_connection(world.team, "sk-x", profile="openai", name="OpenAI")
    job = make_job(world.team, connection=openai, base_model=BASE, remote_id="ftjob-9")
    make_tuned_model(job, name="ft:gpt-4o-mini-2024-07-18:org::own", shutdown_date=None)  # the catalog knows the day
    assert not RemoteModel.objects.exists()

    with on(30):
        remind_of_ends()
        send_all()

    row = RemoteModel.objects.get()
    assert (row.shutdown_date, row.job, row.remote_job) == (END, job, "ftjob-9")
    assert "ft:gpt-4o-mini-2024-07-18:org::own (OpenAI)" in text(server.mails[0])


def test_a_day_that_only_our_own_row_knows_counts(world: World) -> None:
    make_tuned_model(make_job(world.team), name="ft:sim-small-2026-06-01:own", shutdown_date=END)

    with on(14):
        remind_of_ends()

    assert (RemoteModel.objects.get().shutdown_date, marks(world.alice)) == (END, [14])


def test_a_day_that_the_catalog_learnt_later_counts(world: World) -> None:
    openai = make_connection(world.team, "sk-x", profile="openai")
    add_models(world, 1, connection=openai, shutdown_date=None)

    with on(14):
        remind_of_ends()

    assert RemoteModel.objects.get().shutdown_date == END
    assert marks(world.alice) == [14]


def test_models_without_an_end_are_no_news(world: World) -> None:
    job = make_job(world.team)
    make_tuned_model(job)
    add_models(world, 1, base="sim-small-2026-06-01", shutdown_date=None)

    with on(14):
        remind_of_ends()

    assert (Notice.objects.count(), RemoteModel.objects.count()) == (0, 1)


def test_queries_do_not_grow_with_teams_that_know_already(world: World) -> None:
    def count() -> int:
        with CaptureQueriesContext(database) as queries:
            remind_of_ends()
        return len(queries)

    add_models(world)
    with on(7):
        count()
        before = count()
        for number in range(5):
            owner = make_user(f"owner{number}")
            team = Team.objects.make(f"team {number}", owner)
            connection = make_connection(team)
            RemoteModel.objects.create(team=team, connection=connection, name="ft:x", shutdown_date=END)
        remind_of_ends()
        after = count()

    assert Notice.objects.count() == 6
    assert before == after


# --- pages --------------------------------------------------------------------------------------------


def test_the_bell_counts_it_until_the_page_is_opened(world: World, login: Login) -> None:
    add_models(world)
    with on(7):
        remind_of_ends()
        alice, carol = login(world.alice), login(world.carol)
        notices = alice.get("/notices/")
        seen_before = notices.context["unseen"]()
        others = carol.get("/notices/").context["unseen"]()
        page = alice.get(reverse("rescue", args=[world.team.slug]))

    assert (seen_before, others, page.context["unseen"]()) == (1, 0, 0)
    words = notices.content.decode()
    assert "Switched off on Jan. 14, 2027" in words
    assert reverse("rescue", args=[world.team.slug]) in words
    assert not Notice.objects.unseen().exists()


def test_who_left_the_team_sees_it_no_more(world: World, login: Login) -> None:
    add_models(world)
    with on(7):
        remind_of_ends()
        world.team.members.filter(user=world.alice).delete()
        page = login(world.alice).get("/notices/")

    assert page.context["unseen"]() == 0
    assert "Switched off on" not in page.content.decode()


def test_staff_see_what_became_of_the_mail(world: World, login: Login) -> None:
    add_models(world)
    with on(7):
        remind_of_ends()
    staff = User.objects.create_superuser("root", "root@example.com", "long-enough-pw-1")

    lists = login(staff).get("/admin/jobs/notice/").content.decode()
    page = login(staff).get(f"/admin/jobs/notice/{Notice.objects.get().pk}/change/").content.decode()

    for words in (lists, page):
        assert "봄날편집부" in words
        assert "waiting" in words
