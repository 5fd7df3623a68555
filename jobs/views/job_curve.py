"""The curve of a job's page. It is made of nothing but what the service told, so that one making serves all who look.

An open page of a running job asks every other second, and thousands of steps are most of what such a page is made of.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from django.db.models import StringAgg, TextField, Value
from django.db.models.functions import Cast
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from jobs.models import FineTuneJob
from jobs.templatetags.desk import number

KEPT = 32  # curves; one of two thousand steps is 0.3 MB
STEPS_SHOWN = 100  # as a table; the CSV holds them all
LOSSES = ("train_loss", "valid_loss", "full_valid_loss")
MORE_SHOWN = 6  # further columns of a table that people read

type Step = tuple[int, dict[str, Any]]


class Curve(NamedTuple):
    """What the page shows of a job's numbers."""

    is_empty: bool
    script: SafeString  # the points as JSON, for the chart
    last: dict[str, Any]  # the newest step's numbers
    more: list[str]  # what else the service told of the newest steps, under its own names
    rows: SafeString  # of a table: step, losses, more; the newest first


def curve_of(job: FineTuneJob) -> Curve:
    """The database puts a step's numbers into one text: thousands of rows take ten times as long."""
    comma, rows = Value(","), job.metrics.order_by()
    told = rows.aggregate(
        steps=StringAgg(Cast("step", TextField()), comma), values=StringAgg(Cast("values", TextField()), comma)
    )
    return _made(told["steps"] or "", told["values"] or "", job.total_steps)


@lru_cache(KEPT)
def _made(steps: str, values: str, total: int | None) -> Curve:
    numbers: list[Step] = sorted(
        zip(orjson.loads(f"[{steps}]"), orjson.loads(f"[{values}]"), strict=True), key=itemgetter(0)
    )
    newest = numbers[-STEPS_SHOWN:]
    more = sorted({name for _step, told in newest for name in told} - {*LOSSES})[:MORE_SHOWN]
    return Curve(
        is_empty=not numbers,
        script=script_of(_points(numbers, total), "loss-data"),
        last=numbers[-1][1] if numbers else {},
        more=more,
        rows=rows_of((step, [told.get(name) for name in (*LOSSES, *more)]) for step, told in reversed(newest)),
    )


def _points(numbers: Sequence[Step], total: int | None) -> dict[str, Any]:
    """Steps, and training, validation and full validation loss at each (null where none)."""

    def series(name: str) -> list[float | None]:
        return [told.get(name) for _step, told in numbers]

    return {
        "steps": [step for step, _told in numbers],
        "train": series("train_loss"),
        "valid": series("valid_loss"),
        "full": series("full_valid_loss"),
        "total": total,
    }


def script_of(points: dict[str, Any], element_id: str) -> SafeString:
    """As json_script does it, in a tenth of the time."""
    text = orjson.dumps(points).replace(b"<", b"\\u003C").replace(b">", b"\\u003E").replace(b"&", b"\\u0026").decode()
    shown = mark_safe(text)  # noqa: S308 - escaped
    return format_html('<script id="{}" type="application/json">{}</script>', element_id, shown)


def rows_of(table: Iterable[tuple[int, Iterable[Any]]]) -> SafeString:
    """Rows of a table of numbers: a step, then its values. A loop of the template takes twenty times as long."""
    rows = (f'<td class="num">{step}</td>{"".join(map(_cell, values))}' for step, values in table)
    return mark_safe("".join(f"<tr>{row}</tr>\n" for row in rows))  # noqa: S308 - what is no number is escaped


def _cell(value: Any) -> str:
    text = number(value)
    return f'<td class="num">{text if isinstance(value, float) else escape(text)}</td>'
