"""What can be done with a training file: download, convert, delete."""

import json
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from itertools import batched
from pathlib import Path
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jobs.forms.file import ConvertForm
from jobs.models import FileFormat, FileState, Member, RemoteFile, TrainingFile, audit
from jobs.pipeline import erasing, storing
from jobs.pipeline.spreadsheets import BOM, csv_lines
from jobs.tasks import check_file, nudge
from jobs.training_data.checking import iter_faults
from jobs.training_data.report import Fault
from jobs.views.access import DeskRequest, trainer_page, viewer_page
from jobs.views.downloads import attachment, file_attachment
from jobs.views.file_faults import Said, say
from jobs.views.files import file_url, files_of

ROWS_AT_ONCE = 500


def _file(request: DeskRequest, member: Member, uuid: UUID) -> TrainingFile:
    return get_object_or_404(files_of(request, member), uuid=uuid)


def _gone(request: DeskRequest) -> HttpResponse:
    return render(request, "jobs/file_gone.html", status=410)


@require_GET
@viewer_page
def file_download(request: DeskRequest, member: Member, file: UUID) -> HttpResponseBase:
    found = _file(request, member, file)
    try:
        response = file_attachment(request, _path(found), found.name)
    except FileNotFoundError:
        return _gone(request)
    audit(request, member.team, "file.downloaded", found)
    return response


def _path(file: TrainingFile) -> Path:
    if not file.content:
        raise FileNotFoundError
    return file.path


@require_GET
@viewer_page
def file_faults_csv(request: DeskRequest, member: Member, file: UUID) -> HttpResponseBase:
    """Every fault, not only the first hundred; with a BOM, without which Korean Excel reads no UTF-8."""
    found = _file(request, member, file)
    try:
        path = _path(found)
        path.stat()
    except FileNotFoundError:
        return _gone(request)
    name = f"{found.name.removesuffix('.jsonl')}-faults.csv"
    rows = _csv(iter_faults(path), get_language() or "en", hide=member.team.privacy)
    return attachment(request, rows, name, "text/csv; charset=utf-8")


def _csv(faults: Iterator[Fault], language: str, *, hide: bool) -> Iterator[bytes]:
    """`hide` the personal data in what the faults quote."""
    with override(language):  # batches are made after the request
        head = (_("Line"), _("Column"), _("Byte"), _("What is wrong"), _("How to mend it"))
    yield BOM + csv_lines([head])
    for some in batched(faults, ROWS_AT_ONCE, strict=False):
        with override(language):
            rows = [_row(say(fault, hide=hide)) for fault in some]
        yield csv_lines(rows)


def _row(said: Said) -> tuple[str | int, ...]:
    return said.line or "", said.column or "", said.offset if said.line else "", said.message, said.remedy


@require_GET
@viewer_page
def file_remote_json(request: DeskRequest, member: Member, file: UUID, copy: int) -> HttpResponse:
    """A service's own JSON of its copy, as it came."""
    found = get_object_or_404(
        RemoteFile.objects.exclude(remote_id=""),
        pk=copy,
        training_file__in=files_of(request, member),
        training_file__uuid=file,
    )
    response = HttpResponse(json.dumps(found.raw, ensure_ascii=False, indent=2), content_type="application/json")
    response["Content-Disposition"] = content_disposition_header(True, f"{found.remote_id}.json") or "attachment"
    return response


@require_POST
@trainer_page
def file_convert(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """Order a chat version of a legacy file. The worker makes it; the original stays."""
    parent = _file(request, member, file)
    form = ConvertForm(request.POST)
    if parent.deleted_at or parent.format != FileFormat.LEGACY or parent.state == FileState.CHECKING:
        messages.error(request, _("Only a checked file of prompts and completions can be converted."))
        return redirect(file_url(parent))
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(file_url(parent))
    also = partial(_audit_conversion, request, parent)
    made, is_new = storing.order_conversion(parent, request.user, form.cleaned_data["system_prompt"], also)
    if is_new:
        nudge(check_file, made.pk)
    return redirect(file_url(made))


def _audit_conversion(request: DeskRequest, parent: TrainingFile, made: TrainingFile) -> None:
    audit(request, made.team, "file.converted", made, before={"file": parent.name}, after={"file": made.name})


@require_POST
@trainer_page
def file_delete(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """Take the bytes away; the row stays for the history. Refused while anything needs them."""
    found = _file(request, member, file)
    if found.deleted_at:
        raise Http404
    before = {"sha256": found.sha256, "size": found.size}
    if not erasing.erase(found, also=lambda file: audit(request, member.team, "file.deleted", file, before=before)):
        return render(request, "jobs/file_needed.html", {"file": found}, status=HTTPStatus.CONFLICT)
    messages.success(request, _("The file was deleted. Jobs that were trained on it still show its name."))
    if left := found.remote_files.exclude(remote_id="").count():
        _say_copies(request, found, left)
    return redirect("file-list", member.team.slug)


def _say_copies(request: DeskRequest, file: TrainingFile, left: int) -> None:
    text = ngettext("%(n)d copy of it is left at a service.", "%(n)d copies of it are left at services.", left)
    address = f"{reverse('copy-list', args=[file.team.slug])}?file={file.uuid}"
    link = format_html('<a href="{}">{}</a>', address, _("Copies at services"))
    messages.warning(request, format_html("{} {}", text % {"n": left}, link))
