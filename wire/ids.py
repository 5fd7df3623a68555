"""Ids as OpenAI writes them: a prefix that tells the kind, then letters and digits."""

import hashlib
import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id such as `ftjob-…`; the prefix carries its own dash or underscore."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


def derived_id(prefix: str, *parts: object, length: int = 24) -> str:
    """The same parts give the same id for ever: for things that are computed, never stored."""
    number = int.from_bytes(hashlib.sha256(repr(parts).encode()).digest())
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return prefix + "".join(letters)
