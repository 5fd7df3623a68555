"""Training files: the list, the upload, and the page of one."""

from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Func, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jobs.forms.file import ConvertForm, UploadForm
from jobs.models import FileState, FineTuneJob, Member, TrainingFile, audit
from jobs.models.training_file import TABLES
from jobs.pipeline import storing
from jobs.tasks import check_file, nudge
from jobs.uploads import HashedFile
from jobs.views.access import DeskRequest, trainer_page, viewer_page
from jobs.views.file_facts import facts, guess
from jobs.views.file_findings import look_context
from jobs.views.lineage import ancestors
from jobs.views.listings import listing
from jobs.views.uploading import asked, taken, upload_form

PAGE = 25


def files_of(request: HttpRequest, member: Member) -> QuerySet[TrainingFile]:
    """The team's files, deleted ones too: what was trained on them refers to them."""
    return TrainingFile.objects.visible_to(request.user).filter(team=member.team).select_related("team", "uploaded_by")


def file_url(file: TrainingFile) -> str:
    return reverse("file-detail", args=[file.team.slug, file.uuid])


@require_GET
@viewer_page
def file_list(request: DeskRequest, member: Member) -> HttpResponse:
    """Newest first. While one of them is checked the list asks for news, and gets 204 until there is any."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    page = Paginator(_found(_listed(request, member), query), PAGE).get_page(request.GET.get("page"))
    busy = any(file.state == FileState.CHECKING for file in page.object_list)
    told = ((file.pk, file.state, file.checked_lines, cast(Any, file).jobs_count) for file in page.object_list)
    return listing(request, "jobs/file_list.html", told, {"page": page, "query": query, "busy": busy})


def _listed(request: DeskRequest, member: Member) -> QuerySet[TrainingFile]:
    used = FineTuneJob.objects.filter(Q(training_file=OuterRef("pk")) | Q(validation_file=OuterRef("pk")))
    count = used.order_by().annotate(n=Func(F("pk"), function="COUNT")).values("n")
    return (
        files_of(request, member)
        .filter(deleted_at=None)
        .defer("report", "options")
        .annotate(jobs_count=Subquery(count), table=Q(report__fault_counts__has_any_keys=TABLES))
    )


def _found(files: QuerySet[TrainingFile], query: str) -> QuerySet[TrainingFile]:
    """Files whose name holds `query`, or one of whose ids, ours or a service's, it is."""
    if not query:
        return files
    same = Q(name__icontains=storing.clean_name(query)) | Q(sha256=query.lower())
    same |= Q(pk__in=TrainingFile.objects.filter(remote_files__remote_id=query).values("pk"))
    with suppress(ValueError):
        same |= Q(uuid=UUID(query))
    return files.filter(same)


@require_http_methods(["GET", "POST"])
@trainer_page
def file_new(request: DeskRequest, member: Member) -> HttpResponse:
    """The upload. A script is answered with JSON, a form without one with a redirect."""
    form = upload_form(request, UploadForm)
    if form.is_valid():
        return _stored(request, member, form.cleaned_data["upload"])
    return asked(request, form, "jobs/file_new.html")


def _stored(request: DeskRequest, member: Member, upload: HashedFile) -> HttpResponse:
    file, is_new = storing.store(
        member.team,
        request.user,
        upload,
        name=upload.name or "",
        sha256=upload.sha256,
        also=lambda row: audit(request, member.team, "file.uploaded", row, after={"sha256": row.sha256}),
    )
    if is_new:
        nudge(check_file, file.pk)
    else:
        messages.info(request, _("The team has exactly these bytes already. This is the file that is there."))
    return taken(request, file_url(file))


@require_GET
@viewer_page
def file_detail(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """The page; while the file is checked it asks `file_poll` for its progress, and in the end gets itself anew."""
    rows = files_of(request, member).select_related("parent").defer("parent__report", "parent__options")
    found = get_object_or_404(rows, uuid=file)
    if twin := found.report.get("same_as"):
        return _to_twin(request, member, twin)
    if request.htmx and found.state == FileState.CHECKING and not found.deleted_at:
        return render(request, "jobs/file.html#progress", {"file": found, "guess": guess(found)})
    response = render(request, "jobs/file.html", _context(member, found))
    if request.htmx:
        response["HX-Retarget"] = response["HX-Reselect"] = "#main"
        response["HX-Reswap"] = "morph:outerHTML"
    return response


def _to_twin(request: DeskRequest, member: Member, twin: str) -> HttpResponse:
    messages.info(request, _("The team has exactly these bytes already. This is the file that is there."))
    url = reverse("file-detail", args=[member.team.slug, twin])
    return HttpResponse(headers={"HX-Redirect": url}) if request.htmx else redirect(url)


def _context(member: Member, file: TrainingFile) -> dict[str, Any]:
    jobs = FineTuneJob.objects.filter(Q(training_file=file) | Q(validation_file=file))
    return {
        "file": file,
        "facts": facts(file),
        **look_context(file),
        "guess": guess(file),
        "convert_form": ConvertForm(),
        "ancestors": ancestors(file),
        "versions": file.versions.alive().defer("report", "options"),
        "copies": file.remote_files.exclude(remote_id="").select_related("connection"),
        "jobs": jobs[:10],
        "jobs_count": jobs.count(),
    }
