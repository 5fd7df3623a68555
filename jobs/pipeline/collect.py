"""After the end: checkpoints, results, billed tokens, and the models that can now be called."""

import base64
import binascii
import csv
import io
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import pricing, provider
from jobs.answers import fits, storable
from jobs.models import Checkpoint, Connection, FineTuneJob, TunedModel
from jobs.pipeline.record import note
from jobs.provider import Access, Json, ProviderError
from jobs.states import State

GIVE_UP_AFTER = timedelta(days=1)
WARM_UP = timedelta(minutes=15)  # a service may answer 404 for what it has made for so long after it reported success
MOST_TOKENS = 10**12  # more than any service can train in a job: a count that is none


def collect(access: Access, job: FineTuneJob) -> None:
    """Fetch what a job left behind, once; each part that the service has lost is passed over. Raises ProviderError."""
    _bill(job)
    if job.state == State.SUCCEEDED:
        _name_of_model(access, job)
        _tuned_models(job)  # first what can be called: the rest may be long in coming
        _checkpoints(access, job)
        _result_file(access, job)
        _tuned_models(job)
    note(job, collected_at=timezone.now(), due_at=None, tries=0, trouble="")


def _name_of_model(access: Access, job: FineTuneJob) -> None:
    """Some services name the model some seconds after success: ask again until they do."""
    if job.fine_tuned_model:
        return
    remote = provider.retrieve_job(access, job.remote_id)
    model = remote.get("fine_tuned_model")
    if isinstance(model, str) and model:
        note(job, fine_tuned_model=model[:300], remote=remote)
    elif not _is_late(job):
        raise ProviderError(gettext_noop("The service has not named the tuned model yet."))


def _is_late(job: FineTuneJob) -> bool:
    """By when we learned of the end: an imported job, or one that ended while we were down, ended long before."""
    return timezone.now() - job.state_since >= GIVE_UP_AFTER


def may_do_without(job: FineTuneJob, error: ProviderError) -> bool:
    """A part that the service does not have, or did not give for a day after the end, is done without."""
    if error.is_wrong_key:
        return False
    return error.permanent or (job.is_final and _is_late(job))


def may_still_come(job: FineTuneJob, error: ProviderError) -> bool:
    """Something that the service named is not there yet, rather than not there: 404 soon after success.

    An end far ahead, from a service whose clock is wrong, is no reason to wait for it.
    """
    return error.status == 404 and job.finished_at is not None and abs(timezone.now() - job.finished_at) < WARM_UP


def moment(seconds: object) -> datetime:
    """A service's Unix time; now where it sent none that can be read."""
    if isinstance(seconds, int | float) and 0 < seconds < 32_503_680_000:  # the year 3000
        return datetime.fromtimestamp(seconds, UTC)
    return timezone.now()


def _checkpoints(access: Access, job: FineTuneJob) -> None:
    try:
        answers = provider.list_checkpoints(access, job.remote_id)
    except ProviderError as error:
        if may_do_without(job, error):
            return
        raise
    rows = [_checkpoint(job, answer) for answer in answers if _is_checkpoint(answer)]
    Checkpoint.objects.bulk_create(rows, ignore_conflicts=True)


def _is_checkpoint(answer: Json) -> bool:
    return (
        fits(answer["id"])
        and isinstance(answer.get("step_number"), int)
        and 0 <= answer["step_number"] < 2**31
        and isinstance(answer.get("fine_tuned_model_checkpoint"), str)
    )


def _checkpoint(job: FineTuneJob, answer: Json) -> Checkpoint:
    metrics = answer.get("metrics")
    return Checkpoint(
        job=job,
        remote_id=answer["id"],
        step=answer["step_number"],
        model=answer["fine_tuned_model_checkpoint"][:300],
        metrics=metrics if isinstance(metrics, dict) else {},
        created_at=moment(answer.get("created_at")),
    )


def _result_file(access: Access, job: FineTuneJob) -> None:
    files = job.remote.get("result_files")
    if job.result_csv or not isinstance(files, list) or not files:
        return
    try:
        note(job, result_csv=decode_result(provider.file_content(access, str(files[0]))))
    except ProviderError as error:
        if may_still_come(job, error) or not may_do_without(job, error):
            raise


def decode_result(content: bytes) -> str:
    """A result file as CSV text: services send it as it is, or as base64 text (OpenAI does, undocumented)."""
    text = storable(content.decode("utf-8", errors="replace"))
    head = text.partition("\n")[0]
    if "step" in head and "," in head:  # base64 may hold the word, but no comma
        return str(text)
    try:
        plain = base64.b64decode("".join(text.split()), validate=True).decode("utf-8", errors="replace")
        return str(storable(plain))
    except (binascii.Error, ValueError):
        return str(text)


def result_rows(text: str) -> list[dict[str, str]]:
    """The rows of a decoded result file."""
    return list(csv.DictReader(io.StringIO(text)))


def _bill(job: FineTuneJob) -> None:
    """Billed tokens, as the service counts them, and their price."""
    tokens = job.remote.get("trained_tokens")
    if not isinstance(tokens, int) or isinstance(tokens, bool) or not 0 <= tokens < MOST_TOKENS:
        return
    cost = pricing.training_cost(job.service.profile, job.base_model, tokens)
    note(job, trained_tokens=tokens, billed_usd=cost)


def _tuned_models(job: FineTuneJob) -> None:
    found: list[tuple[str, int | None]] = [(job.fine_tuned_model, None)] if job.fine_tuned_model else []
    found += [(point.model, point.step) for point in job.checkpoints.all()]
    made = job.finished_at or timezone.now()
    for name, step in found:
        TunedModel.objects.get_or_create(
            connection=job.service,
            name=name,
            defaults={
                "team": job.team,
                "job": job,
                "base": job.base_model,
                "step": step,
                "shutdown_date": shutdown_date(job.service, job.base_model),
                "created_at": made,
            },
        )


def shutdown_date(connection: Connection, model: str) -> date | None:
    """When a base is switched off: as the service says, else as our catalog does."""
    for seen in connection.models_seen:
        if seen.get("id") == model and isinstance(seen.get("shutdown_date"), str):
            try:
                return date.fromisoformat(seen["shutdown_date"])
            except ValueError:
                break
    known = pricing.base(connection.profile, model)
    return known.shutdown if known else None
