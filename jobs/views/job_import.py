"""Importing a job that was made elsewhere, and the search for it."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs import job_json
from jobs.forms.job_import import ImportForm
from jobs.models import FineTuneJob, Member, audit
from jobs.pipeline import adopt
from jobs.states import State
from jobs.tasks import advance_job, nudge
from jobs.uploads import was_cut
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.jobs import job_of


@require_http_methods(["GET", "POST"])
@trainer_page
def job_import(request: DeskRequest, member: Member) -> HttpResponse:
    """The form; a POST stores the job and leads to its page, or to the page of the job that is there already."""
    if request.method != "POST":
        return _page(request, ImportForm(team=member.team))
    fields, files = request.POST, request.FILES  # read first: only then is it known whether they are whole
    form = ImportForm(fields, files, team=member.team, cut=was_cut(request))
    if form.is_valid():
        try:
            return _taken_in(request, member, form)
        except adopt.OtherTeamsError:
            form.add_error(None, _("This job was ordered in another team of this portal. It cannot be imported here."))
    return _page(request, form)


def _page(request: DeskRequest, form: ImportForm) -> HttpResponse:
    context = {"form": form, "limit": job_json.LIMIT}
    return render(request, "jobs/job_import.html", context, status=422 if form.is_bound else 200)


def _taken_in(request: DeskRequest, member: Member, form: ImportForm) -> HttpResponse:
    told = form.told
    with transaction.atomic():
        job, is_new = adopt.take_in(member.team, member.user, told, form.raw, form.cleaned_data["connection"])
        if is_new:
            audit(request, member.team, "job.imported", job, after={"remote_id": told.remote_id})
            nudge(advance_job, job.pk)
    if is_new:
        _say(request, form.notes)
    else:
        messages.info(request, _("The team has this job already. This is the one that is there."))
    return redirect("job-detail", team=member.team.slug, uuid=job.uuid)


def _say(request: DeskRequest, notes: list[str]) -> None:
    messages.success(request, _("The job is imported. It is being looked for; this page follows by itself."))
    for note in notes:
        messages.warning(request, note)


@require_POST
@trainer_page
def job_keep(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """A person ends the search: what is known is kept as a record."""
    job = job_of(member, uuid)
    with transaction.atomic():
        kept = job.state == State.ADOPTING and adopt.keep(job, "", member.user)
        if kept:
            audit(request, member.team, "job.kept", job)
    return _back(request, job, done=kept)


@require_POST
@trainer_page
def job_look(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """A record is looked for again: a key may have been added since."""
    job = job_of(member, uuid)
    with transaction.atomic():
        due = job.state == State.RECORDED and adopt.look_again(job, member.user)
        if due:
            audit(request, member.team, "job.looked_for", job)
            nudge(advance_job, job.pk)
    return _back(request, job, done=due)


def _back(request: DeskRequest, job: FineTuneJob, *, done: bool) -> HttpResponse:
    if not done:
        messages.error(request, _("That is not possible any more: the job has moved on in the meantime."))
    return redirect("job-detail", team=job.team.slug, uuid=job.uuid)
