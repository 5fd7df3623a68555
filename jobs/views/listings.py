"""Lists that ask for news while something on them moves: 204 until there is any, then the part that moves."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from jobs.views.access import DeskRequest


def fingerprint(shown: Iterable[tuple[Any, ...]]) -> str:
    """Changes with what is shown."""
    return blake2b(repr(list(shown)).encode(), digest_size=8).hexdigest()


def listing(
    request: DeskRequest, template: str, told: Iterable[tuple[Any, ...]], context: dict[str, Any]
) -> HttpResponse:
    """The page, or its partial `listing` to htmx. `told`: of each row what may change, as the page shows it."""
    seen = fingerprint(told)
    if request.htmx and request.headers.get("X-Since") == seen:
        return HttpResponse(status=204)
    return render(request, f"{template}#listing" if request.htmx else template, context | {"seen": seen})
