"""Versions of a file without what was found in it: ordered here, made by the worker. The original stays."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs.forms.mending import MaskForm, ReduceForm
from jobs.models import FileState, Member, Origin, TrainingFile, audit
from jobs.pipeline import storing
from jobs.tasks import check_file, nudge
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.files import file_url, files_of


@require_POST
@trainer_page
def file_mask(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """A version with placeholders for personal data of the chosen kinds, in the language of whoever orders it."""
    parent = get_object_or_404(files_of(request, member), uuid=file)
    if not member.team.privacy:
        messages.error(request, _("Your team does not look for personal data. An owner can switch it on."))
        return redirect(file_url(parent))
    form = MaskForm(request.POST)
    if refused := _refused(request, parent, form):
        return refused
    options = {"kinds": sorted(form.cleaned_data["kinds"]), "language": get_language() or "en"}
    return _ordered(request, parent, Origin.MASKED, options, "masked")


@require_POST
@trainer_page
def file_reduce(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """A version that keeps the first of each group of duplicates."""
    parent = get_object_or_404(files_of(request, member), uuid=file)
    form = ReduceForm(request.POST)
    if refused := _refused(request, parent, form):
        return refused
    return _ordered(request, parent, Origin.REDUCED, {"drop": sorted(form.cleaned_data["drop"])}, "reduced")


def _refused(request: DeskRequest, parent: TrainingFile, form: Form) -> HttpResponse | None:
    if parent.deleted_at or parent.state != FileState.READY:
        messages.error(request, _("Only a checked file without faults can be mended so."))
    elif not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    else:
        return None
    return redirect(file_url(parent))


def _ordered(
    request: DeskRequest, parent: TrainingFile, origin: Origin, options: dict[str, Any], word: str
) -> HttpResponse:
    name = storing.version_name(parent.name, word)
    also = partial(_audit, request, parent, f"file.{origin}")
    made, is_new = storing.order_version(parent, request.user, origin, options, name=name, also=also)
    if is_new:
        nudge(check_file, made.pk)
    return redirect(file_url(made))


def _audit(request: DeskRequest, parent: TrainingFile, action: str, made: TrainingFile) -> None:
    audit(request, made.team, action, made, before={"file": parent.name}, after={"file": made.name, **made.options})
