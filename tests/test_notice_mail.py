"""The mail of a notice: at most one, whoever dies in between; what it says, and to whom."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from email import message_from_string, policy
from email.message import EmailMessage as Mail
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.utils import timezone

from jobs.models import FineTuneJob, Notice, NoticeKind, User
from jobs.pipeline import notice_mail
from jobs.states import State
from jobs.tasks import mail_notice
from tests.conftest import World
from tests.factories import make_job
from tests.mail_server import MailServer
from tests.meanwhile import meanwhile
from tests.running import ROOT, free_port
from tests.workers import database_url

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def notice(world: World) -> Notice:
    """Of bob's job, which failed; its mail is due."""
    User.objects.filter(pk=world.bob.pk).update(language="en")
    error = {"code": "invalid_n_examples", "message": "Training file has 8 examples, but must have at least 10."}
    job = make_job(world.team, created_by=world.bob, state=State.FAILED, error=error, billed_usd=Decimal("0.0821"))
    return make_notice(job)


def make_notice(job: FineTuneJob, **fields: Any) -> Notice:
    made = {"user": job.created_by, "kind": NoticeKind.ENDED, "mail_due_at": timezone.now(), **fields}
    return Notice.objects.create(job=job, **made)


@pytest.fixture
def use(settings: Any) -> Iterator[Callable[[MailServer], MailServer]]:
    """Make the portal send its mails to a server."""
    started = []

    def start(server: MailServer) -> MailServer:
        started.append(server.__enter__())
        aim(settings, server.port)
        return server

    yield start
    for server in started:
        server.__exit__(None, None, None)


def aim(settings: Any, port: int) -> None:
    options = {"host": "127.0.0.1", "port": port, "timeout": 2}
    settings.MAILERS = {"default": {"BACKEND": SMTP, "OPTIONS": options}}


def job_of(notice: Notice) -> FineTuneJob:
    assert notice.job
    return notice.job


def read(raw: str) -> Mail:
    return message_from_string(raw, policy=policy.default)


def text(raw: str) -> str:
    return str(read(raw).get_content()).replace("\r\n", "\n")


def fate(notice: Notice) -> str:
    return Notice.objects.get(pk=notice.pk).mail_fate


def seconds_until_due(notice: Notice) -> float:
    due = Notice.objects.get(pk=notice.pk).mail_due_at
    assert due
    return (due - timezone.now()).total_seconds()


@pytest.mark.parametrize(
    ("site", "host"),
    [("https://desk.example.com:8443", "desk.example.com"), ("http://[::1]:8000", "localhost"), ("", "localhost")],
)
def test_the_id_of_a_mail_ends_with_a_name_that_mail_allows(
    notice: Notice, settings: Any, use: Callable[..., MailServer], site: str, host: str
) -> None:
    settings.SITE_URL = site
    server = use(MailServer())

    mail_notice(notice.pk)

    assert read(server.mails[0])["Message-ID"] == f"<ended.{job_of(notice).uuid}.{notice.user_id}@{host}>"


# --- what it says -------------------------------------------------------------------------------------


def test_a_mail_says_what_happened_and_where(notice: Notice, settings: Any, use: Callable[..., MailServer]) -> None:
    settings.SITE_URL = "https://desk.example.com/"
    server = use(MailServer())

    mail_notice(notice.pk)

    mail = read(server.mails[0])
    job = job_of(notice)
    assert fate(notice) == "sent"
    assert (mail["To"], mail["Subject"]) == ("bob@example.com", "[TextHelper] Failed: 겨울 에세이")
    assert mail["Message-ID"] == f"<ended.{job.uuid}.{notice.user_id}@desk.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert text(server.mails[0]) == (
        "This job has failed.\n\n"
        "Job: 겨울 에세이\nTeam: 봄날편집부\n"
        "Reason: Training file has 8 examples, but must have at least 10.\n"
        "Cost: $0.08 (₩115)\n\n"
        f"https://desk.example.com/t/{job.team.slug}/jobs/{job.uuid}/\n\n"
        "You get this mail because you ordered the job. Choose here which mails you want:\n"
        "https://desk.example.com/settings/\n"
    )


def test_whoever_chose_no_language_gets_both(notice: Notice, use: Callable[..., MailServer]) -> None:
    User.objects.filter(pk=notice.user_id).update(language="")
    server = use(MailServer())

    mail_notice(notice.pk)

    assert read(server.mails[0])["Subject"] == "[TextHelper] 실패 · Failed: 겨울 에세이"
    assert [line for line in text(server.mails[0]).splitlines() if line == "---"] == ["---"]


@pytest.mark.parametrize("name", ["a\r\nBcc: eve@example.com", "a\x0b\u2028Bcc: x", "a\x1b[31m\u202eb", "가" * 120])
def test_no_name_writes_into_the_head(notice: Notice, use: Callable[..., MailServer], name: str) -> None:
    FineTuneJob.objects.filter(notices=notice).update(name=name)
    server = use(MailServer())

    mail_notice(notice.pk)

    mail = read(server.mails[0])
    assert mail["Bcc"] is None
    assert len(str(mail["Subject"]).splitlines()) == 1
    assert str(mail["Subject"]).startswith("[TextHelper] Failed: ")


def test_a_long_reason_is_shortened_to_a_line(notice: Notice, use: Callable[..., MailServer]) -> None:
    FineTuneJob.objects.filter(notices=notice).update(error={"message": "line\n" * 500})
    server = use(MailServer())

    mail_notice(notice.pk)

    reason = next(line for line in text(server.mails[0]).splitlines() if line.startswith("Reason: "))
    assert (len(reason), reason[-1]) == (len("Reason: ") + 300, "…")


@pytest.mark.parametrize("error", [{}, {"message": None}, {"message": ["odd"]}, {"message": ""}])
def test_any_error_makes_a_mail(notice: Notice, use: Callable[..., MailServer], error: dict[str, Any]) -> None:
    FineTuneJob.objects.filter(notices=notice).update(error=error)
    server = use(MailServer())

    mail_notice(notice.pk)

    assert len(server.mails) == 1


def test_doubt_asks_for_a_decision(world: World, use: Callable[..., MailServer]) -> None:
    User.objects.filter(pk=world.bob.pk).update(language="en")
    make_notice(make_job(world.team, created_by=world.bob, state=State.UNSURE), kind=NoticeKind.UNSURE)
    server = use(MailServer())

    mail_notice(Notice.objects.get().pk)

    assert read(server.mails[0])["Subject"] == "[TextHelper] Needs you: 겨울 에세이"
    assert text(server.mails[0]).startswith("It is not sure whether this job started at the service.")


def test_a_second_job_is_named_and_asks_to_be_cancelled(world: World, use: Callable[..., MailServer]) -> None:
    User.objects.filter(pk=world.bob.pk).update(language="en")
    job = make_job(world.team, created_by=world.bob, state=State.FAILED, billed_usd=Decimal(3), error={"message": "x"})
    job.second_jobs.create(remote_id="ftjob-second")
    make_notice(job, kind=NoticeKind.SECOND)
    server = use(MailServer())

    mail_notice(Notice.objects.get().pk)

    assert read(server.mails[0])["Subject"] == "[TextHelper] Second job: 겨울 에세이"
    lines = text(server.mails[0]).splitlines()
    assert lines[0].startswith("The service has a second job of this order")
    assert [line for line in lines if line.startswith(("Second job:", "Cost", "Reason"))] == [
        "Second job: ftjob-second"
    ]


@pytest.mark.parametrize("settled", ["ended_at", "cancel_wished_at"])
def test_a_second_job_that_is_settled_needs_no_mail(world: World, use: Callable[..., MailServer], settled: str) -> None:
    job = make_job(world.team, created_by=world.bob, state=State.RUNNING)
    job.second_jobs.create(remote_id="ftjob-second", **{settled: timezone.now()})
    notice = make_notice(job, kind=NoticeKind.SECOND)
    server = use(MailServer())

    mail_notice(notice.pk)

    assert (server.mails, fate(notice)) == ([], "none")


# --- to whom ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["left", "inactive", "never", "settled"])
def test_a_mail_that_is_no_longer_wanted_is_not_sent(
    world: World, notice: Notice, use: Callable[..., MailServer], change: str
) -> None:
    if change == "left":
        world.team.members.filter(user=world.bob).delete()
    if change == "inactive":
        User.objects.filter(pk=world.bob.pk).update(is_active=False)
    if change == "never":
        User.objects.filter(pk=world.bob.pk).update(mail_me="never")
    if change == "settled":
        Notice.objects.update(kind=NoticeKind.UNSURE)
    server = use(MailServer())

    mail_notice(notice.pk)

    assert (server.mails, fate(notice)) == ([], "none")


@pytest.mark.parametrize(
    ("demand", "verified", "mails"), [("mandatory", False, 0), ("mandatory", True, 1), ("optional", False, 1)]
)
def test_an_address_is_verified_where_that_is_asked(
    notice: Notice, settings: Any, use: Callable[..., MailServer], demand: str, verified: bool, mails: int
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = demand
    EmailAddress.objects.create(user=notice.user, email=notice.user.email, verified=verified, primary=True)
    server = use(MailServer())

    mail_notice(notice.pk)

    assert len(server.mails) == mails


# --- once ---------------------------------------------------------------------------------------------


def test_the_tick_takes_what_is_due_once(notice: Notice, world: World) -> None:
    make_notice(make_job(world.team, created_by=world.bob), mail_due_at=timezone.now() + timedelta(seconds=9))

    taken = [notice_mail.due(), notice_mail.due()]

    assert taken == [[notice.pk], []]
    with time_machine.travel(timezone.now() + notice_mail.AGAIN + timedelta(seconds=1)):  # its task was lost
        assert notice.pk in notice_mail.due()


def test_two_ticks_at_once_take_it_once(notice: Notice) -> None:
    others: list[list[int]] = []

    with meanwhile("UPDATE", lambda: others.append(notice_mail.due())):
        mine = notice_mail.due()

    assert (mine, others) == ([], [[notice.pk]])


def test_a_second_task_sends_nothing(notice: Notice, use: Callable[..., MailServer]) -> None:
    server = use(MailServer())

    mail_notice(notice.pk)
    mail_notice(notice.pk)

    assert len(server.mails) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one(notice: Notice, use: Callable[..., MailServer]) -> None:
    server = use(MailServer())
    start = threading.Barrier(4)

    def work() -> None:
        one = Notice.objects.select_related("user", "job__team").get(pk=notice.pk)  # each believes it has to
        start.wait()
        notice_mail.send(one)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert (len(server.mails), fate(notice)) == (1, "sent")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("last", "mails"), [("MAIL", 0), ("END", 1)])
def test_a_worker_killed_in_between_leaves_it_at_that(
    notice: Notice, use: Callable[..., MailServer], last: str, mails: int
) -> None:
    """Killed before the server took the mail, or after: nobody can know, so it is not sent again."""
    server = use(MailServer(**{last: ""}))
    worker = a_worker_that_mails(notice, server.port)
    assert server.heard[last].wait(60)
    claimed = Notice.objects.get(pk=notice.pk).mail_claimed_at

    worker.kill()
    worker.wait()
    del server.says[last]
    mail_notice(notice.pk)

    assert claimed is not None
    assert (fate(notice), len(server.mails)) == ("may not have gone out", mails)
    assert notice_mail.due() == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_before_its_claim_costs_nothing(notice: Notice, use: Callable[..., MailServer]) -> None:
    server = use(MailServer(CALL=""))
    worker = a_worker_that_mails(notice, server.port)
    assert server.heard["CALL"].wait(60)

    worker.kill()
    worker.wait()
    server.says["CALL"] = "220 ready"
    mail_notice(notice.pk)

    assert (len(server.mails), fate(notice)) == (1, "sent")


def a_worker_that_mails(notice: Notice, port: int) -> subprocess.Popen[bytes]:
    """A process of its own on the test's database, which begins to send the mail of `notice`."""
    environment = {**os.environ, "DATABASE_URL": database_url(), "EMAIL_URL": f"smtp://127.0.0.1:{port}"}
    code = f"from jobs.tasks import mail_notice; mail_notice({notice.pk})"
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, env=environment
    )


@pytest.mark.parametrize("at", ["/admin/jobs/notice/", "/admin/jobs/notice/{}/change/"])
def test_staff_see_what_may_not_have_gone_out(notice: Notice, login: Callable[..., Client], at: str) -> None:
    Notice.objects.update(mail_due_at=None, mail_claimed_at=timezone.now())
    staff = User.objects.create_superuser("root", "root@example.com", "long-enough-pw-1")

    words = login(staff).get(at.format(notice.pk)).content.decode()

    assert words.count("may not have gone out") == 1


# --- a server that is away, or will not ---------------------------------------------------------------


def test_a_server_that_is_away_is_tried_again_and_again(notice: Notice, settings: Any) -> None:
    aim(settings, free_port())

    mail_notice(notice.pk)

    assert fate(notice) == "waiting"
    assert 25 < seconds_until_due(notice) <= 30


@pytest.mark.parametrize(("hours", "minutes"), [(0.2, 12), (1, 30), (23, 30)])
def test_it_waits_as_long_as_it_has_waited_but_half_an_hour_at_most(
    notice: Notice, settings: Any, hours: float, minutes: float
) -> None:
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=hours))
    aim(settings, free_port())

    mail_notice(notice.pk)

    assert seconds_until_due(notice) == pytest.approx(minutes * 60, abs=10)


def test_it_is_given_up_after_a_day(notice: Notice, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=25))
    aim(settings, free_port())

    mail_notice(notice.pk)

    assert fate(notice) == "none"
    assert [record.levelname for record in caplog.records if "given up" in record.message] == ["ERROR"]


@pytest.mark.parametrize("says", [{"RCPT": "451 later"}, {"MAIL": "451 later"}, {"DATA": "451 x"}, {"END": "452 full"}])
def test_a_server_that_says_later_is_asked_later(
    notice: Notice, use: Callable[..., MailServer], says: dict[str, str]
) -> None:
    server = use(MailServer(**says))
    mail_notice(notice.pk)
    waited = fate(notice)

    server.says.update({"RCPT": "250 y", "MAIL": "250 y", "DATA": "354 y", "END": "250 y"})
    mail_notice(notice.pk)

    assert (waited, fate(notice), len(server.mails)) == ("waiting", "sent", 1)


@pytest.mark.parametrize("says", [{"RCPT": "550 no such user"}, {"MAIL": "553 no"}, {"END": "554 spam"}])
def test_a_refusal_ends_it(
    notice: Notice, use: Callable[..., MailServer], says: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    use(MailServer(**says))

    mail_notice(notice.pk)

    assert fate(notice) == "may not have gone out"
    assert [record.levelname for record in caplog.records if record.name == notice_mail.__name__] == ["ERROR"]


@pytest.mark.parametrize(
    ("codes", "later"), [((450, 451), True), ((400, 499), True), ((450, 550), False), ((550, 551), False)]
)
def test_only_a_server_that_wants_all_of_it_later_is_asked_again(codes: tuple[int, ...], later: bool) -> None:
    refused = SMTPRecipientsRefused({f"bob{code}@example.com": (code, b"no") for code in codes})

    assert notice_mail._is_refused_for_now(refused) is later


def test_silence_after_the_mail_ends_it(notice: Notice, use: Callable[..., MailServer]) -> None:
    """Whether it was taken is not known: a second one might be a double."""
    server = use(MailServer(END=""))

    mail_notice(notice.pk)
    del server.says["END"]
    mail_notice(notice.pk)

    assert (fate(notice), len(server.mails)) == ("may not have gone out", 1)


def test_a_port_that_speaks_no_smtp_is_a_server_that_is_away(notice: Notice, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        aim(settings, mute.getsockname()[1])
        mail_notice(notice.pk)

    assert fate(notice) == "waiting"
