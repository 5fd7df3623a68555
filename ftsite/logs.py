"""Logs: one JSON object a line in a real installation, readable lines embedded. Django, uvicorn and Celery share them.

What may go into a line is a list (FIELDS and the bound context), so that no request, form or row gets there by itself.
`Cleaner` is the second line of defence: it blots out what looks like a secret, tracebacks included.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

import structlog

type Event = MutableMapping[str, Any]

FIRST = ("time", "level", "logger", "event")
FIELDS = ("method", "route", "status", "ms", "user", "team", "outcome")  # what `extra=` may add
HIDDEN = "[hidden]"

# (pattern, what takes its place); \1 keeps the harmless beginning. Each takes one pass over a text however
# long it is: anyone may send a word of 60 KB (tests/test_patterns.py).
SHAPES = [
    (re.compile(r"\bsk-[\w.-]{6,}"), HIDDEN),  # OpenAI's keys
    (re.compile(r"\bwhsec_[\w+/=-]+"), HIDDEN),  # webhook secrets
    (re.compile(r"\btrainer-[\w.=,-]{6,}"), HIDDEN),  # keys of the bundled trainer
    (re.compile(r"\bgAAAAA[\w=-]{20,}"), HIDDEN),  # what jobs.sealing sealed
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.+/=~-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://)[^\s/@\"']*@"), rf"\1{HIDDEN}@"),  # user:password@host
    (re.compile(r"(/join/|/reset/key/|/confirm-email/)[^\s/\"'?]+"), rf"\1{HIDDEN}"),  # links that open a door
    (  # cookies, query strings, forms
        re.compile(
            r"(?i)((?:sessionid|csrf\w{0,40}|password\w{0,40}|token|secret\w{0,40}|api[_-]?key)"
            r"[\"']?\s?[=:]\s?[\"']?)[^\s&;,\"'}]+"
        ),
        rf"\1{HIDDEN}",
    ),
    # PostgreSQL quotes the row
    (re.compile(r"(?s)(DETAIL: ).*?(?=\n\n(?:The above|During handling)|\Z)"), rf"\1{HIDDEN}"),
]
LONGEST = 32_000  # characters of one text: a traceback of a hundred calls; a service's page in an error is longer


class Cleaner:
    """Blots out what looks like a secret in every text of an event, and `secrets` themselves wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        exact = [(re.compile(re.escape(secret)), HIDDEN) for secret in secrets if len(secret) >= 8]
        self.shapes = exact + SHAPES

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        return {name: self.clean(value) for name, value in event.items()}

    def clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {str(name): self.clean(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(each) for each in value]
        text = str(value)
        for pattern, instead in self.shapes:
            text = pattern.sub(instead, text)
        return shortened(text)


def shortened(text: str) -> str:
    """Keep how a long text begins and ends: a traceback's last line says what happened."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} [{len(text) - 2 * half} characters left out] {text[-half:]}"


def has_traceback(record: logging.LogRecord) -> bool:
    """Django also tells of every answer from 500 on that a view gave on purpose; the request's own line says that."""
    return record.exc_info is not None


def broken_only() -> Callable[[logging.LogRecord], bool]:
    return has_traceback


def as_json(_logger: Any, _method: str, event: Event) -> str:
    return json.dumps({name: event.get(name) for name in FIRST} | dict(event), ensure_ascii=False)


def as_text(_logger: Any, _method: str, event: Event) -> str:
    """`time LEVEL logger event name=value …`, a traceback below."""
    trace = event.pop("exception", "")
    first = [event.pop("time"), event.pop("level").upper(), event.pop("logger"), event.pop("event")]
    line = " ".join([*map(str, first), *(f"{name}={value}" for name, value in event.items())])
    return f"{line}\n{trace}" if trace else line


def formatter(machine: bool, secrets: Iterable[str] = ()) -> logging.Formatter:
    """Return what turns a record into a line: JSON for a machine, else text for people."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=FIELDS),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    last: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,  # the plain traceback: it names lines of code, never what variables held
        Cleaner(secrets),
        as_json if machine else as_text,
    ]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=chain, processors=last)


def logging_config(level: str, machine: bool, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Return settings.LOGGING. `level` is for code of ours: at DEBUG libraries would tell SQL, bodies and keys."""
    # Django and uvicorn attach handlers by themselves, one that mails whole requests among them: none of that
    ours: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"broken": {"()": "ftsite.logs.broken_only"}},
        "formatters": {"line": {"()": "ftsite.logs.formatter", "machine": machine, "secrets": list(secrets)}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {**ours, "level": _at_least("INFO", level)},
            "django.request": {"level": "ERROR", "filters": ["broken"]},  # else the line of the request says it
            "django.server": {**ours, "level": "WARNING"},
            "uvicorn": {**ours, "level": _at_least("INFO", level)},
            "uvicorn.error": ours,
            "uvicorn.access": {"handlers": [], "propagate": False},  # it would tell whole paths, tokens in them
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},  # it warns that a folder has no host name
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "openai": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
        },
    }


def _at_least(least: str, level: str) -> str:
    numbers = logging.getLevelNamesMapping()
    return level if numbers.get(level, 0) > numbers[least] else least
