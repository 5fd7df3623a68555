"""Standard Webhooks: was this sent by one who knows the secret, and just now? The SDK's own check is the contract."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE = 300  # seconds that two clocks may differ, either way
SHORTEST, LONGEST = 16, 256  # bytes of a secret


def secret_bytes(secret: str) -> bytes:
    """Return what lies in `whsec_<base64>`. Raises ValueError."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)  # binascii.Error is a ValueError
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError("not a signing secret")
    return key


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Tell whether one of the signatures is right and its time, in Unix seconds, is within TOLERANCE of `now`."""
    identity, sent, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not identity or not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
        return False
    if abs(now - int(sent)) > TOLERANCE:
        return False
    try:
        mac = hmac.digest(secret_bytes(secret), f"{identity}.{sent}.".encode() + body, "sha256")
    except ValueError:
        return False
    expected = b"v1," + b64encode(mac)
    return any(hmac.compare_digest(expected, given.encode()) for given in signatures.split())
