"""Which of a service's jobs is an order whose answer was lost, as far as what the service shows can tell.

Only what is readably different is another job: what cannot be read makes a candidate for a person (ADR 0003).
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from jobs.job_json import status_of
from jobs.job_json.names import BASE, CREATED, first, in_snake_case, name_of
from jobs.models import FineTuneJob, RemoteFile
from jobs.moments import moment
from jobs.provider import Json
from jobs.states import State

TAG = "texthelper_job"  # our uuid in the remote job's metadata
# A service's clock may be wrong by its time zone; what it says was made a day before the order, was made before it.
LONG_BEFORE = timedelta(days=1)
FILE_FIELD = re.compile(r"train(ing)?(file|data|dataset)s?(ids?)?")
PREFIX = re.compile(r"[A-Za-z]{1,16}[-_]")


class Order(NamedTuple):
    """What we know of an order: enough to tell its job from others."""

    uuid: UUID
    since: datetime  # when it was first sent
    file_id: str  # empty: its file may have any id by now
    file_name: str


def order_of(job: FineTuneJob) -> Order:
    """Read what is known of `job`'s order."""
    first = job.transitions.filter(after=State.SUBMITTING).values_list("at", flat=True).first()
    since = min(filter(None, (first, job.submitted_at)), default=job.created_at)
    copy = RemoteFile.objects.filter(connection=job.service, training_file=job.trained_on).first()
    is_sure = copy is not None and (copy.uploaded_at is None or copy.uploaded_at <= since)
    file_id = copy.remote_id if copy is not None and is_sure else ""  # else it was sent again since
    return Order(job.uuid, since, file_id, job.trained_on.remote_name)


def tag_of(remote: Json) -> UUID | None:
    """The uuid of the order that a job at a service bears, ours or another portal's."""
    metadata = remote.get("metadata")
    told = metadata.get(TAG) if isinstance(metadata, dict) else None
    try:
        return UUID(told) if isinstance(told, str) else None
    except ValueError:
        return None


def made_at(remote: Json) -> datetime | None:
    """When the service says it made the job; None where it does not, or cannot be read."""
    named = in_snake_case(remote)
    return next((read for name in CREATED if (read := moment(named.get(name)))), None)


def might_be(remote: Json, order: Order) -> bool:
    """Whether `remote` cannot be told from the job of `order`."""
    if tag_of(remote) not in (None, order.uuid):
        return False
    made = made_at(remote)
    if made is not None and made < order.since - LONG_BEFORE:
        return False
    return not _has_another_file(remote, order)


def reaches_back(read: list[Json], order: Order) -> bool:
    """Whether what a list has shown so far is in order, newest first, and ends before `order`: then so is the rest."""
    times = [made_at(remote) for remote in read]
    sure = [made for made in times if made]
    if not sure or len(sure) < len(times):
        return False
    newest_first = sure[0] > sure[-1] and all(later >= earlier for later, earlier in pairwise(sure))
    return newest_first and sure[-1] < order.since - LONG_BEFORE


def brief(remote: Json) -> Json:
    """What a person sees of it to know it by."""
    named = in_snake_case(remote)
    told = {"status": status_of(remote), "model": name_of(first(named, BASE), 200), "created_at": first(named, CREATED)}
    return {"id": remote["id"], **told, "training_file": next(_training_files(remote), "")}


def is_whole(remote: Json) -> bool:
    """Whether the item of a list shows all that can tell whose job it is; leaner ones are asked for one by one."""
    return "metadata" in remote and made_at(remote) is not None and any(_training_files(remote))


# --- its file -----------------------------------------------------------------------------------------


def _has_another_file(remote: Json, order: Order) -> bool:
    """It names a file, as ids are named here, and nowhere ours."""
    if not order.file_id:
        return False
    text = json.dumps(remote, ensure_ascii=False)
    if order.file_id in text or order.file_name in text:
        return False
    named = list(_training_files(remote))
    return bool(named) and all(_form(name) == _form(order.file_id) for name in named)


def _training_files(remote: Json) -> Iterator[str]:
    for name, value in remote.items():
        if FILE_FIELD.fullmatch(re.sub(r"[^a-z]", "", name.lower())):
            yield from _ids(value)


def _ids(value: Any) -> Iterator[str]:
    """The ids in a field: one, a list of them, or objects that have one."""
    for item in value if isinstance(value, list) else [value]:
        found = item.get("id") if isinstance(item, dict) else item
        if isinstance(found, str) and found:
            yield found


def _form(file_id: str) -> tuple[str, int]:
    """What ids of one service have in common: the word before the first dash, or else the length."""
    prefix = PREFIX.match(file_id)
    return (prefix[0], 0) if prefix else ("", len(file_id))
