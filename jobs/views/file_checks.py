"""The check of a file, stopped or begun again by a person."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs.models import Member, audit
from jobs.pipeline import checking
from jobs.tasks import check_file, nudge
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.files import file_url, files_of


@require_POST
@trainer_page
def file_stop(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    found = get_object_or_404(files_of(request, member), uuid=file)
    with transaction.atomic():
        if stopped := checking.stop(found):
            audit(request, member.team, "file.check_stopped", found)
    if not stopped:
        messages.info(request, _("The check was over already."))
    return redirect(file_url(found))


@require_POST
@trainer_page
def file_check(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """Check it again: after a stop, or by rules that are newer than its report."""
    found = get_object_or_404(files_of(request, member), uuid=file)
    with transaction.atomic():
        if begun := checking.again(found):
            audit(request, member.team, "file.checked_again", found)
            nudge(check_file, found.pk)
    if not begun:
        messages.info(request, _("This file is deleted, or its check is under way."))
    return redirect(file_url(found))
