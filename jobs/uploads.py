"""Bodies that come in: too large ones are refused before they are read, files are hashed on their way to disk."""

import hashlib
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from jobs.middleware import speak_as
from jobs.models import User


class HashedFile(TemporaryUploadedFile):
    """An upload on disk that knows its sha256."""

    sha256 = ""


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Streams a file to disk and hashes it on the way. One that was cut off leaves nothing but a mark."""

    file: HashedFile

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)  # our parent's would open a plain file
        self.file = HashedFile(self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra)
        self.digest = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.digest.update(raw_data)
        self.file.write(raw_data)

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


def too_large() -> str:
    return _("The file is larger than %(limit)s. Split it, or ask whoever runs this portal for a higher limit.") % {
        "limit": filesizeformat(settings.UPLOAD_LIMIT)
    }


class RefuseTooLarge(MiddlewareMixin):
    """413 by Content-Length. It must answer before the CSRF check, which reads the body to find its token."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if int(request.META.get("CONTENT_LENGTH") or 0) <= settings.BODY_LIMIT:
            return None
        if isinstance(request.user, User):
            speak_as(request, request.user)
        return _refusal(request)


def _refusal(request: HttpRequest) -> HttpResponse:
    if request.headers.get("X-Requested-With") == "upload":
        return JsonResponse({"error": too_large()}, status=413)
    if request.accepts("text/html") and not request.headers.get("Authorization"):
        return render(request, "413.html", {"message": too_large()}, status=413)
    envelope = {"message": too_large(), "type": "invalid_request_error", "param": None, "code": None}
    return JsonResponse({"error": envelope}, status=413)
