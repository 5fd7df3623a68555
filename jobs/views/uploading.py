"""The upload of a file or a text, by a form whose field is `upload`. A script is answered with JSON."""

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from jobs.forms.uploading import OneUploadForm
from jobs.uploads import was_cut
from jobs.views.access import DeskRequest


def upload_form[F: OneUploadForm](request: DeskRequest, made: type[F]) -> F:
    if request.method != "POST":
        return made()
    fields, files = request.POST, request.FILES  # read first: only then is it known whether they are whole
    return made(fields, files, cut=was_cut(request))


def asked(request: DeskRequest, form: OneUploadForm, template: str) -> HttpResponse:
    """The page with the form, or what is wrong with what was sent."""
    status = _status(form)
    if form.is_bound and _by_script(request):
        errors = [str(error) for errors in form.errors.values() for error in errors]
        return JsonResponse({"error": " ".join(errors)}, status=status)
    return render(request, template, {"form": form, "limit": settings.UPLOAD_LIMIT}, status=status)


def taken(request: DeskRequest, url: str) -> HttpResponse:
    """What was sent is stored; `url` is its page."""
    return JsonResponse({"url": url}) if _by_script(request) else redirect(url)


def _by_script(request: DeskRequest) -> bool:
    return request.headers.get("X-Requested-With") == "upload"


def _status(form: OneUploadForm) -> int:
    if not form.is_bound:
        return 200
    return 413 if form.has_error("upload", "too_large") else 422
