"""What one may do to a job: each a small POST that leaves a wish for the worker, or a word on the row."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs.forms.job import EditForm, SettleForm
from jobs.models import FineTuneJob, Member, Wish, audit
from jobs.pipeline.record import note, wish
from jobs.pipeline.second_jobs import wish_cancelled
from jobs.pipeline.settling import decide
from jobs.tasks import advance_job, look_at_second_job, nudge, nudge_job
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.jobs import job_of

ALLOWED = {Wish.CANCEL: "can_cancel", Wish.PAUSE: "can_pause", Wish.RESUME: "can_resume"}
ACTIONS = {Wish.CANCEL: "job.cancelled", Wish.PAUSE: "job.paused", Wish.RESUME: "job.resumed"}


def _back(job: FineTuneJob) -> HttpResponse:
    return redirect("job-detail", team=job.team.slug, uuid=job.uuid)


def _wish(request: DeskRequest, member: Member, uuid: UUID, what: Wish) -> HttpResponse:
    job = job_of(member, uuid)
    if not getattr(job, ALLOWED[what]):
        messages.error(request, _("That is not possible any more: the job has moved on in the meantime."))
        return _back(job)
    with transaction.atomic():
        wish(job, what)
        audit(request, member.team, ACTIONS[what], job, before={"state": job.state})
        nudge_job(job)
    return _back(job)


@require_POST
@trainer_page
def job_cancel(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    return _wish(request, member, uuid, Wish.CANCEL)


@require_POST
@trainer_page
def job_pause(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    return _wish(request, member, uuid, Wish.PAUSE)


@require_POST
@trainer_page
def job_resume(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    return _wish(request, member, uuid, Wish.RESUME)


@require_POST
@trainer_page
def job_settle(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """A person says whether an UNSURE job started."""
    job = job_of(member, uuid)
    form = SettleForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["remote_id"])))
        return _back(job)
    remote_id = form.cleaned_data["remote_id"]
    if not (job.needs_a_person if remote_id else job.can_start_again):
        messages.error(request, _("That is not possible any more: the job has moved on in the meantime."))
        return _back(job)
    if FineTuneJob.objects.filter(connection=job.connection, remote_id=remote_id).exclude(remote_id="").exists():
        messages.error(request, _("Another job of this connection already has that id."))
        return _back(job)
    with transaction.atomic():
        if decide(job, remote_id, member.user):  # else somebody else was first
            audit(request, member.team, "job.settled", job, after={"remote_id": remote_id})
            nudge(advance_job, job.pk)
    return _back(job)


@require_POST
@trainer_page
def job_second_cancel(request: DeskRequest, member: Member, uuid: UUID, second: UUID) -> HttpResponse:
    """A person has the second job of an order cancelled. A second click changes nothing."""
    job = job_of(member, uuid)
    row = get_object_or_404(job.second_jobs, uuid=second)
    with transaction.atomic():
        if wish_cancelled(row):
            note(job, show=True)
            audit(request, member.team, "job.second_cancelled", job, after={"remote_id": row.remote_id})
            nudge(look_at_second_job, row.pk)
    return _back(job)


@require_POST
@trainer_page
def job_edit(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    job = job_of(member, uuid)
    before = {"name": job.name, "note": job.note}
    form = EditForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("A name is needed, of at most 120 characters."))
        return _back(job)
    with transaction.atomic():
        note(job, **form.cleaned_data)
        audit(request, member.team, "job.edited", job, before=before, after=form.cleaned_data)
    return _back(job)
