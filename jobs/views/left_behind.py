"""The file that a refused order left at its service: one click deletes it there."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jobs.models import Member
from jobs.views.access import DeskRequest, trainer_page, viewer_page
from jobs.views.copies import wish_away
from jobs.views.jobs import job_of
from jobs.views.listings import listing
from jobs.views.refused import copies_of, left_behind


@require_GET
@viewer_page
def job_left_behind(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """What lies there by now, for the part of the job's page that waits for it."""
    job = job_of(member, uuid)
    left = left_behind(job)
    if not request.htmx or left is None:
        return redirect("job-detail", member.team.slug, job.uuid)
    shown = [(row["copy"].pk, row["state"], row["copy"].trouble) for row in left.rows]
    return listing(request, "jobs/left_behind.html", shown, {"job": job, "left": left})


@require_POST
@trainer_page
def job_left_behind_delete(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """Wish the copies of a refused order away. The worker calls; what another job needs by then stays."""
    job = job_of(member, uuid)
    wished = sum(wish_away(request, member, copy) for copy in copies_of(job))
    if wished:
        text = ngettext("%(n)d copy is being deleted.", "%(n)d copies are being deleted.", wished)
        messages.success(request, text % {"n": wished})
    else:
        messages.info(request, _("Nothing is left there that could be deleted now. The page says how things are."))
    return redirect("job-detail", member.team.slug, job.uuid)
