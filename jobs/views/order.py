"""Ordering a job: one page, its price always in sight, one explicit confirmation."""

from hashlib import sha256
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jobs import pricing
from jobs.engines import has_open_licence
from jobs.forms.job import OTHER, OrderForm, takes
from jobs.methods import TRAINS_ON, Method
from jobs.models import Connection, FileFormat, FileState, FineTuneJob, Member, TrainingFile, audit
from jobs.pipeline import probe
from jobs.pipeline.record import order
from jobs.tasks import advance_job, list_models, nudge
from jobs.training_data.beyond_text import IMAGES, KINDS
from jobs.training_data.leakage import known_leakage
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.first_values import prefilled
from jobs.views.rescue import replacing

FEW_EXAMPLES = 50
FILES_SHOWN = 100  # of each method


@require_http_methods(["GET", "POST"])
@trainer_page
def job_new(request: DeskRequest, member: Member) -> HttpResponse:
    """The form; a POST orders the job, if the price still is the one that was shown."""
    if request.method == "GET":
        refresh_models(member)
        return render(request, "jobs/job_new.html", _page(member, prefilled(request, member)))
    form = OrderForm(request.POST, team=member.team)
    if not form.is_valid():
        return render(request, "jobs/job_new.html", _page(member, form), status=422)
    price = form.estimate()
    if price is None or _button_price(price) != form.cleaned_data["shown_usd"]:
        form.add_error(None, _("The price has changed since this page showed it. Look at it once more, then start."))
        return render(request, "jobs/job_new.html", _page(member, form), status=422)
    return _order(request, member, form, price)


def refresh_models(member: Member) -> None:
    """Have the lists of our own trainer read again: a base model may have been added since."""
    for connection in probe.ours().filter(team=member.team):
        if not probe.is_listed_lately(connection):
            nudge(list_models, connection.pk)


def _order(request: HttpRequest, member: Member, form: OrderForm, price: pricing.Estimate) -> HttpResponse:
    retry_of = FineTuneJob.objects.filter(team=member.team, uuid=form.cleaned_data["retry_of"]).first()
    job = form.job(member, price, retry_of)
    try:
        with transaction.atomic():
            order(job)
            if plan := form.planned(job):
                plan.save()
            replacing.note(member, form.cleaned_data["replaces"], job)
            audit(request, member.team, "job.ordered", job, after=_confirmed(job))
            nudge(advance_job, job.pk)
    except IntegrityError:
        # the second click of a double click: the first one's job is what was meant
        job = get_object_or_404(FineTuneJob, team=member.team, order_token=job.order_token)
    else:
        messages.success(request, _("The job is ordered. This page follows it by itself."))
    return redirect("job-detail", team=member.team.slug, uuid=job.uuid)


def _confirmed(job: FineTuneJob) -> dict[str, Any]:
    """What the person who ordered it agreed to."""
    terms = {"terms": job.model_facts.get("licence", ""), "non_commercial": True}
    chosen = {"usd": str(job.estimated_usd), "model": job.base_model}
    return chosen | (terms if job.model_facts.get("non_commercial") else {})


@require_GET
@trainer_page
def job_bases(request: DeskRequest, member: Member) -> HttpResponse:
    """The base models for the form as it stands; 204 while they are those that the page shows."""
    form = OrderForm(request.GET, team=member.team)
    if _version(form) == request.GET.get("bases"):
        return HttpResponse(status=204)
    form.is_valid()
    form.errors.clear()
    return render(request, "jobs/job_new.html#bases", _bases(form) | {"form": form})


@require_GET
@trainer_page
def job_estimate(request: DeskRequest, member: Member) -> HttpResponse:
    """The cost card anew, for the form as it stands."""
    form = OrderForm(request.GET, team=member.team)
    form.is_valid()
    form.errors.pop("accepts_terms", None)  # nobody has pressed the button yet
    return render(request, "jobs/job_new.html#cost", _cost(member, form))


def _page(member: Member, form: OrderForm) -> dict[str, Any]:
    if not form.is_bound:
        form = _bound(form, member)
    return (
        {
            "form": form,
            "has_files": form.fields["training_file"].queryset.exists(),  # type: ignore[attr-defined]
            "methods": _methods(member, form),
            "left_out": _left_out(member),
            "wrong": [field for field in form.visible_fields() if field.errors],
        }
        | _bases(form)
        | _cost(member, form)
    )


def _bases(form: OrderForm) -> dict[str, Any]:
    """What the page needs to show the base models."""
    return {
        "groups": [(name, list(some)) for name, some in groupby(form.offers, key=lambda offer: offer["group"])],
        "no_real_base": _without_real(form),
        "bases_version": _version(form),
        "other": OTHER,
    }


def _version(form: OrderForm) -> str:
    """Changes with what the page says of the base models."""
    shown = [(offer["value"], sorted(offer["facts"].items(), key=str), offer["lacks"]) for offer in form.offers]
    return sha256(repr(shown).encode()).hexdigest()[:16]


def _without_real(form: OrderForm) -> Connection | None:
    """The connection over which real training could be had, where none of the page's base models is a real one."""
    if any(offer["base"].is_own for offer in form.offers):
        return None
    return next((connection for connection in form.connections if connection.about.bundled), None)


def _methods(member: Member, form: OrderForm) -> list[tuple[Method, list[TrainingFile]]]:
    """Each method with the newest files that it can train on, and those that are chosen."""
    asked = (form.cleaned_data.get(name) for name in ("training_file", "validation_file"))
    chosen: list[TrainingFile] = [file for file in asked if file]
    files = TrainingFile.objects.filter(team=member.team)
    shown = {Method(method): list(files.usable(method)[:FILES_SHOWN]) for method in TRAINS_ON}
    return [
        (method, [*rows, *(file for file in chosen if file.method == method and file not in rows)])
        for method, rows in shown.items()
    ]


def _left_out(member: Member) -> dict[str, int]:
    """How many files are not offered, by the reason why."""
    files = member.team.training_files.alive()
    ready = Q(state=FileState.READY)
    counts: dict[str, int] = files.aggregate(
        unusable=Count("pk", filter=~ready),
        legacy=Count("pk", filter=ready & Q(format=FileFormat.LEGACY)),
        reinforcement=Count("pk", filter=ready & Q(format=FileFormat.REINFORCEMENT)),
    )
    return counts


def _bound(form: OrderForm, member: Member) -> OrderForm:
    """The same form with its first values as if they were typed, so that it has a price, but without complaints."""
    data = QueryDict(mutable=True)
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if value not in (None, ""):
            data[name] = str(getattr(value, "uuid", value))
    bound = OrderForm(data, team=member.team)
    bound.is_valid()
    bound.errors.clear()
    return bound


def _cost(member: Member, form: OrderForm) -> dict[str, Any]:
    price = form.estimate()
    connection, model = form.cleaned_data.get("connection"), form.cleaned_data.get("base_model")
    base = pricing.base(connection.profile, model) if connection and model else None
    return {
        "price": price,
        "button_price": _button_price(price) if price else "",
        "base": base,
        "method": form.method,
        "method_is_unknown": bool(connection and not base and not connection.about.methods_are_known),
        "is_refused": bool(connection and model and not takes(connection, model, form.method)),
        "facts": form.facts,
        "has_open_licence": has_open_licence(form.facts),
        "own_settings": form.own_settings,
        "not_taken": _not_taken(form),
        "terms": form["accepts_terms"],
        "chosen_connection": connection,
        "chosen_file": form.cleaned_data.get("training_file"),
        "leaked": _leaked(form),
        "chosen_validation": form.cleaned_data.get("validation_file"),
        "few": FEW_EXAMPLES,
        "trouble": connection and connection.is_troubled,
        "earlier": _earlier(member, form),
        "evaluation_price": form.evaluation_price(),
        "rate": settings.USD_KRW,
        "rate_day": settings.USD_KRW_DATE,
    }


def _not_taken(form: OrderForm) -> list[dict[str, Any]]:
    """What the files hold beside text that the chosen base has, or may have, no place for: kind, lines, certainty."""
    if not form.facts:
        return []
    has_template = form.facts.get("chat_template", True)
    found = []
    for name in ("training_file", "validation_file"):
        file = form.cleaned_data.get(name)
        held = (file.report.get("statistics") or {}).get("beyond_text") or {} if file else {}
        found += [
            {"file": file, "kind": kind, "is_certain": kind == IMAGES or not has_template, **held[kind]}
            for kind in KINDS
            if kind in held
        ]
    return found


def _leaked(form: OrderForm) -> int:
    """How many examples of the validation file are trained on, as far as is known."""
    chosen = [form.cleaned_data.get(name) for name in ("training_file", "validation_file")]
    trained_on, validated_with = (file.path if file and file.content else None for file in chosen)
    return len(known_leakage(trained_on, validated_with)) if trained_on and validated_with else 0


def _button_price(price: pricing.Estimate) -> str:
    return "unknown" if price.usd is None else str(price.usd.quantize(pricing.CENT / 100))


def _earlier(member: Member, form: OrderForm) -> FineTuneJob | None:
    """The last job with the same file, model and settings."""
    data = form.cleaned_data
    if not (data.get("training_file") and data.get("base_model") and "n_epochs" in data):
        return None
    same = {"training_file": data["training_file"], "base_model": data["base_model"], "method": form.method}
    rows = FineTuneJob.objects.filter(team=member.team, **same).order_by("-created_at")[:20]
    wanted = form.hyperparameters()
    return next((job for job in rows if job.hyperparameters == wanted), None)
