"""How figures, times and stored words are shown."""

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from jobs import pricing

register = template.Library()
LONG_AGO = timedelta(days=60)  # before this, people count in dates
SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@register.filter
def usd(amount: Decimal | str | None) -> str:
    """`$2.14`; four decimals below a cent; an en dash where the price is unknown."""
    if amount is None or amount == "":
        return "–"
    value = Decimal(amount)
    places = 4 if 0 < abs(value) < Decimal("0.01") else 2
    return f"${number_format(round(value, places), places, use_l10n=True, force_grouping=True)}"


@register.filter
def won(amount: Decimal | str | None) -> str:
    """The same amount in won at the operator's rate: `₩2,990`."""
    return "" if amount is None or amount == "" else f"₩{pricing.won(Decimal(amount)):,}"


@register.filter
def undated(model: str) -> str:
    """A base model's id without the date of its snapshot: `gpt-4.1-mini`."""
    return SNAPSHOT.sub("", model)


@register.filter
def said(words: str | None) -> str:
    """Our own stored words in the reader's language; a service's words as they came."""
    return gettext(words) if words else ""


@register.filter
def span(length: timedelta | None) -> str:
    """`9 min 41 s`: the two largest parts of a length of time."""
    return "" if length is None else " ".join(_parts(length)[:2])


@register.filter
def briefly(length: timedelta | None) -> str:
    """`9 min`: only its largest part."""
    return "" if length is None else _parts(length)[0]


@register.filter
def ago(moment: datetime | None) -> str:
    """`9 min ago`: how long a time lies back, by its largest part, so that it fits a narrow column; its day if long."""
    if moment is None:
        return ""
    back = timezone.now() - moment
    if back > LONG_AGO:
        return f"{timezone.localtime(moment):%Y-%m-%d}"
    return gettext("%(span)s ago") % {"span": briefly(back)}


@register.filter
def stamp(moment: datetime) -> str:
    """`2026-11-22 14:05` in the reader's zone. In long tables: `date` needs five times as long."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


@register.filter
def clock(moment: datetime) -> str:
    """`14:05:09` in the reader's zone, for the same reason."""
    return f"{timezone.localtime(moment):%H:%M:%S}"


@register.filter
def soon(moment: datetime) -> str:
    """`14:05:09` for a time of today in the reader's zone, else `2026-11-23 14:05`."""
    return clock(moment) if timezone.localdate(moment) == timezone.localdate() else stamp(moment)


@register.filter
def iso(moment: datetime) -> str:
    """For the `datetime` of a `<time>`."""
    return moment.isoformat(timespec="seconds")


def _parts(length: timedelta) -> list[str]:
    """A length of time, largest part first: days, hours, minutes, seconds, without the zeros."""
    seconds = max(0, int(length.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else "",
        gettext("%(n)d h") % {"n": hours} if hours else "",
        gettext("%(n)d min") % {"n": minutes} if minutes else "",
        gettext("%(n)d s") % {"n": seconds},
    ]
    return [part for part in parts if part]


@register.filter
def until(moment: datetime | None) -> timedelta | None:
    """How long until `moment`; None once it has passed."""
    left = moment - timezone.now() if moment else None
    return left if left and left > timedelta(0) else None


@register.filter
def number(value: Any) -> str:
    """A loss or a rate, short: four significant digits."""
    return f"{value:.4g}" if isinstance(value, int | float) else ("–" if value is None else str(value))


@register.filter
def decimals(value: float) -> str:
    """One decimal, as the reader's language writes it."""
    return number_format(round(value, 1), 1, use_l10n=True)


@register.filter
def cut(value: Any, most: int) -> str:
    """The beginning of a text: `truncatechars` looks at every character for marks that combine."""
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


@register.simple_tag
def event_rows(events: Iterable[Any], *, dated: bool = False) -> SafeString:
    """Rows of a table of events: the time, with its day if `dated`, and the service's words. As fast, and as rare.

    events: anything with a JobEvent's pk, level, message and created_at.
    """
    return mark_safe("\n".join(_event_row(event, "%m-%d %H:%M:%S" if dated else "%H:%M:%S") for event in events))  # noqa: S308 - escaped


def _event_row(event: Any, form: str) -> str:
    words, marked = escape(event.message), {"error": "bad-text", "warn": "warn-text"}.get(event.level)
    if marked:
        words = f'<span class="{marked}">{words}</span>'
    moment = f'<time datetime="{iso(event.created_at)}">{timezone.localtime(event.created_at):{form}}</time>'
    cells = f'<td class="tight muted">{moment}</td><td class="anywhere" data-service>{words}</td>'
    return f'<tr id="event-{event.pk}">{cells}</tr>'


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    """`mapping[key]`, for keys that are not known beforehand."""
    return mapping.get(key)


@register.filter
def as_json(value: Any) -> str:
    """JSON to be read by people."""
    return json.dumps(value, ensure_ascii=False, indent=2)
