"""The one door to the outside: a function per call of an OpenAI-shaped service, plain values out.

The rest of the portal sees dicts as the service sent them and one exception, ProviderError. The SDK is imported
inside the client factory, since it costs 1.5 s and 54 MB, which web and beat should not pay at start.
Source of every behaviour relied on here: OpenAI's API reference, read with the SDK 3.54 source.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_noop

from jobs.answers import fits, id_of, storable
from jobs.chat_pieces import Piece as Piece
from jobs.chat_pieces import piece_of
from jobs.key_masking import StreamMask
from jobs.pinning import LEADS_INSIDE, pin, pin_async
from jobs.provider_error import Access as Access
from jobs.provider_error import ProviderError as ProviderError
from jobs.provider_error import from_status, was_sent
from jobs.upstream import AddressRefusedError

if TYPE_CHECKING:
    import openai

type Json = dict[str, Any]
type Listed = tuple[list[Json], bool | None]

ASK_SECONDS = 30.0  # a question that takes longer is asked again later
UPLOAD_SECONDS = 600.0
CHAT_SECONDS = 120.0
PAGE = 100

# Our own words are kept in English and translated where they are shown; a service's words stay as they came.
NOT_THE_SHAPE = gettext_noop("The answer was not JSON as OpenAI's API sends it.")
NO_ANSWER = gettext_noop("The service did not answer in time.")
NO_WAY = gettext_noop("The service could not be reached.")
BROKEN = gettext_noop("The connection broke before the answer was whole.")
TOO_LARGE = gettext_noop("The file at the service is larger than expected.")


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we trust, read once: every client would read it anew, 25 ms each, and a poll makes a client."""
    import httpx2

    return httpx2.create_ssl_context()


def _client(access: Access, timeout: float, retries: int = 0) -> openai.OpenAI:
    import openai  # here on purpose: see the module's docstring

    return openai.OpenAI(
        base_url=access.base_url,
        api_key=access.key,
        timeout=openai.Timeout(timeout, connect=min(timeout, 5.0)),
        max_retries=retries,  # the tick is the only retry; a POST must never be sent twice
        http_client=openai.DefaultHttpxClient(
            verify=_certificates(), follow_redirects=False, event_hooks={"request": [pin]}
        ),
    )


@contextmanager
def _translated(access: Access) -> Iterator[None]:
    """Turn everything the SDK can raise into a ProviderError (it lets its HTTP client's own errors out of a stream)."""
    import httpx2
    import openai

    try:
        yield
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise ProviderError(NO_ANSWER, reached=was_sent(error), code="timeout") from error
    except openai.APIConnectionError as error:
        raise ProviderError(NO_WAY, reached=was_sent(error), code="connection") from error
    except (AddressRefusedError, socket.gaierror) as error:  # the last look at the address: nothing was sent
        words = LEADS_INSIDE if isinstance(error, AddressRefusedError) else NO_WAY
        raise ProviderError(words, code="connection") from error
    except openai.APIStatusError as error:
        raise from_status(access, error) from error
    except httpx2.TransportError as error:
        raise ProviderError(BROKEN, reached=True, code="connection") from error
    except (openai.OpenAIError, ValueError, TypeError, RecursionError) as error:
        if type(error) is openai.APIError and isinstance(error.body, dict):  # an error told in the middle of a stream
            mask = access.mask
            words, code = mask.text(storable(error.message)), mask.text(str(error.code or error.type or ""))
            raise ProviderError(words, reached=True, code=code) from error
        raise ProviderError(NOT_THE_SHAPE, reached=True, code="shape") from error


def _ask(
    access: Access,
    call: Callable[[openai.OpenAI], Any],
    *,
    timeout: float = ASK_SECONDS,
    shape: str = "id",
    client: openai.OpenAI | None = None,
) -> Json:
    """Make one call and return its answer as a dict that surely has the key `shape`; an id fits into its column."""
    with _translated(access):
        answer = call(client or _client(access, timeout))
        value = access.mask.answer(storable(answer.to_dict(mode="json") if hasattr(answer, "to_dict") else answer))
    if not isinstance(value, dict) or shape not in value:
        raise ProviderError(NOT_THE_SHAPE, reached=True, code="shape")
    if shape != "id":
        return value
    if not fits(id_of(value["id"])):
        raise ProviderError(NOT_THE_SHAPE, reached=True, code="shape")
    return value | {"id": id_of(value["id"])}


def _items(page: Json) -> list[Json]:
    """The dicts of a list answer, each with a text as its id; whatever else a service puts there is passed over."""
    data = page.get("data")
    items = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    return [item | {"id": id_of(item.get("id"))} for item in items]


# --- models and files ---------------------------------------------------------------------------------


def list_models(access: Access, timeout: float = ASK_SECONDS) -> list[Json]:
    """Models that the key may see: {"id", "shutdown_date"?, ...}."""
    page = _ask(access, lambda c: c.get("/models", cast_to=object), timeout=timeout, shape="data")
    return [model for model in _items(page) if model["id"]]


def probe_training(access: Access, timeout: float = ASK_SECONDS) -> None:
    """Ask for one job: raises the ProviderError that training would meet, where a service tells by listing."""
    _ask(access, lambda c: c.get("/fine_tuning/jobs?limit=1", cast_to=object), timeout=timeout, shape="data")


def upload(access: Access, path: Path, name: str) -> Json:
    """Send a training file, streamed (a path instead of an open file would be read whole). Returns its file JSON."""
    with path.open("rb") as handle:
        sent = (name, handle, "application/jsonl")
        return _ask(access, lambda c: c.files.create(file=sent, purpose="fine-tune"), timeout=UPLOAD_SECONDS)


def find_upload(access: Access, name: str, size: int, besides: Collection[str] = ()) -> Json | None:
    """Return the file that already lies there under this name with this many bytes, if one `besides` these does."""
    page = _ask(access, lambda c: c.get("/files?purpose=fine-tune&limit=1000", cast_to=object), shape="data")
    same = (f for f in _items(page) if f.get("filename") == name and f.get("bytes") == size)
    return next((f for f in same if fits(f["id"]) and f["id"] not in besides), None)


def retrieve_file(access: Access, file_id: str) -> Json:
    return _ask(access, lambda c: c.files.retrieve(file_id))


def delete_file(access: Access, file_id: str) -> None:
    _ask(access, lambda c: c.delete(f"/files/{quote(file_id, safe=':')}", cast_to=object))


def file_chunks(access: Access, file_id: str, limit: int) -> Iterator[bytes]:
    """A file at the service, piece by piece. Raises ProviderError, midway too: for more bytes than `limit`."""
    with _translated(access):
        yield from access.mask.chunks(_bytes(access, file_id, limit))


def _bytes(access: Access, file_id: str, limit: int) -> Iterator[bytes]:
    size = 0
    with _client(access, UPLOAD_SECONDS).files.with_streaming_response.content(file_id) as answer:
        for chunk in answer.iter_bytes(64 * 1024):
            size += len(chunk)
            if size > limit:
                raise ProviderError(TOO_LARGE, permanent=True, code="too_large")
            yield chunk


def file_content(access: Access, file_id: str, limit: int = 64 * 1024 * 1024) -> bytes:
    """The bytes of a file at the service. Raises ProviderError when there are more than `limit`."""
    return access.mask.content(b"".join(file_chunks(access, file_id, limit)))


# --- what our own trainer alone knows -------------------------------------------------------------------


def delete_model(access: Access, name: str) -> None:
    _ask(access, lambda c: c.delete(f"/models/{quote(name, safe=':')}", cast_to=object))


def get(access: Access, path: str, shape: str) -> Json:
    return _ask(access, lambda c: c.get(path, cast_to=object), shape=shape)


@contextmanager
def streaming(access: Access, path: str) -> Iterator[Any]:
    """An answer with `headers` and `iter_bytes`, whose body is not read yet; by a header that only the SDK sees."""
    import openai

    raw: Any = {"headers": {"X-Stainless-Raw-Response": "stream"}}
    with _translated(access):
        answer: Any = _client(access, UPLOAD_SECONDS).get(path, cast_to=openai.HttpxBinaryResponseContent, options=raw)
        try:
            yield answer
        finally:
            answer.close()


# --- jobs ---------------------------------------------------------------------------------------------


def create_job(access: Access, order: Json) -> Json:
    """Order a job, once: the call is never re-sent. `order` holds the keys of OpenAI's create body."""
    return _ask(access, lambda c: c.fine_tuning.jobs.create(**order), timeout=settings.ORDER_SECONDS)


def retrieve_job(access: Access, job_id: str) -> Json:
    return _ask(access, lambda c: c.fine_tuning.jobs.retrieve(job_id))


def list_jobs(access: Access, *, query: Json | None = None, after: str = "", limit: int | None = PAGE) -> Listed:
    """One page of jobs, newest first, and whether there are more; None where the service does not say."""
    return _listed(access, "/fine_tuning/jobs", {"limit": limit, "after": after, **(query or {})})


def list_events(access: Access, job_id: str, *, after: str = "") -> Listed:
    """One page of up to 100 events, newest first, and whether there are more."""
    return _listed(access, f"/fine_tuning/jobs/{quote(job_id, safe=':')}/events", {"limit": PAGE, "after": after})


def _listed(access: Access, path: str, query: Json) -> Listed:
    asked = {key: value for key, value in query.items() if value}
    page = _ask(access, lambda c: c.get(path, cast_to=object, options={"params": asked}), shape="data")
    return _items(page), page["has_more"] if isinstance(page.get("has_more"), bool) else None


def list_checkpoints(access: Access, job_id: str) -> list[Json]:
    """The job's checkpoints, newest first (a service keeps few: one page holds them)."""
    path = f"/fine_tuning/jobs/{quote(job_id, safe=':')}/checkpoints?limit={PAGE}"
    return _items(_ask(access, lambda c: c.get(path, cast_to=object), shape="data"))


def cancel_job(access: Access, job_id: str) -> Json:
    return _ask(access, lambda c: c.fine_tuning.jobs.cancel(job_id))


def pause_job(access: Access, job_id: str) -> Json:
    return _ask(access, lambda c: c.fine_tuning.jobs.pause(job_id))


def resume_job(access: Access, job_id: str) -> Json:
    return _ask(access, lambda c: c.fine_tuning.jobs.resume(job_id))


def create_hook(access: Access, url: str, kinds: list[Any]) -> Json:
    """Have events of these kinds sent to `url`. The answer alone holds their `signing_secret`."""
    return _ask(access, lambda c: c.webhooks.create(name="TextHelper", url=url, event_types=kinds))


# --- chat ---------------------------------------------------------------------------------------------


@contextmanager
def chatting(access: Access) -> Iterator[Callable[[Json], Json]]:
    """Give a function that asks for one whole answer, sent once. One client for many: a new one would take 3 ms."""
    path = "/chat/completions"  # not by its method: it takes as long as all the rest to make a model, and that a dict
    with _client(access, settings.ORDER_SECONDS) as sdk:
        yield lambda body: _ask(access, lambda c: c.post(path, body=body, cast_to=object), shape="choices", client=sdk)


async def stream_chat(access: Access, request: Json) -> AsyncGenerator[Piece]:
    """Stream an answer. `request` holds model, messages, temperature, max_tokens and what else to ask of the stream.

    Raises ProviderError.
    """
    import openai

    client = openai.AsyncOpenAI(
        base_url=access.base_url,
        api_key=access.key,
        timeout=openai.Timeout(CHAT_SECONDS, connect=5.0),
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(
            verify=_certificates(), follow_redirects=False, event_hooks={"request": [pin_async]}
        ),
    )
    with _translated(access):
        async with client:
            options = {"include_usage": True} | request.get("stream_options", {})
            body: Any = request | {"stream": True, "stream_options": options}
            stream: Any = await client.chat.completions.create(**body)
            shown = StreamMask(access.key)
            async for chunk in stream:
                piece = piece_of(chunk.to_dict(mode="json") if hasattr(chunk, "to_dict") else {})
                if piece:
                    yield piece._replace(text=shown.feed(piece.text))
            if rest := shown.rest():
                yield Piece(rest)
