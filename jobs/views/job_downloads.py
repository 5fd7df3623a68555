"""A job's records as files: JSON, events, metrics, results."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from jobs.job_json import ORDER
from jobs.models import FineTuneJob, Member
from jobs.pipeline.launch import method_body
from jobs.pipeline.spreadsheets import BOM, Row, csv_lines, harmless_csv
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.downloads import attachment
from jobs.views.jobs import job_of

UNFIT = re.compile(r"[^-\w.]")  # get_valid_filename refuses a name that has nothing else
ROWS = 1000  # a page: what lies in memory at once


def _named(job: FineTuneJob, ending: str) -> str:
    return f"{UNFIT.sub('', job.name.replace(' ', '_'))[:80] or 'job'}-{ending}"


def _csv(request: DeskRequest, name: str, header: Row, pages: Iterable[Iterable[Row]]) -> StreamingHttpResponse:
    """Rows as a CSV download, a page of them at a time, with the mark that makes a Korean Excel read UTF-8."""

    def chunks() -> Iterator[bytes]:
        yield BOM + csv_lines([header])
        for page in pages:
            yield csv_lines(page)

    return attachment(request, chunks(), name, "text/csv; charset=utf-8")


def _attached(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@require_GET
@viewer_page
def job_json(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """The service's job JSON as it came last, or as it was imported; the order itself while there is neither."""
    job = job_of(member, uuid)
    order = {"object": ORDER, "id": str(job.uuid), "model": job.base_model, "method": method_body(job)}
    record = job.remote or job.imported or order
    body = json.dumps(record, ensure_ascii=False, indent=2)
    return _attached(HttpResponse(body, content_type="application/json"), _named(job, "job.json"))


@require_GET
@viewer_page
def job_events_csv(request: DeskRequest, member: Member, uuid: UUID) -> StreamingHttpResponse:
    job = job_of(member, uuid)
    header = ("created_at", "level", "type", "message", "data", "id")
    return _csv(request, _named(job, "events.csv"), header, _pages_of_events(job))


def _pages_of_events(job: FineTuneJob) -> Iterator[list[Row]]:
    """Oldest first. Each page is a query of its own: under ASGI a cursor would outlive the thread that opened it."""
    rows = job.events.order_by("created_at", "pk")
    page = list(rows[:ROWS])
    while page:
        yield [(e.created_at.isoformat(), e.level, e.type, e.message, json.dumps(e.data), e.remote_id) for e in page]
        last = page[-1]
        later = Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk)
        page = list(rows.filter(later)[:ROWS])


@require_GET
@viewer_page
def job_metrics_csv(request: DeskRequest, member: Member, uuid: UUID) -> StreamingHttpResponse:
    job = job_of(member, uuid)
    names = sorted({name for page in _pages_of_metrics(job) for _step, values in page for name in values})
    pages = ([(step, *(values.get(n, "") for n in names)) for step, values in page] for page in _pages_of_metrics(job))
    return _csv(request, _named(job, "metrics.csv"), ("step", *names), pages)


def _pages_of_metrics(job: FineTuneJob) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    rows = job.metrics.order_by("step").values_list("step", "values")
    page = list(rows[:ROWS])
    while page:
        yield page
        page = list(rows.filter(step__gt=page[-1][0])[:ROWS])


@require_GET
@viewer_page
def job_result_csv(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """The service's own result file, decoded; what would run as a formula is made a text."""
    job = job_of(member, uuid)
    if not job.result_csv:
        raise Http404
    return _attached(
        HttpResponse(harmless_csv(job.result_csv), content_type="text/csv; charset=utf-8"), _named(job, "result.csv")
    )
