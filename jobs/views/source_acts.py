"""What can be done with a text: read it as another encoding, download, delete."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jobs.forms.source import EncodingForm
from jobs.models import Member, Source, audit
from jobs.pipeline import sources
from jobs.tasks import nudge, read_source
from jobs.views.access import DeskRequest, trainer_page, viewer_page
from jobs.views.downloads import file_attachment
from jobs.views.sources import source_url, sources_of


def _source(request: DeskRequest, member: Member, uuid: UUID) -> Source:
    return get_object_or_404(sources_of(request, member), uuid=uuid)


@require_GET
@viewer_page
def source_download(request: DeskRequest, member: Member, source: UUID) -> HttpResponseBase:
    """The bytes as they came; with `?text` the text that was read out of them, UTF-8."""
    found = _source(request, member, source)
    as_text = "text" in request.GET
    try:
        if not (found.text_path if as_text else found.content):
            raise FileNotFoundError
        path, stem = (found.text_file, found.name.rpartition(".")[0]) if as_text else (found.path, "")
        response = file_attachment(request, path, f"{stem}-utf8.txt" if as_text else found.name)
    except FileNotFoundError:
        return render(request, "jobs/source_gone.html", status=HTTPStatus.GONE)
    audit(request, member.team, "source.downloaded", found)
    return response


@require_POST
@trainer_page
def source_encoding(request: DeskRequest, member: Member, source: UUID) -> HttpResponse:
    """Have it read again: a plain text as a person says, a document by the reader of today."""
    found = _source(request, member, source)
    form = EncodingForm(request.POST)
    if found.deleted_at:
        raise Http404
    if not form.is_valid() or (form.cleaned_data["encoding"] and not found.is_plain):
        messages.error(request, _("Choose one of the encodings that are offered."))
        return redirect(source_url(found))
    chosen = form.cleaned_data["encoding"]
    before, after = {"encoding": found.chosen_encoding}, {"encoding": chosen}
    if sources.order_reading(
        found, chosen, lambda: audit(request, member.team, "source.encoding", found, before, after)
    ):
        nudge(read_source, found.pk)
    else:
        messages.info(request, _("The text is being read already."))
    return redirect(source_url(found))


@require_POST
@trainer_page
def source_delete(request: DeskRequest, member: Member, source: UUID) -> HttpResponse:
    """Take the bytes away; the row stays for the history."""
    found = _source(request, member, source)
    told = {"sha256": found.sha256, "size": found.size}
    if not sources.delete(found, lambda: audit(request, member.team, "source.deleted", found, before=told)):
        raise Http404
    messages.success(request, _("The text was deleted. Files that were made of it stay."))
    return redirect("source-list", member.team.slug)
