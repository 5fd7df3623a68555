"""How large a body may be, by the address it is sent to. Asked before a byte of it is read: no models in here."""

import re

from django.conf import settings

FRAME = 1024 * 1024  # the multipart frame, and the other fields
SMALL = {  # bytes; everywhere else a training file may come
    re.compile(r"/t/[^/]+/jobs/import/"): 1024 * 1024 + FRAME,
    re.compile(r"/hooks/.*"): 64 * 1024,
}
CHUNKED = re.compile(r"/trainer/v1/.*")  # SDKs send files without a Content-Length; browsers and webhooks never do


def takes_chunks(path: str) -> bool:
    return bool(CHUNKED.fullmatch(path))


def body_limit(path: str) -> int:
    own = (limit for pattern, limit in SMALL.items() if pattern.fullmatch(path))
    return min(next(own, settings.BODY_LIMIT), settings.BODY_LIMIT)
