"""The page from which a job's weights are downloaded, and the deletion of models at our own trainer."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jobs import weights_call
from jobs.models import Archive, ArchiveState, FineTuneJob, Member, TunedModel, WeightsFormat, audit
from jobs.pipeline import archives, models
from jobs.provider import ProviderError
from jobs.tasks import delete_model, look_at_archive, nudge
from jobs.templatetags.desk import said
from jobs.views.access import DeskRequest, owner_page, trainer_page
from jobs.views.downloads import attachment
from jobs.views.jobs import job_of


class Row(NamedTuple):
    format: str
    label: str
    archive: Archive | None


@require_GET
@trainer_page
def job_weights(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    """The formats, each with how far it is. While one is made, the page asks for its moving part."""
    job = job_of(member, uuid)
    found = {archive.format: archive for archive in Archive.objects.filter(job=job)}
    wanted = archives.formats(job)
    context = {
        "job": job,
        "facts": job.model_facts,
        "whole": job.model_facts.get("kind") == "full",
        "rows": [Row(name, str(WeightsFormat(name).label), found.get(name)) for name in wanted],
        "is_making": any(found[name].state == ArchiveState.MAKING for name in wanted if name in found),
        "model": job.tuned_models.filter(step=None).first(),
        "own_models": models.deletable(TunedModel.objects.filter(job=job)).order_by("step") if member.is_owner else [],
    }
    template = "jobs/job_weights.html#formats" if request.htmx else "jobs/job_weights.html"
    return render(request, template, context)


@require_POST
@trainer_page
def job_weights_order(request: DeskRequest, member: Member, uuid: UUID, wanted: str) -> HttpResponse:
    job = _with_weights(member, uuid, wanted)
    with transaction.atomic():
        if row := archives.order(job, wanted, request.user):
            audit(request, member.team, "weights.ordered", job, after={"format": wanted})
            nudge(look_at_archive, row.pk)
    return redirect("job-weights", member.team.slug, job.uuid)


@require_GET
@trainer_page
def job_weights_download(request: DeskRequest, member: Member, uuid: UUID, wanted: str) -> HttpResponseBase:
    """Hands on what the trainer streams, without keeping it. The one page but for chat that calls a service."""
    job = _with_weights(member, uuid, wanted)
    if not Archive.objects.filter(job=job, format=wanted, state=ArchiveState.READY).exists():
        raise Http404
    try:
        body = _begun(weights_call.chunks(job.service.access(), job.remote_id, wanted))
    except ProviderError as error:
        return _made_again(request, member, job, wanted, error)
    audit(request, member.team, "weights.downloaded", job, after={"format": wanted})
    return attachment(request, body, f"{job.remote_id}-{wanted}.zip", "application/zip")


def _with_weights(member: Member, uuid: UUID, wanted: str) -> FineTuneJob:
    job = job_of(member, uuid)
    if wanted not in archives.formats(job):
        raise Http404
    return job


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Raises at once where there is nothing to stream, not when the answer has begun."""
    return chain([next(chunks, b"")], chunks)


def _made_again(
    request: DeskRequest, member: Member, job: FineTuneJob, wanted: str, error: ProviderError
) -> HttpResponse:
    """The trainer keeps archives for a day: an older one is made again."""
    messages.warning(request, said(str(error)))
    if error.code == "not_ready" and (row := archives.order(job, wanted, request.user)):
        nudge(look_at_archive, row.pk)
    return redirect("job-weights", member.team.slug, job.uuid)


# --- deleting models ----------------------------------------------------------------------------------


@require_POST
@owner_page
def model_delete(request: DeskRequest, member: Member, model: UUID) -> HttpResponse:
    """Delete a model at our own trainer, with its weights. For owners: nothing brings it back."""
    found = get_object_or_404(TunedModel.objects.visible_to(request.user), team=member.team, uuid=model)
    wish_away(request, member, [found])
    return redirect("job-weights", member.team.slug, found.job.uuid)


def wish_away(request: DeskRequest, member: Member, found: list[TunedModel]) -> int:
    """Have those deleted that may be. Returns how many; says so on the next page."""
    gone = 0
    for model in found:
        with transaction.atomic():
            if models.wish_away(model):
                audit(request, member.team, "model.deleted", model, before=_facts(model))
                nudge(delete_model, model.pk)
                gone += 1
    if gone:
        messages.success(request, _("The trainer deletes the weights now, and the archives made of them."))
    if gone < len(found):
        messages.error(request, _("A model that a job is trained further from, or that is no longer there, was left."))
    return gone


def _facts(model: TunedModel) -> dict[str, Any]:
    return {"base": model.base, "job": str(model.job.uuid)}
