"""/fine_tuning/jobs: create, list, retrieve, cancel, pause, resume, events, checkpoints."""

import re
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone

from trainer import faults, ordering
from trainer.engines.runs import WITH_RUN, run_of
from trainer.models import Job
from trainer.orders import read_order
from trainer.shapes import Json, job_json
from trainer.tasks import expect, nudge
from trainer.views.door import Caller, door
from wire.errors import WireError, not_found
from wire.paging import limit_of, listing, page_of_items, page_of_rows
from wire.requests import json_object

TAG = re.compile(r"\Ametadata\[(.+)\]")
WINDING_DOWN = (
    "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new "
    "fine-tuning training jobs. Learn more https://developers.openai.com/api/docs/deprecations"
    "#update-to-openais-self-serve-fine-tuning"
)


def create(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    if "training-not-available" in caller.faults:
        raise WireError(403, WINDING_DOWN, "training_not_available")
    order = read_order(json_object(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
    if instead := faults.at_create(caller.faults, request, "before"):
        return instead
    job = ordering.place(order, caller.org, caller.faults, caller.issued)
    expect(job)
    nudge(job)
    return faults.at_create(caller.faults, request, "after") or _shown(job, caller)


def listed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    now = timezone.now()
    rows = _rows(caller).filter(listed_at__lte=now)
    if "no-metadata-filter" not in caller.faults:
        rows = _filtered(request, rows)
    limit = limit_of(request.GET, default=20, most=100)
    show = partial(_json, caller=caller, now=now)
    return JsonResponse(listing(*page_of_rows(rows, request.GET.get("after", ""), limit, show)))


def _filtered(request: HttpRequest, rows: "QuerySet[Job]") -> "QuerySet[Job]":
    """`metadata[k]=v`, any number of them; the literal `metadata=null` finds the jobs without any."""
    if request.GET.get("metadata") == "null":
        rows = rows.filter(tags=None)
    for name, value in request.GET.items():
        if found := TAG.fullmatch(name):
            rows = rows.filter(tags__key=found[1], tags__value=value)
    return rows


def retrieve(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    return _shown(job_of(caller, uid), caller)


def _act(request: HttpRequest, caller: Caller, uid: str, *, name: str) -> HttpResponseBase:
    job = ordering.act(uid, caller.org, name)
    expect(job)
    nudge(job)
    return _shown(job_of(caller, uid), caller)


def events(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    job = job_of(caller, uid)
    items = run_of(job).events(timezone.now(), job.faults | caller.faults.named)
    limit = limit_of(request.GET, default=20, most=1000)
    return JsonResponse(listing(*page_of_items(items, request.GET.get("after", ""), limit)))


def checkpoints(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    items = run_of(job_of(caller, uid)).checkpoints(timezone.now())
    limit = limit_of(request.GET, default=10, most=100)
    data, more = page_of_items(items, request.GET.get("after", ""), limit)
    return JsonResponse(listing(data, more, ends=True))


def _rows(caller: Caller) -> "QuerySet[Job]":
    return Job.objects.filter(org=caller.org).select_related(*WITH_RUN, "result")


def job_of(caller: Caller, uid: str) -> Job:
    """404 for a job that is not there, or is another organization's."""
    job = _rows(caller).filter(uid=uid).first()
    if job is None:
        raise not_found("fine-tuning job", uid, "fine_tuning_job_id")
    return job


def _json(job: Job, caller: Caller, now: datetime) -> Json:
    return job_json(job, now, job.faults | caller.faults.named)


def _shown(job: Job, caller: Caller) -> JsonResponse:
    return JsonResponse(_json(job, caller, timezone.now()))


collection = door(GET=listed, POST=create)
item = door(GET=retrieve)
cancel, pause, resume = (door(POST=partial(_act, name=name)) for name in ("cancel", "pause", "resume"))
item_events = door(GET=events)
item_checkpoints = door(GET=checkpoints)
