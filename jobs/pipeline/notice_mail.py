"""The mail of a notice: at most one, and one as soon as a mail server can be had (ADR 0020).

Due, then claimed, then mailed. A claim is never undone, unless the server itself said that it did not take the mail:
between a claim and the server's answer nobody can know whether the mail has gone out.
"""

import logging
from contextlib import suppress
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from jobs.models import FineTuneJob, Notice, NoticeKind, User
from jobs.pipeline.mail_text import address, languages, line, message_id
from jobs.pipeline.notices import AT_ONCE, listener, wants_mail
from jobs.pipeline.rescue import ending
from jobs.states import State

log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=60)  # a task that was lost is sent again after so long
SOONEST, LATEST = timedelta(seconds=30), timedelta(minutes=30)
GIVE_UP = timedelta(hours=24)
MOST_OF_A_REASON = 300


def due() -> list[int]:
    """Take the notices whose mail is to be sent now."""
    now = timezone.now()
    waiting = Notice.objects.filter(mail_due_at__lte=now)
    pks = list(waiting.order_by("mail_due_at").values_list("pk", flat=True)[:AT_ONCE])
    return [pk for pk in pks if waiting.filter(pk=pk).update(mail_due_at=now + AGAIN)]


def send(notice: Notice) -> None:
    """Send the mail of `notice`, if it is still wanted and nobody else has begun to."""
    if not _is_wanted(notice):
        _waiting(notice).update(mail_due_at=None)
        return
    message = _message(notice)
    server = mailers.default
    try:
        server.open()  # first: what most often goes wrong must not cost the one try
    except OSError as error:  # SMTPException is one
        _later(notice, error)
        return
    if _waiting(notice).update(mail_due_at=None, mail_claimed_at=timezone.now()):
        _hand_over(server, message, notice)
    with suppress(OSError):
        server.close()


def _waiting(notice: Notice) -> Any:
    return Notice.objects.filter(pk=notice.pk, mail_due_at__isnull=False)


def _is_wanted(notice: Notice) -> bool:
    """Asked again at the last moment: people leave teams, change their minds and settle jobs."""
    if notice.job is None:
        return _is_proven(notice.user) and ending.is_wanted(notice)
    return _is_wanted_of(notice.job, notice)


def _is_wanted_of(job: FineTuneJob, notice: Notice) -> bool:
    person = listener(job)
    if person is None or person.pk != notice.user_id or not _is_proven(person):
        return False
    if notice.kind == NoticeKind.UNSURE and job.state != State.UNSURE:
        return False
    if notice.kind == NoticeKind.SECOND:
        still = job.second_jobs.filter(ended_at=None, cancel_wished_at=None).exists()
        return still and wants_mail(person, job, State.UNSURE)
    return wants_mail(person, job, State(job.state))


def _is_proven(person: User) -> bool:
    """Where addresses must be verified, nothing goes to one that is not."""
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        return bool(person.email)
    known: bool = EmailAddress.objects.filter(user=person, email__iexact=person.email, verified=True).exists()
    return known


def _hand_over(server: BaseEmailBackend, message: EmailMessage, notice: Notice) -> None:
    claimed = Notice.objects.filter(pk=notice.pk)
    try:
        server.send_messages([message])
    except (OSError, ValueError) as error:  # ValueError: an address that cannot be written to
        if _is_refused_for_now(error):
            claimed.update(mail_claimed_at=None, mail_due_at=timezone.now())
            _later(notice, error)
        else:
            log.error("the mail of notice %s may not have gone out: %s", notice.pk, error)
        return
    claimed.update(mailed_at=timezone.now())


def _is_refused_for_now(error: Exception) -> bool:
    """The server has said that it did not take the mail, and that it may do so later (a code from 400 to 499)."""
    codes = []
    if isinstance(error, SMTPRecipientsRefused):
        codes = [code for code, _words in error.recipients.values()]
    elif isinstance(error, SMTPResponseException):
        codes = [error.smtp_code]
    return bool(codes) and all(400 <= code < 500 for code in codes)


def _later(notice: Notice, error: Exception) -> None:
    """Try again after as long as the mail has waited so far, and not for ever: what ends on a day waits for its day."""
    now = timezone.now()
    waited = now - notice.created_at
    if notice.job_id and waited > GIVE_UP:
        log.error("the mail of notice %s is given up after %s: %s", notice.pk, waited, error)
        _waiting(notice).update(mail_due_at=None)
    else:
        log.warning("the mail of notice %s has to wait: %s", notice.pk, error)
        _waiting(notice).update(mail_due_at=now + min(max(waited, SOONEST), LATEST))


# --- what it says -------------------------------------------------------------------------------------


def _message(notice: Notice) -> EmailMessage:
    """Plain text in the person's language, or in all of ours where they have not chosen one."""
    words, texts = [], []
    for language in languages(notice.user):
        with translation.override(language):
            happened, text = ending.words(notice) if notice.job is None else _words(notice.job, notice)
            words.append(happened)
            texts.append(text)
    about = notice.job.name if notice.job else str(notice.team)
    return EmailMessage(
        subject=f"[TextHelper] {' · '.join(words)}: {line(about, 120)}",
        body="\n\n---\n\n".join(texts) + "\n",
        to=[notice.user.email],
        headers={"Message-ID": message_id(_name(notice)), "Auto-Submitted": "auto-generated"},
    )


def _name(notice: Notice) -> str:
    if notice.job:
        return f"{notice.kind}.{notice.job.uuid}.{notice.user_id}"
    return f"{notice.kind}.{notice.team_id}.{notice.ends_on}.{notice.days}.{notice.user_id}"


def _words(job: FineTuneJob, notice: Notice) -> tuple[str, str]:
    """What happened, and the text."""
    return _happened(job, notice), render_to_string("mail/notice.txt", _facts(job, notice)).strip()


def _happened(job: FineTuneJob, notice: Notice) -> str:
    if notice.kind == NoticeKind.ENDED:
        return job.get_state_display()
    return gettext("Second job") if notice.kind == NoticeKind.SECOND else gettext("Needs you")


def _facts(job: FineTuneJob, notice: Notice) -> dict[str, Any]:
    seconds = job.second_jobs.values_list("remote_id", flat=True) if notice.kind == NoticeKind.SECOND else ()
    return {
        "notice": notice,
        "seconds": [line(remote_id, MOST_OF_A_REASON) for remote_id in seconds],
        "job": job,
        "name": line(job.name, 120),
        "team": line(job.team.name, 80),
        "reason": line(gettext(str(job.error.get("message") or " ")), MOST_OF_A_REASON),
        "link": address(reverse("job-detail", args=[job.team.slug, job.uuid])),
        "settings": address(reverse("settings")),
    }
