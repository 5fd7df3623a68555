"""Evaluations: the list, the page of one, and one question of it with all its answers."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.views.decorators.http import require_GET

from jobs.forms.recipe import CapForm
from jobs.models import Answer, Candidate, Evaluation, Member, Question
from jobs.models.paid import NANO
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.evaluations.estimate import prices_of
from jobs.run_states import RUN_OVER, ChunkState, RunState
from jobs.training_data.scoring.messages import composed
from jobs.verdict_words import sentence
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.listings import listing
from jobs.views.polling import session_fits, signed_out, speak

PAGE, QUESTIONS = 25, 50
BUSY = (RunState.NEW, RunState.PREPARING, RunState.RUNNING)


def evaluations_of(request: HttpRequest, member: Member) -> QuerySet[Evaluation]:
    rows = Evaluation.objects.visible_to(request.user).filter(team=member.team)
    return rows.select_related("team", "created_by", "job")


def evaluation_of(request: HttpRequest, member: Member, uuid: UUID) -> Evaluation:
    """An evaluation of the member's team, or 404."""
    return get_object_or_404(evaluations_of(request, member), uuid=uuid)


@require_GET
@viewer_page
def evaluation_list(request: DeskRequest, member: Member) -> HttpResponse:
    """Newest first. While one of them moves the list asks for news, and gets 204 until there is any."""
    rows = evaluations_of(request, member).prefetch_related("candidates")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    busy = any(one.state in BUSY for one in page.object_list)
    shown = ((one.pk, one.version) for one in page.object_list)
    return listing(request, "jobs/evaluations/evaluation_list.html", shown, {"page": page, "busy": busy})


@require_GET
@viewer_page
def evaluation_detail(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    found = evaluation_of(request, member, evaluation)
    return render(request, "jobs/evaluations/evaluation.html", context_of(request, found))


@login_not_required  # the query asks for the same things, see polling.py; what follows asks again
@require_GET
def evaluation_poll(request: HttpRequest, team: str, evaluation: UUID) -> HttpResponse:
    """204 while the page shows what there is; else its moving parts."""
    if SESSION_KEY not in request.session:
        return signed_out(request)
    if _is_current(request, team, evaluation):
        return HttpResponse(status=204)
    speak(request)
    return _again(request, team, evaluation=evaluation)


def _is_current(request: HttpRequest, team: str, evaluation: UUID) -> bool:
    me = {"team__members__user_id": request.session[SESSION_KEY], "team__members__user__is_active": True}
    rows = Evaluation.objects.filter(uuid=evaluation, team__slug=team, **me)
    row = rows.values_list("version", "team__members__user__password").first()
    return bool(row and session_fits(request, row[1]) and request.GET.get("since") == str(row[0]))


@viewer_page
def _again(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    context = context_of(request, evaluation_of(request, member, evaluation)) | {"oob": True}
    return render(request, "jobs/evaluations/evaluation.html#moving", context)


def context_of(request: HttpRequest, evaluation: Evaluation) -> dict[str, Any]:
    candidates = list(evaluation.candidates.select_related("connection", "question_set", "tuned_model__job"))
    page = QuestionPages(candidates).get_page(request.GET.get("page"))
    return {
        "evaluation": evaluation,
        "lanes": lanes(evaluation, candidates),
        "rows": rows_of(candidates, page.object_list),
        "page": page,
        "busy": evaluation.state in BUSY,
        "over": evaluation.state in RUN_OVER,
        "lost": evaluation.unsure,
        "scoring": evaluation.state == RunState.DONE and evaluation.score_due_at is not None,
        "verdicts": verdicts_of(evaluation, candidates),
        "cap_form": CapForm(initial={"cap": _higher_cap(evaluation)}),
        "sets": {candidate.question_set_id: candidate.question_set for candidate in candidates}.values(),
        "is_simulated": any(candidate.engine == "simulated" for candidate in candidates),
    }


def _higher_cap(evaluation: Evaluation) -> str:
    """What would let it go on where its cap stopped it: twice the cap."""
    return "" if evaluation.cap_usd is None else str((evaluation.cap_usd * 2).normalize())


def lanes(evaluation: Evaluation, candidates: list[Candidate]) -> list[dict[str, Any]]:
    """Each candidate with how far it is and what it has cost, in one query."""
    state = {state.value: Count("pk", filter=Q(state=state)) for state in ChunkState}
    tokens = {name: Sum(name, filter=Q(state=ChunkState.DONE)) for name in ("prompt_tokens", "completion_tokens")}
    grouped = Answer.objects.filter(evaluation=evaluation).values("candidate_id").order_by("candidate_id")
    found: dict[int, dict[str, Any]] = {
        row["candidate_id"]: {**row} for row in grouped.annotate(total=Count("pk"), **state, **tokens)
    }
    return [_lane(candidate, found.get(candidate.pk, {})) for candidate in candidates]


def _lane(candidate: Candidate, counts: dict[str, Any]) -> dict[str, Any]:
    into, out = prices_of(candidate)
    known = None not in (into, out)
    spent = cost_nano(into, counts.get("prompt_tokens") or 0) + cost_nano(out, counts.get("completion_tokens") or 0)
    seen = sum(counts.get(state, 0) for state in (ChunkState.DONE, ChunkState.FAILED, ChunkState.UNSURE))
    usd = Decimal(spent) / NANO if known else None
    return {"candidate": candidate, "seen": seen, "usd": usd, "figures": _figures(candidate), **counts}


def _figures(candidate: Candidate) -> dict[str, Any]:
    found = dict(candidate.evaluation.verdict.get("figures", {}).get(str(candidate.position), {}))
    return found | ({"keywords_percent": round(100 * found["coverage"])} if "coverage" in found else {})


def verdicts_of(evaluation: Evaluation, candidates: list[Candidate]) -> list[dict[str, Any]]:
    """Each model that was held against another, with the sentence about it."""
    known = {candidate.position: candidate for candidate in candidates}
    pairs = [pair for pair in evaluation.verdict.get("pairs", []) if pair["a"] in known]
    return [pair | {"candidate": known[pair["a"]], "sentence": sentence(pair)} for pair in pairs]


class QuestionPages(Paginator):  # type: ignore[type-arg]  # not generic while running
    """Pages the questions of all candidates; how many there are is on their sets already."""

    def __init__(self, candidates: list[Candidate]) -> None:
        sets = {candidate.question_set_id: candidate.question_set for candidate in candidates}
        self._sets = sets
        rows = Question.objects.filter(question_set__in=sets).order_by("question_set_id", "position")
        super().__init__(rows, QUESTIONS)

    @cached_property
    def count(self) -> int:
        return sum(one.count for one in self._sets.values())


def rows_of(candidates: list[Candidate], questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Each question with a cell for each candidate that it is put to, in one query."""
    shown = list(questions)
    found: dict[tuple[int, int], list[Answer]] = defaultdict(list)
    rows = Answer.objects.filter(candidate__in=candidates, question__in=shown).order_by("repetition")
    for answer in rows.defer("evaluation"):
        found[answer.question_id, answer.candidate_id].append(answer)
    return [_row(question, candidates, found) for question in shown]


def _row(question: Question, candidates: list[Candidate], found: dict[tuple[int, int], list[Answer]]) -> dict[str, Any]:
    cells = [{"candidate": one, "answers": found.get((question.pk, one.pk), [])} for one in candidates]
    texts = [cell["answers"][0].answer for cell in cells if cell["answers"] and cell["answers"][0].answer]  # type: ignore[index]
    return {"question": question, "cells": cells, "alike": len(texts) > 1 and len(set(texts)) == 1}


@require_GET
@viewer_page
def evaluation_question(request: DeskRequest, member: Member, evaluation: UUID, question: int) -> HttpResponse:
    """One question, whole, with what each model said."""
    found = evaluation_of(request, member, evaluation)
    candidates = list(found.candidates.select_related("connection", "question_set", "tuned_model__job"))
    sets = {candidate.question_set_id for candidate in candidates}
    row = get_object_or_404(Question, pk=question, question_set__in=sets)
    near = Question.objects.filter(question_set=row.question_set_id)
    context = {
        "evaluation": found,
        "question": row,
        "cells": [_marked(cell) for cell in rows_of(candidates, [row])[0]["cells"]],
        "before": near.filter(position__lt=row.position).order_by("-position").first(),
        "after": near.filter(position__gt=row.position).first(),
    }
    return render(request, "jobs/evaluations/evaluation_question.html", context)


def _marked(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell, each answer with its parts: text, and whether it is copied from the training file."""
    for answer in cell["answers"]:
        text = composed(answer.answer)
        start, end = answer.scores.get("copy_span", (0, 0)) if answer.scores.get("copied") else (0, 0)
        parts = [(text[:start], False), (text[start:end], True), (text[end:], False)]
        answer.parts = [part for part in parts if part[0]]
    return cell
