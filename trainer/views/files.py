"""/files: upload, list, retrieve, delete, content."""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone

from trainer.engines import apart
from trainer.engines.runs import run_of
from trainer.models import File
from trainer.orders import storable
from trainer.shapes import file_json
from trainer.views.door import Caller, door
from trainer.weights.forgetting import drop_bytes
from wire.errors import invalid, not_found, too_large
from wire.ids import new_id
from wire.paging import limit_of, listing, page_of_rows

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
ENVELOPE = 64 * 1024  # bytes that a multipart body may have beside the file
EXPIRY = (3600, 2592000)  # seconds


def listed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    rows = File.objects.of(caller.org)
    if purpose := request.GET.get("purpose"):
        rows = rows.filter(purpose=purpose)
    ascending = request.GET.get("order") == "asc"
    limit = limit_of(request.GET, default=10000, most=10000)
    data, more = page_of_rows(rows, request.GET.get("after", ""), limit, file_json, ascending)
    return JsonResponse(listing(data, more, ends=True))


def create(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    """Streams the upload to disk; the body was spooled there by Django, and is never whole in memory."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_LIMIT + ENVELOPE:
        raise too_large(settings.UPLOAD_LIMIT)
    upload = _checked(request)
    now = timezone.now()
    seconds = _expiry(request.POST.get("expires_after[seconds]", ""))
    file = File(
        uid=new_id("file-"),
        org=caller.org,
        purpose=request.POST["purpose"],
        filename=storable(upload.name or "file", "file")[-255:],
        size=upload.size or 0,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds) if seconds else None,
    )
    _store(upload, file)
    file.save(force_insert=True)
    return JsonResponse(file_json(file))


def _checked(request: HttpRequest) -> "UploadedFile[bytes]":
    upload, purpose = request.FILES.get("file"), request.POST.get("purpose", "")
    if not isinstance(upload, UploadedFile):
        raise invalid("'file' is a required property", "file")
    if purpose not in PURPOSES:
        raise invalid(f"'{purpose[:40]}' is not one of {list(PURPOSES)} - 'purpose'", "purpose")
    if (upload.size or 0) > settings.UPLOAD_LIMIT:
        raise too_large(settings.UPLOAD_LIMIT)
    if not upload.size:
        raise invalid("File is empty.", "file")
    if purpose == "fine-tune" and not (upload.name or "").endswith(".jsonl"):
        raise invalid("Invalid file format for Fine-Tuning API. Must be .jsonl", "file")
    return upload


def _expiry(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or not EXPIRY[0] <= int(text) <= EXPIRY[1]:
        raise invalid(f"'expires_after.seconds' must be {EXPIRY[0]} to {EXPIRY[1]}.", "expires_after.seconds")
    return int(text)


def _store(upload: "UploadedFile[bytes]", file: File) -> None:
    digest = hashlib.sha256()
    file.path.parent.mkdir(parents=True, exist_ok=True)
    with file.path.open("wb") as target:
        for chunk in upload.chunks():
            digest.update(chunk)
            target.write(chunk)
    file.sha256 = digest.hexdigest()
    if file.purpose == "fine-tune":
        found = apart.facts(file.path)
        file.format, file.examples, file.tokens, file.fault = found.format, found.examples, found.tokens, found.fault


def retrieve(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    return JsonResponse(file_json(_file(caller, uid)))


def content(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    """The bytes as they came. Results are computed: they are the same whenever they are asked for."""
    file = _file(caller, uid)
    if file.job:
        return HttpResponse(run_of(file.job).results(), content_type="application/octet-stream")
    return FileResponse(file.path.open("rb"), content_type="application/octet-stream")


def delete(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    """The bytes stay while a job needs them: one that goes on, or a simulated model, which answers from them."""
    file = _file(caller, uid)
    file.deleted_at = timezone.now()
    file.save(update_fields=["deleted_at"])
    if not file.job:
        drop_bytes(file)
    return JsonResponse({"id": file.uid, "object": "file", "deleted": True})


def _file(caller: Caller, uid: str) -> File:
    rows = File.objects.of(caller.org).select_related("job__training_file", "job__validation_file", "job__training")
    file = rows.filter(uid=uid).first()
    if file is None:
        raise not_found("File object", uid)
    return file


collection = door(GET=listed, POST=create)
item = door(GET=retrieve, DELETE=delete)
item_content = door(GET=content)
