"""What a service sends, made fit for a row: any text, number, id or waiting time may come."""

import math
from email.utils import parsedate_to_datetime
from typing import Any

from django.utils import timezone

LONGEST_ID = 128  # what a row has room for
LONGEST_WAIT = 24 * 3600.0  # whatever Retry-After says: nobody remembers a job that sleeps longer


def storable(value: Any) -> Any:
    """The same answer without what no database takes: NUL, half a character, NaN and infinity."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def id_of(value: object) -> str:
    """An id as text; empty where the service sent none that can be one."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def fits(remote_id: str) -> bool:
    """Tell whether an id can be stored, and so asked after later."""
    return 0 < len(remote_id) <= LONGEST_ID


def wait_seconds(text: str | None) -> float | None:
    """A Retry-After in seconds, at most a day: it is sent as a number or as an HTTP date."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text)
    return None if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT)


def _until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - timezone.now().timestamp()
    except (ValueError, OverflowError):
        return math.nan
