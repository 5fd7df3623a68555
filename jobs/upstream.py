"""Which addresses a team may aim the server at: the operator's list (settings.UPSTREAM_HOSTS), matched exactly.

What passes is returned in one normal form, and that form is what is stored and called: no second reading of the same
text (a browser's, the HTTP client's) can come to another host.
"""

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS = {"https": 443, "http": 80}


class AddressRefusedError(Exception):
    """An address that this portal must not call; `reason` is for people."""

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(reason)
        self.reason = reason


def checked_address(text: str) -> str:
    """Return the base URL in its normal form, without a slash at its end. Raises AddressRefusedError."""
    parts = _parts(text)
    host, port = _host(parts), _port(parts)
    for refuses, reason in _RULES:
        if refuses(text, parts, host):
            raise AddressRefusedError(reason)
    shown = _shown(host, port, parts.scheme)
    if (host, port) not in _allowed(parts.scheme):
        raise AddressRefusedError(
            _("The host %(host)s is not allowed here. Ask the operator to add it to UPSTREAM_HOSTS.") % {"host": shown}
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise AddressRefusedError(_("The address of %(host)s must begin with https://.") % {"host": shown})
    return f"{parts.scheme}://{shown}{parts.path.rstrip('/')}"


def _parts(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError as error:
        raise AddressRefusedError(_NOT_AN_ADDRESS) from error


def _host(parts: SplitResult) -> str:
    """The host in lower case, in its ASCII form (IDNA folds full-width digits and dots too)."""
    try:
        host = (parts.hostname or "").lower()
        return host if ":" in host else host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressRefusedError(_NOT_AN_ADDRESS) from error


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise AddressRefusedError(_NOT_AN_ADDRESS) from error


def _shown(host: str, port: int, scheme: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == PORTS.get(scheme) else f"{name}:{port}"


def _allowed(scheme: str) -> set[tuple[str, int]]:
    """The operator's hosts with their ports; an entry without one means the scheme's own port."""
    entries = (urlsplit(f"//{entry.strip()}") for entry in settings.UPSTREAM_HOSTS if entry.strip())
    return {(_host(entry), entry.port or PORTS[scheme]) for entry in entries}


_NOT_AN_ADDRESS = _("This is not an address. Write it as https://host/v1.")
_RULES: tuple[tuple[Callable[[str, SplitResult, str], bool], Promise], ...] = (
    (lambda text, parts, host: not text.isprintable() or " " in text or "\\" in text, _NOT_AN_ADDRESS),
    (lambda text, parts, host: parts.scheme not in PORTS or not host or "%" in parts.netloc, _NOT_AN_ADDRESS),
    (lambda text, parts, host: host.endswith(".") or ".." in host, _("Write the host without a dot at its end.")),
    (
        lambda text, parts, host: "@" in parts.netloc,
        _("Leave user name and password out of the address: the key has its own field."),
    ),
    (
        lambda text, parts, host: "?" in text or "#" in text,
        _("Leave out what follows ? or #: only the address itself is needed."),
    ),
)
