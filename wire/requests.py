"""What a client sent: its bearer key and its JSON body."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from wire.errors import WireError, invalid, too_large

NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using "
    "Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
)


def bearer(request: HttpRequest) -> str:
    """The key of `Authorization: Bearer <key>`; 401 in OpenAI's words without one."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise WireError(401, NO_KEY)
    return key.strip()


def wrong_key(key: str) -> WireError:
    """The 401 of a key that is not known. Shows no more of it than OpenAI does."""
    shown = f"{key[:3]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * 8
    message = f"Incorrect API key provided: {shown}. You can find your API key in the settings of this server."
    return WireError(401, message, "invalid_api_key")


def json_object(request: HttpRequest, limit: int) -> dict[str, Any]:
    """The body as a dict; 413 beyond `limit` bytes, 400 for anything that is no JSON object."""
    try:
        body = json.loads(request.body or b"{}", parse_constant=_refuse_constant)
    except RequestDataTooBig:
        raise too_large(limit) from None
    except (ValueError, RecursionError, UnreadablePostError):
        raise invalid("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise invalid("The body of your request must be a JSON object.")
    return body


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
