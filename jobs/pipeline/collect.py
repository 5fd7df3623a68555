"""After the end: checkpoints, results, billed tokens, and the models that can now be called."""

from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import pricing, provider
from jobs.answers import fits
from jobs.job_json.facts import model_of, result_files_of, tokens_of
from jobs.job_json.names import in_snake_case, whole
from jobs.job_json.reasons import reason_of
from jobs.models import Checkpoint, Connection, FineTuneJob, TunedModel
from jobs.pipeline.events import MOST_STEPS, store_metrics, time_of
from jobs.pipeline.record import note
from jobs.provider import Access, Json, ProviderError
from jobs.result_file import decode_result, steps_of
from jobs.states import State

GIVE_UP_AFTER = timedelta(days=1)
UNEXPLAINED = gettext_noop("The service ended the job by a word that this portal does not know, and gave no reason.")
WARM_UP = timedelta(minutes=15)  # a service may answer 404 for what it has made for so long after it reported success


def collect(access: Access, job: FineTuneJob) -> None:
    """Fetch what a job left behind, once; each part that the service has lost is passed over. Raises ProviderError.

    `job.remote` is what the service said last of this very job.
    """
    named = in_snake_case(job.remote)
    _bill(job, tokens_of(named))
    if job.state == State.FAILED:
        _reason(job, named)
    if job.state == State.SUCCEEDED:
        _name_of_model(job, named)
        _tuned_models(job)  # first what can be called: the rest may be long in coming
        _checkpoints(access, job)
        _result_file(access, job, result_files_of(named))
        _curve(job)
        _tuned_models(job)
    note(job, collected_at=timezone.now(), due_at=None, tries=0, trouble="")


def _name_of_model(job: FineTuneJob, named: Json) -> None:
    """Some services name the model some seconds after success: the job is looked at again until they do."""
    if job.fine_tuned_model:
        return
    if model := model_of(named, succeeded=True):
        note(job, fine_tuned_model=model)
    elif not _is_late(job):
        raise ProviderError(gettext_noop("The service has not named the tuned model yet."))


def _reason(job: FineTuneJob, named: Json) -> None:
    """Where the job says no more than a code, its last event of an error tells what happened."""
    if job.error.get("message") not in (None, "", UNEXPLAINED):
        return
    told = reason_of(named)
    if not told.get("message"):
        last = job.events.filter(level__iexact="error").exclude(message="").order_by("-created_at", "-pk").first()
        told |= {"message": last.message} if last else {}
    if told:
        note(job, error=job.error | told)


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


def _checkpoints(access: Access, job: FineTuneJob) -> None:
    try:
        answers = provider.list_checkpoints(access, job.remote_id)
    except ProviderError as error:
        if may_do_without(job, error):
            return
        raise
    named = ((answer, whole(answer.get("step_number"), MOST_STEPS)) for answer in answers)
    rows = [_checkpoint(job, answer, step) for answer, step in named if step is not None and _is_checkpoint(answer)]
    Checkpoint.objects.bulk_create(rows, ignore_conflicts=True)


def _is_checkpoint(answer: Json) -> bool:
    return fits(answer["id"]) and isinstance(answer.get("fine_tuned_model_checkpoint"), str)


def _checkpoint(job: FineTuneJob, answer: Json, step: int) -> Checkpoint:
    metrics = answer.get("metrics")
    return Checkpoint(
        job=job,
        remote_id=answer["id"],
        step=step,
        model=answer["fine_tuned_model_checkpoint"][:300],
        metrics=metrics if isinstance(metrics, dict) else {},
        created_at=time_of(answer.get("created_at")),
    )


def _result_file(access: Access, job: FineTuneJob, files: list[str]) -> None:
    if job.result_csv or not files:
        return
    try:
        note(job, result_csv=decode_result(provider.file_content(access, files[0])))
    except ProviderError as error:
        if may_still_come(job, error) or not may_do_without(job, error):
            raise


def _curve(job: FineTuneJob) -> None:
    """The figures of each step out of the result file, where no event brought any."""
    if not job.result_csv or job.metrics.exists():
        return
    if steps := steps_of(job.result_csv):
        store_metrics(job, steps)
        last = int(max(figures["step"] for figures in steps))
        note(job, show=True, step=job.step or last or None, total_steps=job.total_steps or last or None)


def _bill(job: FineTuneJob, tokens: int | None) -> None:
    """Billed tokens, as the service counts them, and their price."""
    if tokens is not None:
        cost = pricing.training_cost(job.service.profile, job.base_model, tokens, job.engine)
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
                "engine": job.engine or job.service.engine_of(name),
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
