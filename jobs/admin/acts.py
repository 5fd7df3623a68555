"""What staff may do. Each act tells what became of every row, and stands in the audit trail of the row's team."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import ActionLocation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.models import Connection, FineTuneJob, Wish, audit
from jobs.pipeline import park, probe
from jobs.pipeline.record import wish
from jobs.pipeline.watch import look_now
from jobs.states import CLAIMED
from jobs.tasks import nudge, nudge_job, test_connection

AT_ONCE = 50  # rows of one act: each is told of
EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]

type Told = tuple[int, str]  # level of the message, and its words


def _each(request: HttpRequest, rows: QuerySet[Any], act: Callable[[HttpRequest, Any], Told]) -> None:
    """Do `act` to each row, in a transaction of its own, and say what became of it."""
    if len(chosen := list(rows[: AT_ONCE + 1])) > AT_ONCE:
        messages.error(request, _("Choose at most %(n)d rows at a time. Nothing was done.") % {"n": AT_ONCE})
        return
    for row in chosen:
        with transaction.atomic():
            level, words = act(request, row)
        messages.add_message(request, level, f"{row}: {words}")


def _jobs(rows: QuerySet[FineTuneJob]) -> QuerySet[FineTuneJob]:
    return rows.select_related("team", "connection")


@admin.action(description=gettext_lazy("Poll now"), location=EVERYWHERE)
def poll_now(_admin: Any, request: HttpRequest, rows: QuerySet[FineTuneJob]) -> None:
    _each(request, _jobs(rows), _poll)


def _poll(request: HttpRequest, job: FineTuneJob) -> Told:
    if job.connection and park.is_resting(job.connection):
        return messages.WARNING, _("not polled: its connection is disabled, parked or asked to wait.")
    if job.state in CLAIMED:
        return messages.WARNING, _("not polled: a worker has it, and is asked after when its time is over.")
    if not look_now(job):
        return messages.WARNING, _("not polled: it has ended, and nothing is left to be fetched.")
    audit(request, job.team, "staff.job_polled", job)
    nudge_job(job)
    return messages.SUCCESS, _("is being looked at now.")


@admin.action(description=gettext_lazy("Cancel…"), location=EVERYWHERE)
def cancel(page: Any, request: HttpRequest, rows: QuerySet[FineTuneJob]) -> HttpResponse | None:
    """Ask first; then leave the wish, as an owner's button does."""
    if "sure" in request.POST:
        _each(request, _jobs(rows), _cancel)
        return None
    chosen = list(_jobs(rows).select_related("created_by")[:AT_ONCE])
    context = {
        **page.admin_site.each_context(request),
        "title": _("Cancel these jobs?"),
        "opts": page.opts,
        "going": [job for job in chosen if job.can_cancel],
        "staying": [job for job in chosen if not job.can_cancel],
        "checkbox": ACTION_CHECKBOX_NAME,
        "action_field": next(name for name in request.POST if name.endswith("action") and name[0] != "_"),
        "more": rows.count() > AT_ONCE,
    }
    return TemplateResponse(request, "admin/jobs/cancel.html", context)


def _cancel(request: HttpRequest, job: FineTuneJob) -> Told:
    if not job.can_cancel:
        return messages.WARNING, _("cannot be cancelled as it stands: %(state)s.") % {"state": job.get_state_display()}
    wish(job, Wish.CANCEL)
    audit(request, job.team, "staff.job_cancelled", job, before={"state": job.state})
    nudge_job(job)
    if job.remote_id and job.connection and park.is_resting(job.connection):
        return messages.WARNING, _("is to be cancelled: the service is told once its connection makes calls again.")
    return messages.SUCCESS, _("is being cancelled.")


@admin.action(description=gettext_lazy("Disable"), location=EVERYWHERE)
def disable(_admin: Any, request: HttpRequest, rows: QuerySet[Connection]) -> None:
    _each(request, rows.select_related("team"), _disable)


def _disable(request: HttpRequest, connection: Connection) -> Told:
    if not park.disable(connection):
        return messages.WARNING, _("was disabled or deleted before.")
    audit(request, connection.team, "staff.connection_disabled", connection)
    waiting = connection.jobs.active().count()
    return messages.SUCCESS, _("is disabled: no call is made over it. Jobs that wait: %(n)d.") % {"n": waiting}


@admin.action(description=gettext_lazy("Enable"), location=EVERYWHERE)
def enable(_admin: Any, request: HttpRequest, rows: QuerySet[Connection]) -> None:
    _each(request, rows.select_related("team"), _enable)


def _enable(request: HttpRequest, connection: Connection) -> Told:
    if not park.enable(connection):
        return messages.WARNING, _("was not disabled, or is deleted.")
    audit(request, connection.team, "staff.connection_enabled", connection)
    probe.order(connection)
    nudge(test_connection, connection.pk)
    return messages.SUCCESS, _("is enabled, and being tested. Jobs that waited go on.")
