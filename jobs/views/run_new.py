"""Ordering a recipe run: texts → recipe → the first results and the price → go."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.recipe import RecipeNameForm, RunForm, as_initial
from jobs.models import Member, Run, SavedRecipe, audit
from jobs.pipeline.calls.record import place
from jobs.pipeline.runs.preview import MOST_CALLS, Preview, preview
from jobs.pipeline.runs.prices import Estimate
from jobs.tasks import nudge, work_run
from jobs.training_data.recipes.recipe import ANCESTOR, Recipe
from jobs.views.access import DeskRequest, trainer_page


@require_http_methods(["GET", "POST"])
@trainer_page
def run_new(request: DeskRequest, member: Member) -> HttpResponse:
    """The form; a POST orders the run, if a paid one's price still is the one that was shown."""
    if request.method == "GET":
        return _page(request, member, RunForm(initial=_first_values(request, member), team=member.team))
    form = RunForm(request.POST, team=member.team)
    if not form.is_valid():
        return _page(request, member, form, status=422)
    if form.recipe.is_free:
        return _order(request, member, form, None)
    looked = _look(form)
    if refusal := _refusal(form, looked):
        form.add_error(None, refusal)
        return _page(request, member, form, looked, status=422)
    return _order(request, member, form, looked.estimate)


def _refusal(form: RunForm, looked: Preview) -> str:
    """Why a paid run may not be ordered as it stands; empty where it may."""
    if looked.trouble or looked.estimate is None:
        return looked.trouble or _("There is nothing to ask about in these texts.")
    if not looked.estimate.chunks:
        return _("There is nothing to ask about in these texts.")
    if looked.estimate.chunks > MOST_CALLS:
        return _(
            "That would be %(chunks)s calls; one run makes at most %(most)s. Choose fewer texts or larger pieces."
        ) % {
            "chunks": f"{looked.estimate.chunks:,}",
            "most": f"{MOST_CALLS:,}",
        }
    if not form.cleaned_data["shown_usd"]:
        return _("Here is what it costs at most. Look at it, then order.")
    if form.cleaned_data["shown_usd"] != shown_price(looked.estimate):
        return _("The price has changed since this page showed it. Look at it once more, then start.")
    return ""


def _order(request: DeskRequest, member: Member, form: RunForm, estimate: Estimate | None) -> HttpResponse:
    run = form.run(member, estimate)
    after = {"kind": form.recipe.kind, "usd": run.estimate.get("usd"), "cap": str(run.cap_usd) if run.cap_usd else None}
    try:
        with transaction.atomic():
            place(run, lambda run: run.sources.set(form.cleaned_data["sources"]))
            audit(request, member.team, "run.ordered", run, after=after)
            nudge(work_run, run.pk)
    except IntegrityError:
        # the second click of a double click: the first one's run is what was meant
        run = get_object_or_404(Run, team=member.team, order_token=run.order_token)
    else:
        messages.success(request, _("The run is ordered. This page follows it by itself."))
    return redirect("run-detail", team=member.team.slug, run=run.uuid)


@require_POST
@trainer_page
def run_preview(request: DeskRequest, member: Member) -> HttpResponse:
    """The first results and the price, for the form as it stands; to htmx only the parts that show them."""
    form = RunForm(request.POST, team=member.team)
    valid = form.is_valid()
    return _page(request, member, form, _look(form) if valid else None, status=200 if valid else 422)


def _look(form: RunForm) -> Preview:
    data = form.cleaned_data
    return preview(form.recipe, list(data["sources"]), data.get("connection"), data.get("model", ""))


def _page(
    request: DeskRequest, member: Member, form: RunForm, looked: Preview | None = None, status: int = 200
) -> HttpResponse:
    kind = str(form["kind"].value() or "keywords")
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "is_free": kind != "summary",
        "texts": form.fields["sources"].queryset[:200],  # type: ignore[attr-defined]
        "chosen": {str(value) for value in form["sources"].value() or ()},
        "saved": member.team.recipes.all()[:100],
        "save_form": RecipeNameForm(request.POST if "recipe_name" in request.POST else None),
        "looked": looked,
        **_price(form, looked.estimate if looked else None),
        "rate": settings.USD_KRW,
        "rate_day": settings.USD_KRW_DATE,
    }
    template = "jobs/run_new.html#moving" if request.htmx else "jobs/run_new.html"
    return render(request, template, context, status=status)


def _price(form: RunForm, estimate: Estimate | None) -> dict[str, Any]:
    """A cap that was offered for another price gives way to the one for this."""
    if estimate is None:
        return {"button_price": "", "cap": ""}
    price = shown_price(estimate)
    typed = form["cap"].value() if form["shown_usd"].value() == price else None
    return {"button_price": price, "cap": typed or estimate.cap}


def shown_price(estimate: Estimate) -> str:
    """What the button carries, so that an order is for the price that a person saw."""
    return "unknown" if estimate.usd is None else str(estimate.usd)


def _first_values(request: HttpRequest, member: Member) -> dict[str, Any]:
    """Those of a saved recipe, of a run to be repeated, of the ancestor's, or our own; the text that one came from."""
    recipe, first = Recipe(), {"order_token": uuid4(), "sources": [uuid_in(request.GET.get("source"))]}
    saved = SavedRecipe.objects.filter(team=member.team, uuid=uuid_in(request.GET.get("recipe"))).first()
    like = Run.objects.filter(team=member.team, uuid=uuid_in(request.GET.get("like"))).first()
    if saved:
        recipe = Recipe.from_json(saved.recipe)
    elif like:
        recipe = Recipe.from_json(like.recipe)
        first |= {"base": f"{like.connection.uuid}|{like.model}"} if like.connection else {}
        first |= {"sources": list(like.sources.values_list("uuid", flat=True)), "name": like.name}
    elif request.GET.get("preset") == "ancestor":
        recipe = ANCESTOR
    if request.GET.get("kind") in ("keywords", "summary", "own"):
        first["kind"] = request.GET["kind"]
    return as_initial(recipe) | first


def uuid_in(text: str | None) -> UUID:
    """The id in a query argument; one that nothing bears, where there is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)
