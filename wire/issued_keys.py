"""Keys that a portal issues for a trainer, which both sides can make and check alone: they share a secret.

`trainer-issued.<signature>-abc` is the issued form of the open key `trainer-abc`. Both belong to one organization, so
that a connection keeps its files, jobs and models when its key becomes an issued one.
"""

import hashlib
import hmac
import re

OPEN = "trainer-"
ISSUED = re.compile(r"\Atrainer-issued\.(?P<signature>[0-9a-f]{32})-(?P<rest>\S{1,400})\Z", re.ASCII)
PURPOSE = b"texthelper: issued trainer key"


def issue(open_key: str, secret: str) -> str:
    """The issued form of `trainer-…`."""
    return f"{OPEN}issued.{_signature(open_key, secret)}-{open_key.removeprefix(OPEN)}"


def is_issued(key: str) -> bool:
    """Whether a key claims to be issued; `open_form` tells whether it is."""
    return ISSUED.match(key) is not None


def open_form(key: str, secret: str) -> str | None:
    """The open key within an issued one; None where it was signed with another secret, or is none."""
    found = ISSUED.match(key)
    if found is None or not secret:
        return None
    open_key = f"{OPEN}{found['rest']}"
    return open_key if hmac.compare_digest(_signature(open_key, secret), found["signature"]) else None


def _signature(open_key: str, secret: str) -> str:
    key = hmac.digest(secret.encode(), PURPOSE, hashlib.sha256)
    return hmac.digest(key, open_key.encode(), hashlib.sha256).hex()[:32]
