"""The times of services, whatever they write them as: one reader for jobs, events, checkpoints and imports."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A count since 1970: seconds until the year 5138, what is larger is milli-, micro- or nanoseconds.
UNITS = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
# Before that nobody trained: the zero of Unix, Go or .NET, which stands for "not yet".
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST = 64  # characters: what is longer is no time

NUMBER = re.compile(r"\d{1,20}(?:\.\d{0,20})?(?:e\+?\d{1,2})?", re.ASCII | re.IGNORECASE)
COMPACT = re.compile(r"(\d{8})(\d{6})?", re.ASCII)  # 20240517173951
DOT_NET = re.compile(r"/Date\((\d{1,20})(?:[+-]\d{4})?\)/", re.ASCII)
SLASHED = re.compile(r"^(\d{4})/(\d\d)/(\d\d)", re.ASCII)
ZONE = re.compile(r"(?<=\d) *(?:([+-]\d\d:?\d\d) *)?(?:UTC|GMT|Z)$", re.IGNORECASE)  # Go prints "+0000 UTC"
SPACED_OFFSET = re.compile(r" (?=[+-]\d\d:?\d\d$)")


def moment(value: object) -> datetime | None:
    """A time in UTC; None where there is none, or none that can be read. A text without a zone is in UTC.

    Reads counts since 1970 as numbers or digits in quotes (seconds, milli-, micro-, nanoseconds), ISO 8601 with any
    fraction, and what Go, .NET, protobuf, MongoDB and HTTP make of a time.
    """
    try:
        found = _read(value)
        found = found and found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found and found >= EARLIEST else None


def _read(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        return _of_text(value.strip()) if len(value) <= LONGEST else None
    if isinstance(value, dict):
        inner = next((value[key] for key in ("seconds", "$date") if key in value), None)
        return None if isinstance(inner, dict) else _read(inner)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_count(value)
    return None


def _of_count(count: float) -> datetime | None:
    parts = next((parts for limit, parts in UNITS if 0 < count < limit), None)
    return datetime.fromtimestamp(count / parts, UTC) if parts else None


def _of_text(text: str) -> datetime | None:
    if NUMBER.fullmatch(text):
        return _of_digits(text)
    if dated := DOT_NET.fullmatch(text):
        return datetime.fromtimestamp(int(dated[1]) / 1e3, UTC)
    if not text[:4].isdigit():
        return _aware(parsedate_to_datetime(text))  # Fri, 17 May 2024 17:39:51 GMT
    plain = ZONE.sub(lambda found: found[1] or "Z", SLASHED.sub(r"\1-\2-\3", text))
    return _aware(datetime.fromisoformat(SPACED_OFFSET.sub("", plain)))


def _of_digits(text: str) -> datetime | None:
    """A count, or, where that would lie in another century, a date without its dashes."""
    counted = _of_count(float(text))
    if counted and 2000 <= counted.year < 2100:
        return counted
    if dated := COMPACT.fullmatch(text):
        return _aware(datetime.strptime(dated[1] + (dated[2] or "000000"), "%Y%m%d%H%M%S"))
    return counted


def _aware(found: datetime) -> datetime:
    return found if found.tzinfo else found.replace(tzinfo=UTC)
