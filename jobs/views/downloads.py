"""Downloads of any size in flat memory: always an attachment, never inline."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

CHUNK = 256 * 1024


def attachment(
    request: HttpRequest, chunks: Iterator[bytes], name: str, content_type: str = "application/octet-stream"
) -> StreamingHttpResponse:
    """Stream `chunks`. Under ASGI Django would gather a plain iterator whole, so it is wrapped there."""
    body = _one_by_one(chunks) if isinstance(request, ASGIRequest) else chunks
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


def file_attachment(request: HttpRequest, path: Path, name: str) -> StreamingHttpResponse:
    """Stream the file at `path`. Raises FileNotFoundError at once, not midway."""
    size = path.stat().st_size
    response = attachment(request, _chunks(path), name)
    response["Content-Length"] = str(size)
    return response


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


async def _one_by_one(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    # in the request's own thread: a query that a chunk makes takes its database connection, which Django closes
    following = sync_to_async(lambda: next(chunks, b""), thread_sensitive=True)
    while chunk := await following():
        yield chunk
