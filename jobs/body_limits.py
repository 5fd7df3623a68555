"""How large a body may be, by the address it is sent to. Looked at before a byte of it is read: no models in here.

Where no file belongs, a body is small: Django writes all of it to disk, and parses it, before any view of ours.
"""

import re

from django.conf import settings

FRAME = 1024 * 1024  # the multipart frame, and the other fields
OPEN = 64 * 1024  # of pages that need no log-in (signing in, the language, invitations), and of webhooks
IMPORT = 1024 * 1024 + FRAME

FILES = re.compile(r"/t/[^/]+/(?:files|sources)/new/")
TRAINER_FILES = "/trainer/v1/files"
CHUNKED = re.compile(r"/trainer/v1/.*")  # SDKs send files without a Content-Length; browsers and webhooks never do
IMPORTS = re.compile(r"/t/[^/]+/jobs/import/")
FORMS = re.compile(r"/(?:t|admin|trainer/v1)/.*")  # forms with texts in them, and the trainer's JSON


def takes_chunks(path: str) -> bool:
    return settings.TRAINER_ENABLED and bool(CHUNKED.fullmatch(path))


def needs_log_in(path: str) -> bool:
    """Tell whether a large body may come here, but not from somebody who is signed out."""
    return bool(FILES.fullmatch(path))


def body_limit(path: str) -> int:
    return min(_limit(path), settings.BODY_LIMIT)


def _limit(path: str) -> int:
    if FILES.fullmatch(path) or (settings.TRAINER_ENABLED and path == TRAINER_FILES):
        return int(settings.BODY_LIMIT)
    if IMPORTS.fullmatch(path):
        return IMPORT
    return form_limit() if FORMS.fullmatch(path) else OPEN


def form_limit() -> int:
    """Fields beyond DATA_UPLOAD_MAX_MEMORY_SIZE are refused by Django as soon as they are read."""
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + FRAME
