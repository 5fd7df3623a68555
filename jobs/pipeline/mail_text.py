"""What all mails that workers write have in common: languages, links, and lines that are safe in a mail's head."""

from urllib.parse import urlsplit

from django.conf import settings

from jobs.models import User


def languages(person: User) -> list[str]:
    """The person's, or all of ours where they have not chosen one: a worker has no browser to ask."""
    return [person.language] if person.language else [code for code, _name in settings.LANGUAGES]


def address(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path


def line(text: str, most: int) -> str:
    """One line without anything that a mail's head, or a reader's eye, could take for something else."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def message_id(name: str) -> str:
    """The same for every try, so that a mail which came twice after all is shown once."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    return f"<{name}@{host if ':' not in host and host else 'localhost'}>"
