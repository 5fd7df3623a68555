"""The calls that our own trainer alone knows: weights of a job (docs/trainer.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_noop

from jobs import provider
from jobs.provider import Access, ProviderError

type Json = dict[str, Any]

NOT_READY = gettext_noop("The archive is being made again: wait until it is ready.")
# the trainer's own words, which are shown in the reader's language
TRAINERS_WORDS = (
    gettext_noop("The trainer's disk is full."),
    gettext_noop("The archive could not be made: the process that makes it broke."),
    gettext_noop("The weights, or their base, are not on this trainer any more."),
)
CHUNK = 256 * 1024


def _path(job_id: str) -> str:
    return f"/fine_tuning/jobs/{quote(job_id, safe=':')}/weights"


def listed(access: Access, job_id: str) -> dict[str, Json]:
    """Format to how far its archive is: {"status", "stage", "progress", "size", "error"}. Nothing is begun by it."""
    found = provider.get(access, _path(job_id), shape="data")["data"]
    items = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {str(one.get("format")): one for one in items}


def begin(access: Access, job_id: str, wanted: str) -> None:
    """Have an archive made that `listed` said is not there: the answer is then a short one."""
    provider.get(access, f"{_path(job_id)}?format={quote(wanted)}", shape="status")


def chunks(access: Access, job_id: str, wanted: str) -> Iterator[bytes]:
    """The zip, piece by piece. Raises ProviderError, midway too."""
    with provider.streaming(access, f"{_path(job_id)}?format={quote(wanted)}") as answer:
        if answer.headers.get("content-type") != "application/zip":
            raise ProviderError(NOT_READY, reached=True, code="not_ready")
        yield from answer.iter_bytes(CHUNK)
