"""EMAIL_URL as settings.MAILERS wants it."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TIMEOUT = 10  # seconds a person waits for a mail server that does not answer
SMTP = {"smtp": (25, {}), "smtp+tls": (587, {"use_tls": True}), "smtp+ssl": (465, {"use_ssl": True})}


def mailer(url: str) -> dict[str, Any]:
    """Return one entry of MAILERS for `console:` or `smtp[+tls|+ssl]://user:password@host:port`."""
    if url == "console:":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(url)
    if parts.scheme not in SMTP or not parts.hostname:
        raise ImproperlyConfigured('"EMAIL_URL" invalid: console: or smtp://, smtp+tls://, smtp+ssl:// with a host')
    port, options = SMTP[parts.scheme]
    given = {"host": parts.hostname, "port": parts.port or port, "timeout": TIMEOUT, **options}
    if parts.username:
        given |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": given}
