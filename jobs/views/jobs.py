"""The live list of a team's jobs, and one job's page."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from jobs import pricing
from jobs.forms.find import FindForm
from jobs.forms.job import EditForm, SettleForm
from jobs.middleware import speak_as
from jobs.models import FineTuneJob, JobOrigin, Member, Notice
from jobs.pipeline.notices import see
from jobs.pipeline.watch import watch
from jobs.remedies import remedy
from jobs.states import State
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.evaluations.verdicts import of_job
from jobs.views.job_curve import curve_of
from jobs.views.job_parts import (
    eta,
    file_ids,
    history,
    imported_facts,
    odd_word,
    timeline,
    told_settings,
    unsure_facts,
    waits_until,
)
from jobs.views.job_rows import LISTED, job_rows
from jobs.views.lineage import chain
from jobs.views.own_training import own_training
from jobs.views.polling import Seen, seen
from jobs.views.refused import left_behind, no_training
from jobs.views.shelf import Shelf

PER_PAGE = 25
KEPT = 10  # seconds that a rendered list is given to whoever asks for the same: a team looks at one list
MOST_FOUND = 500  # a search that finds more shows the newest: whoever looks for one job adds a word
RELATED = {  # what one job's page says of other rows: a file's options and a service's models may be megabytes
    "connection": ("uuid", "name", "profile", "key_hint", "parked_at", "disabled_at", "deleted_at", "wait_until"),
    "training_file": ("uuid", "name", "deleted_at", "parent"),
    "validation_file": ("uuid", "name", "deleted_at"),
    "created_by": ("username",),
    "retry_of": ("uuid", "name"),
}
SHOWN = FineTuneJob.objects.select_related(*RELATED).only(
    *(field.name for field in FineTuneJob._meta.concrete_fields),
    *(f"{relation}__{name}" for relation, names in RELATED.items() for name in names),
)
EVENTS_SHOWN = 50  # of ten thousand; the CSV holds them all


# --- the list -----------------------------------------------------------------------------------------


@require_GET
@viewer_page
def job_list(request: DeskRequest, member: Member) -> HttpResponse:
    facts = {"counts": member.counts, "ending": _ending(member)}
    return render(request, "jobs/job_list.html", _list(request, member) | facts)


@require_GET
@login_not_required  # polling.seen asks for all of it, in one query
def job_list_poll(request: HttpRequest, team: str) -> HttpResponse:
    """204 while the list shows what there is; else its rows anew."""
    found = seen(request, team)
    if not isinstance(found, Seen):
        return found
    if found.is_current:
        return HttpResponse(status=204)
    speak_as(request, found.person)
    return HttpResponse(
        cache.get_or_set(_shared(request, team, found), lambda: _list_again(request, team).content, KEPT)
    )


def _shared(request: HttpRequest, team: str, found: Seen) -> str:
    """Name what all see who look at this version of the list, in this language, zone and role, with these filters."""
    asked = request.GET.copy()
    asked.pop("since", None)
    said = (team, found.version, get_language(), timezone.get_current_timezone_name(), found.role, asked.urlencode())
    return f"job-list:{sha256(repr(said).encode()).hexdigest()}"


@viewer_page
def _list_again(request: DeskRequest, member: Member) -> HttpResponse:
    return render(request, "jobs/job_list.html#live", _list(request, member))


def _list(request: DeskRequest, member: Member) -> dict[str, Any]:
    find = FindForm(request.GET, team=member.team)
    found = find.find(FineTuneJob.objects.of(member))
    most = MOST_FOUND if find.cleaned_data.get("q") else None
    named = f"jobs:{member.team_id}:{find.narrowed}"
    shelf = Shelf(found, PER_PAGE, LISTED, most=most, named=named, version=member.team.jobs_version)
    page = shelf.get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked.pop("page", None)
    asked.pop("since", None)
    return {
        "version": member.team.jobs_version,
        "find": find,
        "page": page,
        "is_cut": shelf.is_cut,
        "most": MOST_FOUND,
        "rows": job_rows(member.team, list(page.object_list)),
        "asked": asked.urlencode(),
    }


def _ending(member: Member) -> dict[str, Any]:
    """Tuned models that will be switched off on a known day: how many, and the first day."""
    if not member.counts.models:
        return {}
    ending = member.team.tuned_models.filter(shutdown_date__gte=timezone.now().date(), connection__profile="openai")
    counts: dict[str, Any] = ending.aggregate(count=Count("pk"), first=Min("shutdown_date"))
    return counts


# --- one job ------------------------------------------------------------------------------------------


def job_of(member: Member, uuid: UUID) -> FineTuneJob:
    """A job of the member's team, or 404."""
    job: FineTuneJob = get_object_or_404(SHOWN.of(member), uuid=uuid)
    job.team = member.team
    return job


@require_GET
@viewer_page
def job_detail(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    job = job_of(member, uuid)
    if member.counts.unseen:  # the menu wants to know in any case
        see(member.user, Notice.objects.filter(job=job))
        del member.counts
    forms = {"edit": EditForm(initial={"name": job.name, "note": job.note}), "settle": SettleForm()}
    about = {"chain": chain(job.training_file), **of_job(job)}
    return render(request, "jobs/job_detail.html", _page(job) | forms | about)


@require_GET
@login_not_required  # polling.seen asks for all of it, in one query
def job_poll(request: HttpRequest, team: str, uuid: UUID) -> HttpResponse:
    """204 while the page shows what there is; else its moving parts anew."""
    found = seen(request, team, uuid)
    if not isinstance(found, Seen):
        return found
    if found.is_current:
        return HttpResponse(status=204)
    speak_as(request, found.person)
    return _job_again(request, team, uuid)


@viewer_page
def _job_again(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    return render(request, "jobs/job_detail.html#moving", _page(job_of(member, uuid)) | {"oob": True})


def _page(job: FineTuneJob) -> dict[str, Any]:
    transitions = history(job)
    events = list(job.events.values_list("pk", "level", "message", "created_at", named=True)[: EVENTS_SHOWN + 1])
    return {
        "job": job,
        "base": pricing.base(job.connection.profile, job.base_model, job.engine) if job.connection else None,
        "eta": eta(job, job.remote.get("estimated_finish")),
        "steps": timeline(job, transitions),
        "is_of_today": timezone.localdate(job.created_at) == timezone.localdate(),
        "transitions": transitions,
        "events": events[:EVENTS_SHOWN],
        "event_count": job.events.count() if len(events) > EVENTS_SHOWN else len(events),
        "checkpoints": (checkpoints := list(job.checkpoints.all())),
        "own": (own := own_training(job, checkpoints)),
        "deleted_models": own.deleted if own else frozenset(),
        "curve": curve_of(job),
        "file_ids": file_ids(job),
        "imported": imported_facts(job) if job.origin == JobOrigin.IMPORTED else None,
        "remedy": remedy(job.error, job.engine) if job.error else "",
        "told": told_settings(job),
        "second_jobs": (second := list(job.second_jobs.all())),
        "second_is_open": any(one.ended_at is None for one in second),
        "unsure": unsure_facts(job) if job.state == State.UNSURE else None,
        "waits_until": waits_until(job),
        "odd_word": odd_word(job),
        "refusal": no_training(job),
        "left": left_behind(job),
    }


# --- an open page -------------------------------------------------------------------------------------


@require_POST
@viewer_page
def jobs_watch(request: DeskRequest, member: Member) -> HttpResponse:
    """An open page shows these jobs: look at them more often for a while."""
    watch(FineTuneJob.objects.visible_to(request.user).filter(team=member.team))
    return HttpResponse(status=204)


@require_POST
@viewer_page
def job_watch(request: DeskRequest, member: Member, uuid: UUID) -> HttpResponse:
    watch(FineTuneJob.objects.visible_to(request.user).filter(team=member.team, uuid=uuid))
    return HttpResponse(status=204)
