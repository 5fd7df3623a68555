"""From an order to exactly one job at the service: push, and submit.

Each step claims the row, makes one call, and records the answer. A lost answer is never repeated: the job is
UNSURE until that is settled (jobs.pipeline.settling, ADR 0003).
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import provider
from jobs.models import FineTuneJob, RemoteFile, TrainingFile, Wish
from jobs.pipeline import copies
from jobs.pipeline.adopt import search
from jobs.pipeline.matching import TAG
from jobs.pipeline.park import blame
from jobs.pipeline.record import backoff, move
from jobs.pipeline.settling import ASK_EVERY, adopt, settle
from jobs.provider import Json, ProviderError
from jobs.states import CLAIMED, State

SENT_AGAIN = 3  # so many times a file is sent again for one order whose service does not know it


def advance(job: FineTuneJob) -> None:
    """Take a job that is due one step on its way to the service."""
    if job.state in CLAIMED:
        free(job)
    elif job.wish == Wish.CANCEL and job.state in (State.NEW, State.READY):
        move(
            job,
            State.CANCELLED,
            gettext_noop("Cancelled before it was sent"),
            wish="",
            finished_at=timezone.now(),
            due_at=None,
        )
    elif job.state == State.ADOPTING:
        search(job)
    elif job.service.disabled_at:
        return  # by staff: the order waits
    elif job.state == State.NEW:
        push(job)
    elif job.state == State.READY:
        submit(job)
    elif job.state == State.UNSURE:
        settle(job)


def free(job: FineTuneJob) -> None:
    """Free a claim whose worker died: an upload is found or made again, an order is asked after."""
    if job.due_at is None or job.due_at > timezone.now():
        return  # somebody is at work on it: this nudge was one too many
    if job.state == State.PUSHING:
        move(job, State.NEW, gettext_noop("The worker stopped while uploading"))
    else:
        move(job, State.UNSURE, gettext_noop("The worker stopped while starting the job"), absent_since=None)


def stumble(job: FineTuneJob, back: State, error: ProviderError) -> None:
    """A call failed before anything was ordered: try later, or give the service's own reason and end the job."""
    resting = blame(job.service, error)
    if error.permanent and not resting:
        move(job, State.FAILED, str(error), error=error.as_dict(), finished_at=timezone.now(), due_at=None)
        return
    tries = job.tries + 1
    due_at = timezone.now() + backoff(tries, error)
    move(job, back, str(error), tries=tries, trouble=str(error), due_at=due_at)


# --- push ---------------------------------------------------------------------------------------------


def push(job: FineTuneJob) -> None:
    """Bring the job's files to its connection, each once."""
    if not move(job, State.PUSHING):
        return
    try:
        access = job.service.access()
        for file in filter(None, (job.training_file, job.validation_file)):
            if not copies.bring(job.service, access, file):
                move(
                    job,
                    State.NEW,
                    gettext_noop("The same file is being uploaded, or its old copy deleted"),
                    due_at=timezone.now() + ASK_EVERY,
                )
                return
    except ProviderError as error:
        stumble(job, State.NEW, error)
        return
    move(job, State.READY)


# --- submit -------------------------------------------------------------------------------------------


def files_of(job: FineTuneJob) -> list[TrainingFile]:
    return [file for file in (job.training_file, job.validation_file) if file]


def copies_of(job: FineTuneJob) -> dict[int, str] | None:
    """The ids of its files' copies at the service, by file; None while one of them is not there."""
    rows = RemoteFile.objects.filter(connection=job.service, training_file__in=files_of(job), claimed_at=None)
    ids = dict(rows.exclude(remote_id="").values_list("training_file", "remote_id"))
    return ids if len(ids) == len(files_of(job)) else None


def method_body(job: FineTuneJob) -> Json:
    return {"type": job.method, job.method: {"hyperparameters": job.hyperparameters}}


def order_body(job: FineTuneJob, ids: dict[int, str]) -> Json:
    """The create call's body, in OpenAI's words. `ids`: of its files' copies."""
    body: Json = {
        "model": job.base_model,
        "training_file": ids[job.trained_on.pk],
        "method": method_body(job),
        "metadata": {TAG: str(job.uuid)},
    }
    if job.validation_file:
        body["validation_file"] = ids[job.validation_file.pk]
    optional = {"suffix": job.suffix or None, "seed": job.seed}
    return body | {key: value for key, value in optional.items() if value is not None}


def submit(job: FineTuneJob) -> None:
    """Order the job: claim, call once, record. Without the claim, or without its files' ids, no call is made."""
    if not move(job, State.SUBMITTING, submitted_at=timezone.now()):
        return
    ids = copies_of(job)
    if ids is None:
        move(job, State.NEW, gettext_noop("The service lost a file: it is sent again"))
        return
    try:
        answer = provider.create_job(job.service.access(), order_body(job, ids))
    except ProviderError as error:
        _order_failed(job, ids, error)
        return
    adopt(job, answer)


def _order_failed(job: FineTuneJob, ids: dict[int, str], error: ProviderError) -> None:
    if error.reached:
        move(job, State.UNSURE, str(error), absent_since=None, due_at=timezone.now() + timedelta(seconds=1))
    elif _lost_a_file(job, ids, error):
        move(job, State.NEW, gettext_noop("The service lost a file: it is sent again"))
    else:
        stumble(job, State.READY, error)


def _lost_a_file(job: FineTuneJob, ids: dict[int, str], error: ProviderError) -> bool:
    """Whether the order was refused because the service no longer has a file; then its id is forgotten.

    What the service has may be refused for what it holds: to send it again would not help.
    """
    if error.status != 404 and error.param not in ("training_file", "validation_file"):
        return False
    if job.transitions.filter(before=State.SUBMITTING, after=State.NEW).count() >= SENT_AGAIN:
        return False
    lost = [file for file in files_of(job) if not _has(job, ids[file.pk])]
    for file in lost:
        copies.forget(job.service, file, ids[file.pk])
    return bool(lost)


def _has(job: FineTuneJob, file_id: str) -> bool:
    """Whether the service shows that it still has a file. To send one again that it has costs nothing."""
    try:
        provider.retrieve_file(job.service.access(), file_id)
    except ProviderError:
        return False
    return True
