"""What a service tells of a training while it goes on: events, and the figures of each step."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs import provider
from jobs.answers import fits
from jobs.models import FineTuneJob, JobEvent, Metric
from jobs.moments import moment
from jobs.pipeline.record import note
from jobs.provider import Access, Json
from jobs.result_file import number_of, plain_name

PAGES = 100
MOST_STEPS = 2**31
OURS = "told-"  # how an id of our own begins: Together's events have none


def read_events(access: Access, job: FineTuneJob) -> None:
    """Read events newest first until one that is known, and store them with the numbers they carry.

    A page that brings nothing new ends it, whatever `has_more` says: some services give the same page for ever.
    """
    new: dict[str, Json] = {}
    after = ""
    for _ in range(PAGES):
        page, more = provider.list_events(access, job.remote_id, after=after)
        told = {key: event for event in page if fits(key := event["id"] or _own_id(event))}
        known = set(job.events.filter(remote_id__in=told).values_list("remote_id", flat=True))
        fresh = {key: event for key, event in told.items() if key not in known and key not in new}
        new |= fresh
        if known or not more or not fresh:
            break
        after = str(page[-1]["id"])
        if not after:
            break
    if new:
        _store(job, list(reversed(new.items())))


def _own_id(event: Json) -> str:
    """Of an event that says something but has no id: the same whenever it is told."""
    said = [event.get(name) for name in ("message", "data", "type", "created_at", "step")]
    if not said[0] and not said[1]:
        return ""
    return OURS + hashlib.sha256(repr(said).encode()).hexdigest()[:40]


def time_of(value: object) -> datetime:
    """A service's time; now where it sent none that can be read."""
    return moment(value) or timezone.now()


def _store(job: FineTuneJob, events: list[tuple[str, Json]]) -> None:
    rows = [
        JobEvent(
            job=job,
            remote_id=key,
            created_at=time_of(event.get("created_at")),
            level=str(event.get("level") or "")[:32],
            type=str(event.get("type") or "")[:64],
            message=str(event.get("message") or ""),
            data=event.get("data"),
        )
        for key, event in events
    ]
    steps = [_numbers(event.get("data")) for _key, event in events if event.get("type") == "metrics"]
    steps = [numbers for numbers in steps if 0 <= numbers.get("step", -1) < MOST_STEPS]
    latest = max((numbers["step"] for numbers in steps), default=job.step or 0)
    totals = [n["total_steps"] for n in steps if 0 <= n.get("total_steps", -1) < MOST_STEPS]
    total = int(totals[-1]) if totals else job.total_steps
    with transaction.atomic():  # an event that is known is not read again: its numbers must be there too
        JobEvent.objects.bulk_create(rows, ignore_conflicts=True)
        store_metrics(job, steps)
        note(job, show=True, step=int(latest) or None, total_steps=total)


def _numbers(data: object) -> dict[str, float]:
    """Every number in a metrics event, whatever it is called: steps, losses, rewards."""
    if not isinstance(data, dict):
        return {}
    found = {plain_name(str(name)): number_of(value) for name, value in data.items()}
    return {name: value for name, value in found.items() if value is not None}


def store_metrics(job: FineTuneJob, steps: Iterable[dict[str, Any]]) -> None:
    """Store each step's numbers; a step told again, with more of them, is completed."""
    told: dict[int, dict[str, float]] = {}
    for numbers in steps:
        values = {name: value for name, value in numbers.items() if name not in ("step", "total_steps")}
        told[int(numbers["step"])] = told.get(int(numbers["step"]), {}) | values
    for known in job.metrics.filter(step__in=told):
        told[known.step] = known.values | told[known.step]
    rows = [Metric(job=job, step=step, values=values) for step, values in told.items()]
    Metric.objects.bulk_create(rows, update_conflicts=True, unique_fields=["job", "step"], update_fields=["values"])
