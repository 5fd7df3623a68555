"""Days and times as a spreadsheet shows them: a count of days, by the date signs of a format code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

LAST = Decimal(2_958_466)  # the first day after 9999-12-31
LEAP = 60  # a day of 1900 that Lotus invented: 1900-02-29
DAY = 86_400_000  # milliseconds
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KOREAN_DAYS = "월화수목금토일"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Sign(Protocol):
    """A part of a format code."""

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...


class Moment:
    """What a count of days means. Raises OverflowError beyond what a spreadsheet knows."""

    def __init__(self, value: Decimal, *, since_1904: bool, smallest: int) -> None:
        """`smallest`: milliseconds; finer parts are rounded."""
        self.whole = int((value * DAY / smallest).to_integral_value()) * smallest
        days, rest = divmod(self.whole, DAY)
        days += 1_462 if since_1904 else 0
        if not 0 <= days < LAST:
            raise OverflowError
        self.invented = days == LEAP
        self.day = datetime(1899, 12, 30 if days >= LEAP else 31) + timedelta(days=days)
        self.seconds, self.milliseconds = divmod(rest, 1000)


def moment(value: Decimal, signs: Sequence[Sign], *, since_1904: bool) -> str:
    """Nothing where it is no moment that a spreadsheet could show: before its first day, after its last."""
    texts = [sign.text.lower() if sign.kind in ("date", "elapsed", "half") else "" for sign in signs]
    fine = sum(sign.kind == "digit" for sign in signs)
    seconds = any(text.startswith("s") for text in texts)
    smallest = max(1, 1000 // 10**fine) if seconds and fine else 1000
    try:
        when = Moment(value, since_1904=since_1904, smallest=smallest)
    except OverflowError:
        return ""
    half = any(sign.kind == "half" for sign in signs)
    minutes, fraction = _minutes(texts), iter(f"{when.milliseconds:03}")
    out = []
    for at, sign in enumerate(signs):
        is_fraction = sign.kind == "digit"
        out.append(next(fraction, "0") if is_fraction else _shown(when, sign, half=half, minute=at in minutes))
    return "".join(out).strip()


def _minutes(texts: list[str]) -> set[int]:
    """An m is a minute after an hour or before a second; else it is a month."""
    dated = [at for at, text in enumerate(texts) if text]
    found = set()
    for place, at in enumerate(dated):
        if texts[at] in ("m", "mm"):
            before = texts[dated[place - 1]] if place else ""
            after = texts[dated[place + 1]] if place + 1 < len(dated) else ""
            if before.startswith("h") or after.startswith("s"):
                found.add(at)
    return found


def _shown(when: Moment, sign: Sign, *, half: bool, minute: bool) -> str:
    text = sign.text.lower()
    match sign.kind:
        case "elapsed":
            unit = {"h": 3_600_000, "m": 60_000, "s": 1000}[text[0]]
            return str(when.whole // unit).rjust(len(text), "0")
        case "half":
            words = ("오전", "오후") if "오" in text else ("A", "P") if text == "a/p" else ("AM", "PM")
            return words[when.seconds >= 43_200]
        case "date":
            return _clock(when, text, half=half) if minute or text[0] in "hs" else _calendar(when, text)
        case "mark" | "text":
            return sign.text
    return ""


def _clock(when: Moment, text: str, *, half: bool) -> str:
    hour, rest = divmod(when.seconds, 3600)
    hour = (hour % 12 or 12) if half else hour
    number = {"h": hour, "m": rest // 60, "s": rest % 60}[text[0]]
    return str(number).rjust(len(text), "0")


def _calendar(when: Moment, text: str) -> str:
    day = when.day
    number, month = (29, 2) if when.invented else (day.day, day.month)
    match text:
        case "yyyy" | "e" | "ee":
            return f"{day.year:04}"
        case "yy":
            return f"{day.year % 100:02}"
        case "mmmmm":
            return MONTHS[month - 1][0]
        case "mmmm" | "mmm":
            return MONTHS[month - 1][: None if text == "mmmm" else 3]
        case "dddd" | "ddd":
            return WEEKDAYS[day.weekday()][: None if text == "dddd" else 3]
        case "aaaa" | "aaa":
            return KOREAN_DAYS[day.weekday()] + ("요일" if text == "aaaa" else "")
    return str(month if text[0] == "m" else number).rjust(len(text), "0")
