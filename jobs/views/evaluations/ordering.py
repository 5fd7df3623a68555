"""Ordering an evaluation: questions → models → the price → go."""

from itertools import zip_longest
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.evaluations.evaluation import EvaluationForm
from jobs.forms.evaluations.offers import Offer, grouped
from jobs.models import CandidateKind, Evaluation, FineTuneJob, Member, QuestionSet, QuestionState, audit
from jobs.models.paid import NANO
from jobs.pipeline.evaluations import examples
from jobs.pipeline.evaluations.estimate import MOST_CALLS, Estimate, Part
from jobs.pipeline.evaluations.ordering import place, recorded_answers
from jobs.tasks import nudge, work_evaluation
from jobs.training_data.findings import personal_kind
from jobs.verdict_words import with_examples
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.evaluations.leaving import personal_of
from jobs.views.evaluations.questions import sets_of
from jobs.views.run_new import uuid_in

SETS_SHOWN = 100
FILES_SHOWN = 200

type Row = dict[str, Any]


@require_http_methods(["GET", "POST"])
@trainer_page
def evaluation_new(request: DeskRequest, member: Member) -> HttpResponse:
    """The choice of questions, then the form; a POST orders, if the price still is the one that was shown."""
    questions = _questions(request, member)
    if questions is None:
        return _choose(request, member)
    if request.method == "GET":
        return _page(request, member, _first(request, member, questions))
    form = EvaluationForm(request.POST, team=member.team, questions=questions)
    if not form.is_valid():
        return _page(request, member, form, status=422)
    price = form.price(member)
    if refusal := _refusal(form, price):
        form.add_error(None, refusal)
        return _page(request, member, form, status=422)
    return _order(request, member, form, price)


def _questions(request: DeskRequest, member: Member) -> QuestionSet | None:
    wanted = uuid_in(request.GET.get("questions") or request.POST.get("questions"))
    return sets_of(request, member).filter(state=QuestionState.READY, uuid=wanted).first()


def _choose(request: DeskRequest, member: Member) -> HttpResponse:
    """Which questions? Those of the job's validation file are proposed, since its model has not seen them."""
    job = _job(request, member)
    ready = sets_of(request, member).filter(state=QuestionState.READY, later=None)[:SETS_SHOWN]
    validation = job.validation_file if job and job.validation_file and not job.validation_file.deleted_at else None
    kept = request.GET.copy()
    kept.pop("questions", None)
    context = {"sets": ready, "job": job, "validation": validation, "kept": kept.urlencode()}
    return render(request, "jobs/evaluations/evaluation_choose.html", context)


def _job(request: DeskRequest, member: Member) -> FineTuneJob | None:
    rows = FineTuneJob.objects.filter(team=member.team).select_related("validation_file")
    return rows.filter(uuid=uuid_in(request.GET.get("job"))).first()


def _first(request: DeskRequest, member: Member, questions: QuestionSet) -> EvaluationForm:
    """Chosen already: the models of the job that it is for, and their base; else the newest tuned one and its base."""
    form = EvaluationForm(team=member.team, questions=questions)
    job = _job(request, member)
    of_job = [offer for offer in form.offers if offer.tuned and (job is None or offer.tuned.job_id == job.pk)][:1]
    chosen = [offer.value for offer in form.offers if offer in of_job or any(_is_base(offer, one) for one in of_job)]
    name = f"{job.name} · {questions.name}"[:120] if job else questions.name
    first = {"models": chosen, "system_prompt": questions.system_prompt, "name": name, "order_token": uuid4()}
    form.initial = first | _with_examples(request, member, form, questions)
    return form


def _with_examples(request: DeskRequest, member: Member, form: EvaluationForm, questions: QuestionSet) -> Row:
    """`?examples=` (a file) and `?recorded=` fill the way out without tuning in: no tuned model is asked then."""
    files = examples.files_of(member.team)
    wanted = files.filter(uuid=uuid_in(request.GET.get("examples"))).first()
    of_set = questions.training_file if questions.training_file and not questions.training_file.deleted_at else None
    of_job = next((offer.tuned.job.training_file for offer in form.offers if offer.tuned), None)
    file = wanted or of_set or of_job
    first: Row = {"examples": file.uuid} if file else {}
    if wanted:
        plain = [offer for offer in form.plain if offer.is_known] or form.plain
        first |= {"models": [], "shots": [offer.value for offer in plain[:1]]}
    kept = recorded_answers(questions).filter(uuid=uuid_in(request.GET.get("recorded"))).first()
    if kept:
        first |= {"recorded": kept.uuid, "system_prompt": kept.system_prompt, "max_tokens": kept.evaluation.max_tokens}
        first["name"] = (_("Without tuning: %(model)s") % {"model": kept.model})[:120]
    return first


def _is_base(offer: Offer, tuned: Offer) -> bool:
    return offer.kind == CandidateKind.BASE and (offer.connection, offer.model) == (tuned.connection, tuned.price_as)


def _refusal(form: EvaluationForm, price: Estimate) -> str:
    """Why it may not be ordered as it is; empty where it may."""
    if price.calls > MOST_CALLS:
        words = _("That would be %(calls)s calls; one evaluation makes at most %(most)s. Choose fewer models.")
        return words % {"calls": f"{price.calls:,}", "most": f"{MOST_CALLS:,}"}
    if not form.cleaned_data["shown_usd"]:
        return _("Here is what it costs at most. Look at it, then order.")
    if form.cleaned_data["shown_usd"] != shown_price(price):
        return _("The price has changed since this page showed it. Look at it once more, then start.")
    return ""


def shown_price(price: Estimate) -> str:
    """What the button carries, so that an order is for the price that a person saw."""
    return "unknown" if price.usd is None else str(price.usd)


def _order(request: DeskRequest, member: Member, form: EvaluationForm, price: Estimate) -> HttpResponse:
    row, candidates = form.priced(member, price), form.candidates()
    after = {
        "models": [with_examples(candidate.model, candidate.few_shot) for candidate in candidates],
        "usd": row.estimate.get("usd"),
    }
    after |= {"cap": str(row.cap_usd) if row.cap_usd else None}
    try:
        with transaction.atomic():
            place(row, candidates)
            audit(request, member.team, "evaluation.ordered", row, after=after)
            nudge(work_evaluation, row.pk)
    except IntegrityError:
        # the second click of a double click: the first one's evaluation is what was meant
        row = get_object_or_404(Evaluation, team=member.team, order_token=row.order_token)
    else:
        messages.success(request, _("The evaluation is ordered. This page follows it by itself."))
    return redirect("evaluation-detail", team=member.team.slug, evaluation=row.uuid)


@require_POST
@trainer_page
def evaluation_price(request: DeskRequest, member: Member) -> HttpResponse:
    """The cost card for the form as it is now; the whole page without htmx."""
    questions = _questions(request, member)
    if questions is None:
        return _choose(request, member)
    return _page(request, member, EvaluationForm(request.POST, team=member.team, questions=questions))


def _page(request: DeskRequest, member: Member, form: EvaluationForm, status: int = 200) -> HttpResponse:
    if not form.is_bound:
        form = _bound(form, member)
    price = form.price(member) if form.is_valid() or (form.cleaned_data.get("chosen") and _is_priced(form)) else None
    if request.htmx or request.method == "GET":
        form.errors.clear()
    context = {
        "form": form,
        "questions": form.questions,
        "groups": grouped(form.offers),
        "chosen": set(form["models"].value() or ()),
        "recorded": form.cleaned_data.get("recorded"),
        "shown": set(form["shots"].value() or ()),
        "files": examples.files_of(form.team).only("uuid", "name", "examples")[:FILES_SHOWN],
        "leaves": _leaves(form),
        "personal": personal_of(form.questions.training_file),
        "examples_found": _findings(form),
        "shows_examples": any(offer.few_shot for offer in form.cleaned_data.get("chosen", ())),
        **_price(form, price),
    }
    template = "jobs/evaluations/evaluation_new.html"
    return render(request, f"{template}#cost" if request.htmx else template, context, status=status)


def _is_priced(form: EvaluationForm) -> bool:
    """All that a price needs is there, although something else is wrong."""
    return all(name in form.cleaned_data for name in ("system_prompt", "max_tokens", "repetitions", "temperature"))


def _bound(form: EvaluationForm, member: Member) -> EvaluationForm:
    """The same form with its first values as if they were typed, so that it has a price."""
    data: dict[str, Any] = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    typed = {name: value for name, value in data.items() if value not in (None, "")}
    lists = MultiValueDict({name: value if isinstance(value, list) else [str(value)] for name, value in typed.items()})
    return EvaluationForm(lists, team=member.team, questions=form.questions)


def _price(form: EvaluationForm, price: Estimate | None) -> dict[str, Any]:
    """A cap that was offered for another price gives way to the one for this."""
    if price is None:
        return {"price": None, "button_price": "", "cap": "", "parts": []}
    shown = shown_price(price)
    typed = form["cap"].value() if form["shown_usd"].value() == shown else None
    rows = [_part(part, offer) for part, offer in zip_longest(price.parts, form.cleaned_data["chosen"])]
    about = {"rate": settings.USD_KRW, "rate_day": settings.USD_KRW_DATE}
    return about | {"price": price, "button_price": shown, "cap": typed or price.cap, "parts": rows}


def _part(part: Part, offer: Offer) -> dict[str, Any]:
    return {"part": part, "offer": offer, "usd": None if part.nano is None else part.nano / NANO}


def _leaves(form: EvaluationForm) -> list[str]:
    """Hosts outside this portal that the questions are sent to."""
    chosen: list[Offer] = form.cleaned_data.get("chosen", [])
    asked = [offer.connection for offer in chosen if not offer.recorded]
    return sorted({connection.host for connection in asked if not connection.about.bundled})


def _findings(form: EvaluationForm) -> Row:
    """The file whose examples leave this portal, and how many of them the check found personal data in."""
    chosen: list[Offer] = form.cleaned_data.get("chosen", [])
    files = [offer.examples for offer in chosen if offer.examples and not offer.connection.about.bundled]
    if not files:
        return {}
    found = [finding for finding in files[0].report.get("findings", []) if personal_kind(str(finding.get("code", "")))]
    return {"file": files[0], "is": personal_of(files[0]), "count": sum(finding["count"] for finding in found)}
