"""From an order to exactly one job at the service: push, submit, and settle what is not known.

Each step claims the row, makes one call, and records the answer. A lost answer is never repeated: the job is
UNSURE until the service, asked, shows it or shows that it is not there (ADR 0003).
"""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import provider
from jobs.answers import fits
from jobs.models import FineTuneJob, RemoteFile, TrainingFile, User, Wish
from jobs.pipeline import copies
from jobs.pipeline.adopt import search
from jobs.pipeline.park import blame
from jobs.pipeline.record import backoff, move, note, postpone
from jobs.provider import Json, ProviderError
from jobs.states import CLAIMED, State

TAG = "texthelper_job"  # our uuid in the remote job's metadata
ASK_EVERY = timedelta(seconds=10)
SCAN_PAGES = 30  # of 100 jobs: past these, absence is not proven and the job stays UNSURE
CLOCKS_DIFFER = timedelta(minutes=5)


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


def _remote_id(job: FineTuneJob, file: TrainingFile) -> str:
    return RemoteFile.objects.get(connection=job.service, training_file=file).remote_id


def method_body(job: FineTuneJob) -> Json:
    return {"type": job.method, job.method: {"hyperparameters": job.hyperparameters}}


def order_body(job: FineTuneJob) -> Json:
    """The create call's body, in OpenAI's words."""
    body: Json = {
        "model": job.base_model,
        "training_file": _remote_id(job, job.trained_on),
        "method": method_body(job),
        "metadata": {TAG: str(job.uuid)},
    }
    if job.validation_file:
        body["validation_file"] = _remote_id(job, job.validation_file)
    optional = {"suffix": job.suffix or None, "seed": job.seed}
    return body | {key: value for key, value in optional.items() if value is not None}


def submit(job: FineTuneJob) -> None:
    """Order the job: claim, call once, record. Whoever does not get the claim does nothing."""
    if not move(job, State.SUBMITTING, submitted_at=timezone.now()):
        return
    try:
        body = order_body(job)
        answer = provider.create_job(job.service.access(), body)
    except ProviderError as error:
        _order_failed(job, error)
        return
    adopt(job, answer)


def _order_failed(job: FineTuneJob, error: ProviderError) -> None:
    if error.reached:
        move(job, State.UNSURE, str(error), absent_since=None, due_at=timezone.now() + timedelta(seconds=1))
    elif error.status == 404 or error.param in ("training_file", "validation_file"):
        copies.forget(job.service, [file for file in (job.training_file, job.validation_file) if file])
        stumble(job, State.READY, error)
    else:
        stumble(job, State.READY, error)


def adopt(job: FineTuneJob, remote: Json, reason: str = "", by: User | None = None) -> bool:
    """Record that `remote` is this job at the service; following starts at once.

    An id that cannot be kept, or that another row has, leaves the job UNSURE for a person: it must not be ordered anew.
    """
    told = {"remote_id": remote["id"], "remote": remote, "remote_status": str(remote.get("status") or "")[:64]}
    trouble = gettext_noop("The answer could not be read.")
    try:
        if fits(remote["id"]):
            return move(job, State.RUNNING, reason, by, candidates=[], **told)
    except IntegrityError:
        trouble = gettext_noop("Another job of this connection already has that id.")
    if job.state == State.SUBMITTING:
        move(job, State.UNSURE)
    note(job, trouble=trouble, due_at=None)
    return False


# --- settle -------------------------------------------------------------------------------------------


def settle(job: FineTuneJob) -> None:
    """Ask whether the order arrived: adopt what is found, go back once it is proven absent."""
    try:
        found, candidates = _look_for(job)
    except ProviderError as error:
        blame(job.service, error)
        postpone(job, error)
        return
    if found:
        adopt(job, found, gettext_noop("Found at the service"))
    elif candidates:
        note(job, candidates=candidates, due_at=None)  # a person decides
    else:
        _still_absent(job)


def _still_absent(job: FineTuneJob) -> None:
    """A far side may list a job late: it is absent only after it was so in every answer for long enough.

    Time in which nobody asked proves nothing: the portal was down, or its clock was moved on.
    """
    now = timezone.now()
    enough = timedelta(seconds=settings.UNSURE_SECONDS)
    since = job.absent_since or now
    if job.absent_since and job.polled_at:
        since += max(now - job.polled_at - 2 * ASK_EVERY, timedelta())
    if now - since < enough:
        due_at = now + min(ASK_EVERY, enough)
        note(job, absent_since=since, polled_at=now, tries=0, trouble="", due_at=due_at)
    else:
        move(
            job,
            State.READY,
            gettext_noop("The service does not have it, asked until it was certain"),
            absent_since=None,
        )


def decide(job: FineTuneJob, remote_id: str, by: User) -> bool:
    """A person settles an UNSURE job: it is the service's `remote_id`, or, if that is empty, it never started."""
    if remote_id:
        return adopt(job, {"id": remote_id}, gettext_noop("Said by a person"), by)
    return move(
        job, State.READY, gettext_noop("Said by a person: it did not start"), by, absent_since=None, candidates=[]
    )


def _look_for(job: FineTuneJob) -> tuple[Json | None, list[Json]]:
    """Return the remote job that bears our uuid, or else untagged ones that might be it."""
    access = job.service.access()
    page, _ = provider.list_jobs(access, metadata={TAG: str(job.uuid)})
    if found := _tagged(page, job):
        return found, []
    candidates: list[Json] = []
    after = ""
    for _ in range(SCAN_PAGES):
        page, more = provider.list_jobs(access, after=after)
        if found := _tagged(page, job):
            return found, []
        candidates += [_brief(remote) for remote in page if _might_be(remote, job)]
        if not more or not page or _is_before(page[-1], job):
            return None, candidates
        after = str(page[-1].get("id"))
    raise ProviderError(gettext_noop("The service has too many newer jobs to be sure that this one is not among them."))


def _is_before(remote: Json, job: FineTuneJob) -> bool:
    """Made before we ordered: lists are newest first, so what follows is older still."""
    made = remote.get("created_at")
    return isinstance(made, int | float) and made < _earliest(job)


def _earliest(job: FineTuneJob) -> float:
    return ((job.submitted_at or job.created_at) - CLOCKS_DIFFER).timestamp()


def _tag(remote: Json) -> object:
    metadata = remote.get("metadata")
    return metadata.get(TAG) if isinstance(metadata, dict) else None


def _tagged(page: list[Json], job: FineTuneJob) -> Json | None:
    return next((remote for remote in page if _tag(remote) == str(job.uuid)), None)


def _might_be(remote: Json, job: FineTuneJob) -> bool:
    """Same file, same model, made since we ordered, no other order's tag on it, and not a row of ours yet."""
    made = remote.get("created_at")
    return (
        not _tag(remote)
        and isinstance(made, int | float)
        and made >= _earliest(job)
        and _may_be_our_file(remote.get("training_file"), job)
        and str(remote.get("model", "")).startswith(job.base_model)
        and not FineTuneJob.objects.filter(connection=job.service, remote_id=remote.get("id")).exists()
    )


def _may_be_our_file(remote_id: object, job: FineTuneJob) -> bool:
    """Its id, or any id where the file was forgotten or sent anew after we ordered."""
    copy = RemoteFile.objects.get(connection=job.service, training_file=job.trained_on)
    anew = copy.uploaded_at is not None and job.submitted_at is not None and copy.uploaded_at > job.submitted_at
    return remote_id == copy.remote_id or not copy.remote_id or anew


def _brief(remote: Json) -> Json:
    return {key: remote.get(key) for key in ("id", "status", "model", "created_at", "training_file")}
