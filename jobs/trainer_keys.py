"""Keys for our own trainer, made here: no service has to be asked for one."""

import secrets

from django.conf import settings

from wire.issued_keys import OPEN, is_issued, issue

SCRIPTED = f"{OPEN}fault."  # a key that asks the trainer for faults, for tests


def new_key(name: str = "") -> str:
    """A random key; one that reaches real models where this portal and its trainer share a secret."""
    return issued(f"{OPEN}{name}{secrets.token_hex(16)}")


def issued(key: str) -> str:
    """The form of a key that reaches real models, for the same files and jobs. The key itself where there is none."""
    return issue(key, settings.TRAINER_KEY_SECRET) if may_be_issued(key) else key


def may_be_issued(key: str) -> bool:
    """Whether `issued` makes another key of it."""
    is_open = key.startswith(OPEN) and not key.startswith(SCRIPTED) and not is_issued(key)
    return is_open and bool(settings.TRAINER_KEY_SECRET)
