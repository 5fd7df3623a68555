"""Recipe runs: the list, and the page of one."""

from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jobs.forms.recipe import CapForm
from jobs.models import Chunk, Member, Run
from jobs.pipeline.runs.preview import said_in
from jobs.pipeline.runs.writing import kept_examples
from jobs.run_states import RUN_OVER, ChunkState, RunState
from jobs.training_data.recipes.recipe import Recipe
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.listings import listing
from jobs.views.polling import session_fits, signed_out, speak

PAGE = 25
ODD = 20  # chunks a page that a person may want to do something about
LATEST = 5
BUSY = (RunState.NEW, RunState.MAKING, RunState.PREPARING, RunState.RUNNING)


def runs_of(request: HttpRequest, member: Member) -> QuerySet[Run]:
    rows = Run.objects.visible_to(request.user).filter(team=member.team)
    return rows.select_related("team", "connection", "created_by", "training_file")


def run_of(request: HttpRequest, member: Member, uuid: UUID) -> Run:
    """A run of the member's team, or 404."""
    return get_object_or_404(runs_of(request, member), uuid=uuid)


@require_GET
@viewer_page
def run_list(request: DeskRequest, member: Member) -> HttpResponse:
    """Newest first. While one of them moves the list asks for news, and gets 204 until there is any."""
    page = Paginator(runs_of(request, member), PAGE).get_page(request.GET.get("page"))
    busy = any(run.state in BUSY for run in page.object_list)
    told = ((run.pk, run.version) for run in page.object_list)
    return listing(request, "jobs/run_list.html", told, {"page": page, "busy": busy})


@require_GET
@viewer_page
def run_detail(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    return render(request, "jobs/run.html", _context(request, run_of(request, member, run)))


@login_not_required  # the query asks for the same things, see polling.py; what follows asks again
@require_GET
def run_poll(request: HttpRequest, team: str, run: UUID) -> HttpResponse:
    """204 while the page shows what there is; else its moving parts anew."""
    if SESSION_KEY not in request.session:
        return signed_out(request)
    if _is_current(request, team, run):
        return HttpResponse(status=204)
    speak(request)
    return _again(request, team, run=run)


def _is_current(request: HttpRequest, team: str, run: UUID) -> bool:
    me = {"team__members__user_id": request.session[SESSION_KEY], "team__members__user__is_active": True}
    rows = Run.objects.filter(uuid=run, team__slug=team, **me)
    row = rows.values_list("version", "team__members__user__password").first()
    return bool(row and session_fits(request, row[1]) and request.GET.get("since") == str(row[0]))


@viewer_page
def _again(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    context = _context(request, run_of(request, member, run)) | {"oob": True}
    return render(request, "jobs/run.html#moving", context)


def _context(request: HttpRequest, run: Run) -> dict[str, Any]:
    recipe = Recipe.from_json(run.recipe)
    odd = Paginator(odd_of(run), ODD).get_page(request.GET.get("page"))
    return {
        "run": run,
        "recipe": recipe,
        "sources": run.sources.order_by("pk"),
        "busy": run.state in BUSY,
        "over": run.state in RUN_OVER,
        "page": odd,
        "latest": run.chunks.filter(state=ChunkState.DONE).exclude(answer="").select_related("source")[:LATEST],
        "good": _good(run),
        "has_file": _has_file(run),
        "examples": _first_examples(run),
        "cap_form": CapForm(initial={"cap": _higher_cap(run)}),
    }


def _first_examples(run: Run) -> list[dict[str, Any]]:
    """Of a free run that is done: its first examples, and where they came from. None once a text of it was deleted."""
    path = kept_examples(run)
    if run.is_paid or run.state != RunState.DONE or not path.exists():
        return []
    with path.open("rb") as lines:
        said = [said_in(line) for line in islice(lines, LATEST)]
    places = run.chunks.select_related("source")[:LATEST]
    return [
        {"source": place.source, "start": place.start, "end": place.end, "said": words}
        for place, words in zip(places, said, strict=False)
    ]


def odd_of(run: Run) -> QuerySet[Chunk]:
    """Chunks that a person may want to do something about: refused, lost, or with an odd answer."""
    return run.chunks.filter(odd=True).select_related("source")


def _good(run: Run) -> int:
    """How many answers a file would be made of, without reading them all."""
    return run.done - run.flagged + (odd_of(run).filter(taken_in=True).count() if run.flagged else 0)


def _has_file(run: Run) -> bool:
    """There is a page to open: the file's, or that of the one that was there already."""
    file = run.training_file
    return file is not None and (file.deleted_at is None or "same_as" in file.report)


def _higher_cap(run: Run) -> str:
    """What would let a run go on that its cap stopped: twice the cap."""
    return "" if run.cap_usd is None else str((run.cap_usd * 2).normalize())
