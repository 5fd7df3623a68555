"""A job's records as files: JSON, events, metrics, results."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from jobs.models import FineTuneJob, Member
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.jobs import job_of

UNFIT = re.compile(r"[^-\w.]")  # get_valid_filename refuses a name that has nothing else
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file whose write gives the text back: the csv module's way to a stream."""

    def write(self, text: str) -> str:
        return text


def _named(job: FineTuneJob, ending: str) -> str:
    return f"{UNFIT.sub('', job.name.replace(' ', '_'))[:80] or 'job'}-{ending}"


def csv_response(name: str, rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Rows as a CSV download, with the mark that makes a Korean Excel read UTF-8."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"
        for row in rows:
            yield writer.writerow([_harmless(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    return _attached(response, name)


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets a quote before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _attached[R: HttpResponse | StreamingHttpResponse](response: R, name: str) -> R:
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@require_GET
@viewer_page
def job_json(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """The service's job JSON as it came last; the order itself while there is none."""
    job = job_of(member, uuid)
    record = job.remote or {"object": "texthelper.order", "id": str(job.uuid), "model": job.base_model}
    body = json.dumps(record, ensure_ascii=False, indent=2)
    return _attached(HttpResponse(body, content_type="application/json"), _named(job, "job.json"))


@require_GET
@viewer_page
def job_events_csv(request: DeskRequest, member: Member, uuid: UUID) -> StreamingHttpResponse:
    job = job_of(member, uuid)
    rows = job.events.order_by("created_at", "pk").values_list(
        "created_at", "level", "type", "message", "data", "remote_id"
    )
    header = ("created_at", "level", "type", "message", "data", "id")
    lines = ((at.isoformat(), lv, ty, msg, json.dumps(data), rid) for at, lv, ty, msg, data, rid in rows.iterator())
    return csv_response(_named(job, "events.csv"), _with(header, lines))


@require_GET
@viewer_page
def job_metrics_csv(request: DeskRequest, member: Member, uuid: UUID) -> StreamingHttpResponse:
    job = job_of(member, uuid)
    metrics = list(job.metrics.values_list("step", "values"))
    names = sorted({name for _step, values in metrics for name in values})
    lines = ((step, *(values.get(name, "") for name in names)) for step, values in metrics)
    return csv_response(_named(job, "metrics.csv"), _with(("step", *names), lines))


@require_GET
@viewer_page
def job_result_csv(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """The service's own result file, decoded."""
    job = job_of(member, uuid)
    if not job.result_csv:
        raise Http404
    return _attached(HttpResponse(job.result_csv, content_type="text/csv; charset=utf-8"), _named(job, "result.csv"))


def _with(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield header
    yield from rows
