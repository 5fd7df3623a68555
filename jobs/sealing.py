"""Sealing of API keys at rest (MultiFernet): the newest of settings.FIELD_KEYS seals, every one opens."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBrokenError(Exception):
    """No key in FIELD_KEYS opens this secret: it was sealed with one that is gone."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def seal(secret: str) -> str:
    """Return `secret` encrypted, as text fit for a database column."""
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret inside `sealed`. Raises SealBrokenError."""
    try:
        return _box().decrypt(sealed).decode()
    except InvalidToken as broken:
        raise SealBrokenError from broken


def opens(sealed: str) -> bool:
    """Tell whether any of FIELD_KEYS opens this secret."""
    try:
        _box().decrypt(sealed)
    except InvalidToken:
        return False
    return True


def reseal(sealed: str) -> str:
    """Return the same secret sealed with the newest key. Raises SealBrokenError."""
    try:
        return _box().rotate(sealed).decode()
    except InvalidToken as broken:
        raise SealBrokenError from broken
