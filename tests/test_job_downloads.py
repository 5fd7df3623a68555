"""A job's events and metrics as CSV: a page of rows at a time, under ASGI and WSGI, none lost between pages."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from jobs.models import FineTuneJob, JobEvent, Metric
from jobs.states import State
from jobs.views.job_downloads import ROWS
from tests.conftest import World
from tests.factories import make_job

pytestmark = pytest.mark.django_db

type Login = Callable[..., Client]

COUNT = 2 * ROWS + 7
BORN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def job(world: World) -> FineTuneJob:
    """With more rows than two pages hold; many events share their second, as services send them."""
    job = make_job(world.team, state=State.SUCCEEDED, remote_id="ftjob-1", due_at=None)
    JobEvent.objects.bulk_create(
        JobEvent(job=job, remote_id=f"e{n}", created_at=BORN + timedelta(seconds=n // 600), message=str(n))
        for n in range(COUNT)
    )
    Metric.objects.bulk_create(
        Metric(job=job, step=n, values={"train_loss": n} | ({"valid_loss": n} if n == COUNT else {}))
        for n in range(1, COUNT + 1)
    )
    return job


@async_to_sync
async def streamed(world: World, url: str) -> tuple[bool, list[bytes]]:
    """Whether the answer streams under ASGI, and its pieces."""
    client = AsyncClient()
    await client.aforce_login(world.carol)
    response: Any = await client.get(url)
    assert response.status_code == 200
    return response.is_async, [piece async for piece in response]


def rows(pieces: list[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))


def test_events_stream_page_by_page_under_asgi(world: World, job: FineTuneJob) -> None:
    is_async, pieces = streamed(world, world.url(f"jobs/{job.uuid}/events.csv"))

    assert (is_async, len(pieces)) == (True, 4)  # the head, and three pages
    assert [row[3] for row in rows(pieces)[1:]] == [str(n) for n in range(COUNT)]


def test_metrics_stream_page_by_page_under_asgi(world: World, job: FineTuneJob) -> None:
    is_async, pieces = streamed(world, world.url(f"jobs/{job.uuid}/metrics.csv"))

    assert (is_async, len(pieces)) == (True, 4)
    assert rows(pieces)[0] == ["step", "train_loss", "valid_loss"]  # also a name that only the last row has
    assert rows(pieces)[-1] == [str(COUNT)] * 3
    assert len(rows(pieces)) == COUNT + 1


def test_each_page_is_one_query_under_wsgi(world: World, job: FineTuneJob, login: Login) -> None:
    response = login(world.carol).get(world.url(f"jobs/{job.uuid}/events.csv"))
    content = iter(response.streaming_content)  # type: ignore[attr-defined]

    queries = []
    for _piece in range(3):
        with CaptureQueriesContext(connection) as asked:
            next(content)
        queries.append(len(asked))

    assert queries == [0, 1, 1]  # nothing is read before it is wanted
