"""New versions of a file, by one operation each; and the same operation again on another file."""

from functools import partial
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.forms.change import CHANGES, ChangeForm, RepeatForm
from jobs.models import FileState, Member, TrainingFile, audit
from jobs.pipeline import repeating, storing
from jobs.pipeline.storing import Stored
from jobs.tasks import check_file, nudge
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.files import file_url, files_of

FILES_SHOWN = 200


def living(request: DeskRequest, member: Member, uuid: UUID) -> TrainingFile:
    return get_object_or_404(files_of(request, member).filter(deleted_at=None).exclude(content=""), uuid=uuid)


@require_GET
@trainer_page
def file_change(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """A card for each operation that fits the file."""
    return _cards(request, living(request, member, file))


def _cards(request: DeskRequest, file: TrainingFile, tried: dict[str, ChangeForm] | None = None) -> HttpResponse:
    cards = {name: form(file, auto_id=f"{name}-%s") for name, form in CHANGES.items() if _fits(form, file)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if tried else HTTPStatus.OK
    context = {"file": file, "cards": {**cards, **(tried or {})}}
    return render(request, "jobs/file_change.html", context, status=status)


def _fits(form: type[ChangeForm], file: TrainingFile) -> bool:
    return file.state == FileState.READY and file.format in form.formats


@require_POST
@trainer_page
def file_change_act(request: DeskRequest, member: Member, file: UUID, operation: str) -> HttpResponse:
    """Order what the form of `operation` asks for. The worker makes it; the file stays as it is."""
    parent = living(request, member, file)
    if operation not in CHANGES:
        raise Http404
    if not _fits(CHANGES[operation], parent):
        messages.error(request, _("This cannot be done with this file: it has another format, or faults."))
        return redirect("file-change", member.team.slug, file)
    form = CHANGES[operation](parent, request.POST, auto_id=f"{operation}-%s")
    if not form.is_valid():
        return _cards(request, parent, {operation: form})
    also = partial(audit_version, request, parent)
    ordered = [
        storing.order_version(
            parent, request.user, origin, options, name=storing.version_name(parent.name, word), also=also
        )
        for origin, options, word in form.orders()
    ]
    return on_its_way(request, ordered)


def audit_version(request: DeskRequest, parent: TrainingFile, made: TrainingFile) -> None:
    after = {"file": made.name, "origin": made.origin}
    audit(request, made.team, "file.changed", made, before={"file": parent.name}, after=after)


def on_its_way(request: DeskRequest, ordered: list[Stored]) -> HttpResponse:
    """Have the worker make what was ordered, and lead to the first of it."""
    for made, is_new in ordered:
        if is_new:
            nudge(check_file, made.pk)
    first, *others = [made for made, _is_new in ordered]
    for other in others:
        messages.info(request, _("Made beside this one: %(name)s") % {"name": other.name})
    return redirect(file_url(first))


@require_http_methods(["GET", "POST"])
@trainer_page
def file_repeat(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """Choose the file on which the operation behind this version is done again."""
    made = get_object_or_404(files_of(request, member).select_related("parent"), uuid=file)
    if not repeating.is_repeatable(made):
        raise Http404
    found = repeating.candidates(made)
    choices = [(str(uuid), name) for uuid, name in found.values_list("uuid", "name")[:FILES_SHOWN]]
    form = RepeatForm(choices, request.POST or None)
    if form.is_valid():
        other = get_object_or_404(found, uuid=form.cleaned_data["file"])
        return on_its_way(request, repeating.repeat(made, other, request.user, partial(audit_version, request, other)))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "jobs/file_repeat.html", {"file": made, "form": form, "choices": choices}, status=status)
