"""Bodies that come in: too large ones are refused before they are read, files are hashed on their way to disk."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from jobs.body_limits import OPEN, body_limit, form_limit, needs_log_in
from jobs.middleware import speak_as
from jobs.models import User


class HashedFile(TemporaryUploadedFile):
    """An upload on disk that knows its sha256."""

    sha256 = ""

    def close(self) -> None:
        """Where the disk is full, writing the rest fails once more, and what was written stayed for ever."""
        try:
            super().close()
        finally:
            Path(self.temporary_file_path()).unlink(missing_ok=True)


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Streams a file to disk and hashes it on the way. One that was cut off leaves nothing but a mark."""

    file: HashedFile

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)  # our parent's would open a plain file
        self.file = HashedFile(self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra)
        self.digest = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.digest.update(raw_data)
        try:
            self.file.write(raw_data)
        except OSError:  # the parser closes whole files only
            with suppress(OSError):
                self.file.close()
            raise

    def file_complete(self, file_size: int) -> HashedFile:
        self.file.sha256 = self.digest.hexdigest()
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        super().upload_interrupted()
        if self.request:
            self.request.META["upload.cut"] = True


def was_cut(request: HttpRequest) -> bool:
    """Tell whether a file in the body ended before its end."""
    return bool(request.META.get("upload.cut"))


def too_large(limit: int | None = None) -> str:
    """`limit`: that of an address where no training file is expected."""
    if limit is not None and limit < settings.BODY_LIMIT:
        return _("What was sent is larger than %(limit)s. Is it the right file?") % {"limit": filesizeformat(limit)}
    return _("The file is larger than %(limit)s. Split it, or ask whoever runs this portal for a higher limit.") % {
        "limit": filesizeformat(settings.UPLOAD_LIMIT)
    }


class RefuseTooLarge(MiddlewareMixin):
    """413 by Content-Length. It must answer before the CSRF check, which reads the body to find its token."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        limit, size = body_limit(request.path), int(request.META.get("CONTENT_LENGTH") or 0)
        if size <= min(limit, OPEN):
            return None
        if size > limit:
            if isinstance(request.user, User):
                speak_as(request, request.user)
            return _refusal(request, too_large(limit))
        if size > form_limit() and needs_log_in(request.path) and not request.user.is_authenticated:
            return _signed_out(request)
        return None


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "upload"


def _signed_out(request: HttpRequest) -> HttpResponseBase:
    """The answer that a view would give, before the file is read."""
    if _by_script(request):
        words = _("You are signed out. Sign in again in another window, then send the file once more.")
        return JsonResponse({"error": words}, status=403)
    return redirect_to_login(request.path)


def _refusal(request: HttpRequest, words: str) -> HttpResponse:
    if _by_script(request):
        return JsonResponse({"error": words}, status=413)
    if request.accepts("text/html") and not request.headers.get("Authorization"):
        return render(request, "413.html", {"message": words}, status=413)
    envelope = {"message": words, "type": "invalid_request_error", "param": None, "code": None}
    return JsonResponse({"error": envelope}, status=413)
