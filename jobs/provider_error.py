"""What a call needs, and what it raises: the plain words that the rest of the portal shares with jobs.provider."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from jobs.answers import storable, wait_seconds
from jobs.key_masking import KeyMask

type Json = dict[str, Any]

NO_REASON = gettext_noop("The service answered with an error and gave no reason.")
LONG_WAIT = 30.0  # seconds: a longer Retry-After concerns every call of the connection, not only this one


class Access(NamedTuple):
    """Where to call, and with which key."""

    base_url: str
    key: str

    def __repr__(self) -> str:
        return f"Access({self.base_url!r})"  # a traceback must not show the key

    @property
    def mask(self) -> KeyMask:
        """Hides our key in what the service says: some repeat it."""
        return KeyMask(self.key)


@dataclass
class ProviderError(Exception):
    """A call that did not bring what was asked for.

    permanent: asking again with the same words cannot help.
    reached: the service may have acted on the call, although no good answer came.
    retry_after: seconds that the service asked us to wait.
    """

    message: str
    permanent: bool = False
    reached: bool = False
    status: int | None = None
    code: str = ""
    param: str = ""
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.message

    def as_dict(self) -> Json:
        """The service's own error, fit for a JSON column."""
        return {"code": self.code, "message": self.message, "param": self.param, "status": self.status}

    @property
    def is_wrong_key(self) -> bool:
        return self.status == 401

    @property
    def is_not_allowed(self) -> bool:
        return self.status == 403

    @property
    def asks_all_to_wait(self) -> bool:
        """It is the connection that waits then, and a new key ends its waiting; no row waits by itself."""
        return (self.retry_after or 0.0) > LONG_WAIT


def was_sent(error: Exception) -> bool:
    """A connection that never stood carried nothing; every other break may have come after the act."""
    return type(error.__cause__).__name__ not in ("ConnectError", "ConnectTimeout", "UnsupportedProtocol")


def from_status(access: Access, error: Any) -> ProviderError:
    body: dict[str, Any] = access.mask.answer(storable(error.body)) if isinstance(error.body, dict) else {}
    status = error.status_code
    return ProviderError(
        str(body.get("message") or NO_REASON)[:2000],
        permanent=400 <= status < 500 and status not in (408, 409, 429),
        reached=status >= 500 or status in (408, 409),
        status=status,
        code=str(body.get("code") or body.get("type") or ""),
        param=str(body.get("param") or ""),
        retry_after=wait_seconds(error.response.headers.get("retry-after")),
    )
