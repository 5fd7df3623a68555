"""What a real installation must have right before it starts: `manage.py migrate` and `check` ask."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

SHORTEST_SECRET = 50  # characters; what `check --deploy` asks for


def secrets(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    wrong = [place for place, key in enumerate(settings.FIELD_KEYS, start=1) if not _is_fernet(key)]
    if wrong or not settings.FIELD_KEYS:
        which = ", ".join(map(str, wrong)) or "none given"
        hint = "Each is 32 random bytes in URL-safe base64; docs/operations.md has the command."
        found.append(Error(f"FIELD_KEYS: not a Fernet key: {which}.", hint=hint, id="ftsite.E001"))
    if len(settings.SECRET_KEY) < SHORTEST_SECRET and not settings.EMBEDDED:
        found.append(Error(f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters.", id="ftsite.E002"))
    return found


def _is_fernet(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def upstream_hosts(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """An entry that no address can match would only show when a team tries."""
    wrong = [entry for entry in settings.UPSTREAM_HOSTS if not _is_host(entry)]
    hint = "Write api.example.com or api.example.com:8443, without https:// and without a path."
    return [Error(f"UPSTREAM_HOSTS: not a host: {entry!r}.", hint=hint, id="ftsite.E003") for entry in wrong]


def _is_host(entry: str) -> bool:
    host, colon, port = entry.strip().rpartition(":") if not entry.strip().endswith("]") else (entry.strip(), "", "")
    name = host if colon else entry.strip()
    plain = name.isprintable() and not set(name) & set("/@?#*\\ ")
    return bool(name) and plain and (not colon or (port.isdigit() and 0 < int(port) < 65536))


def surroundings(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """What the embedded default has by itself and a real installation must be given."""
    if settings.EMBEDDED:
        return []
    sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    said = [
        (sqlite, "DATABASE_URL is not set: SQLite carries one machine and a small team.", "ftsite.W001"),
        (not settings.REDIS_URL, "REDIS_URL is not set: every process would count rate limits alone.", "ftsite.W002"),
        (
            settings.HTTPS and not settings.TRUSTED_PROXIES,
            "HTTPS=true without BEHIND_PROXY=true: uvicorn hears plain http and redirects for ever.",
            "ftsite.W003",
        ),
    ]
    return [Caution(text, id=name) for wrong, text, name in said if wrong]
