"""What every call passes: method, key, faults; and the envelope for whatever goes wrong inside."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from trainer import faults
from trainer.faults import Faults
from trainer.keys import admit
from trainer.orders import storable
from wire.errors import WireError, invalid, method_not_allowed, server_error, too_large, unknown_url
from wire.requests import bearer, wrong_key

logger = logging.getLogger(__name__)
KEY = re.compile(r"trainer-\S+", re.ASCII)
SHORTEST_KEY = 9


@dataclass(frozen=True)
class Caller:
    """Who calls. A key is an organization; its issued form acts for the same. `org` is a hash of the open key."""

    org: str
    faults: Faults
    issued: bool = False  # whether its key was issued, and so reaches real bases


type Handler = Callable[Concatenate[HttpRequest, Caller, ...], HttpResponseBase]
type View = Callable[..., HttpResponseBase]


def door(**methods: Handler) -> View:
    """The view of one URL: a handler per method. It answers in the OpenAI envelope whatever happens."""

    def view(request: HttpRequest, **parts: str) -> HttpResponseBase:
        try:
            return _answer(methods, request, parts)
        except WireError as refusal:
            return refusal.response()
        except RequestDataTooBig:
            return too_large(settings.UPLOAD_LIMIT).response()
        except (MultiPartParserError, SuspiciousOperation):
            return invalid("We could not parse the body of your request.").response()
        except Exception:
            logger.exception("the trainer broke")
            return server_error().response()

    return csrf_exempt(login_not_required(view))


def _answer(methods: dict[str, Handler], request: HttpRequest, parts: dict[str, str]) -> HttpResponseBase:
    handler = methods.get(request.method or "")
    if not methods:
        raise unknown_url(request.method or "", request.path)
    if handler is None:
        raise method_not_allowed(request.method or "", list(methods))
    caller = caller_of(request)
    for text in (request.path, *request.GET, *map(str, request.GET.values())):
        storable(text, None)
    if instead := faults.before_the_call(caller.faults):
        return instead
    response = handler(request, caller, **parts)
    if "malformed" in caller.faults and request.method == "GET" and "/fine_tuning/jobs" in request.path:
        return HttpResponse('{"object": "fine_tuning.job", "id": ', content_type="application/json")
    return response


def caller_of(request: HttpRequest) -> Caller:
    """401 without a key, with one that is not `trainer-<something>`, or with one that keys.admit refuses."""
    key = bearer(request)
    plain, named = faults.split_key(key)
    found = faults.faults_of(request, key, named)
    if not KEY.fullmatch(plain) or len(plain) < SHORTEST_KEY or "invalid-key" in found:
        raise wrong_key(key)
    org, issued = admit(plain)
    return Caller(org, found, issued)


unknown = door()
