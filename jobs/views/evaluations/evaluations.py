"""Evaluations: the list, the page of one, and one question of it with all its answers."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jobs.forms.recipe import CapForm
from jobs.models import Answer, Candidate, CandidateKind, Evaluation, Member, Question
from jobs.models.paid import NANO
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.evaluations.estimate import prices_of
from jobs.pipeline.evaluations.promptfoo import can_be_asked
from jobs.pipeline.evaluations.verdicts import MARGINS
from jobs.pipeline.judging.pairs import can_be_judged
from jobs.run_states import RUN_OVER, ChunkState, RunState
from jobs.templatetags.desk import undated
from jobs.verdict_words import in_order, sentence, with_examples
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.listings import listing
from jobs.views.polling import session_fits, signed_out, speak

PAGE, QUESTIONS = 25, 50
VOTED_ON = (RunState.DONE, RunState.CANCELLED)
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
    about = rows.values_list("version", "team__members__user__password").order_by()
    row = about.annotate(judged=Coalesce(Sum("judgings__version"), 0)).first()
    return bool(row and session_fits(request, row[1]) and request.GET.get("since") == str(row[0] + row[2]))


@viewer_page
def _again(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    context = context_of(request, evaluation_of(request, member, evaluation)) | {"oob": True}
    return render(request, "jobs/evaluations/evaluation.html#moving", context)


def candidates_of(evaluation: Evaluation) -> list[Candidate]:
    rows = evaluation.candidates.select_related("connection", "question_set", "tuned_model__job", "examples_file")
    return list(rows.defer("examples_file__report", "examples_file__options"))


def context_of(request: HttpRequest, evaluation: Evaluation) -> dict[str, Any]:
    candidates = candidates_of(evaluation)
    page = QuestionPages(candidates).get_page(request.GET.get("page"))
    judgings = list(evaluation.judgings.select_related("connection"))
    return {
        "evaluation": evaluation,
        "lanes": lanes(candidates),
        "rows": [_best(row, evaluation.verdict.get("measure", "")) for row in rows_of(candidates, page.object_list)],
        "page": page,
        "busy": evaluation.state in BUSY,
        "over": evaluation.state in RUN_OVER,
        "lost": evaluation.unsure,
        "judgings": judgings,
        "since": evaluation.version + sum(one.version for one in judgings),
        "may_judge": can_be_judged(evaluation),
        "judging": any(one.is_active for one in judgings),
        "scoring": evaluation.state == RunState.DONE and evaluation.score_due_at is not None,
        "verdicts": verdicts_of(evaluation, candidates),
        "may_vote": evaluation.done > 1 and len(candidates) > 1 and evaluation.state in VOTED_ON,
        "cap_form": CapForm(initial={"cap": _higher_cap(evaluation)}),
        "sets": {candidate.question_set_id: candidate.question_set for candidate in candidates}.values(),
        "can_promptfoo": any(map(can_be_asked, candidates)),
        "is_parity": any(candidate.kind == CandidateKind.RECORDED for candidate in candidates),
        "is_simulated": any(candidate.engine == "simulated" for candidate in candidates),
    }


def _higher_cap(evaluation: Evaluation) -> str:
    """What would let it go on where its cap stopped it: twice the cap."""
    return "" if evaluation.cap_usd is None else str((evaluation.cap_usd * 2).normalize())


def lanes(candidates: list[Candidate]) -> list[dict[str, Any]]:
    """Each candidate with how far it is and what it has cost, in one query that an index answers alone."""
    counted = {"n": Count("pk"), "sent": Sum("prompt_tokens"), "received": Sum("completion_tokens")}
    grouped = Answer.objects.filter(candidate__in=candidates).values("candidate_id", "state").order_by()
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in grouped.annotate(**counted):
        found[row["candidate_id"]][row["state"]] = row
    return [_lane(candidate, found[candidate.pk]) for candidate in candidates]


def _lane(candidate: Candidate, counted: dict[str, Any]) -> dict[str, Any]:
    counts = {state.value: counted[state]["n"] if state in counted else 0 for state in ChunkState}
    done = counted.get(ChunkState.DONE, {})
    into, out = prices_of(candidate)
    known = None not in (into, out)
    spent = cost_nano(into, done.get("sent") or 0) + cost_nano(out, done.get("received") or 0)
    seen = sum(counts[state] for state in (ChunkState.DONE, ChunkState.FAILED, ChunkState.UNSURE))
    about = {"candidate": candidate, "seen": seen, "total": sum(counts.values()), "figures": _figures(candidate)}
    return about | {"usd": Decimal(spent) / NANO if known else None, **counts}


def _figures(candidate: Candidate) -> dict[str, Any]:
    found = dict(candidate.evaluation.verdict.get("figures", {}).get(str(candidate.position), {}))
    return found | ({"keywords_percent": round(100 * found["coverage"])} if "coverage" in found else {})


def verdicts_of(evaluation: Evaluation, candidates: list[Candidate]) -> list[dict[str, Any]]:
    """Each model that was held against another, with the sentence about it."""
    known = {candidate.position: candidate for candidate in candidates}
    pairs = [pair for pair in in_order(evaluation.verdict) if pair["a"] in known]
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
    names = {candidate: name_of(candidate) for candidate in candidates}
    return [_row(question, names, found) for question in shown]


def _best(row: dict[str, Any], measure: str) -> dict[str, Any]:
    """The row with the one cell marked that is ahead of all others by the measure of the verdict."""
    valued = [(value, cell) for cell in row["cells"] if (value := _value(cell["answers"], measure)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=True)
    if len(valued) > 1 and valued[0][0] - valued[1][0] > MARGINS[measure]:
        valued[0][1]["best"] = measure
    return row


def _value(answers: list[Answer], measure: str) -> float | None:
    scores = answers[0].scores if answers else {}
    if measure == "coverage":
        return scores["covered"] / scores["keywords"] if scores.get("keywords") else None
    return scores.get(measure)


def name_of(candidate: Candidate) -> str:
    """A tuned model by its job: its id is long, and says little."""
    tuned = candidate.tuned_model
    if tuned is None:
        return with_examples(undated(candidate.model), candidate.few_shot)
    step = _("checkpoint at step %(step)s") % {"step": f"{tuned.step:,}"} if tuned.step is not None else ""
    return " · ".join(filter(None, [tuned.job.name, step]))


def _row(question: Question, names: dict[Candidate, str], found: dict[tuple[int, int], list[Answer]]) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {"candidate": one, "name": name, "answers": found.get((question.pk, one.pk), [])} for one, name in names.items()
    ]
    texts = [cell["answers"][0].answer for cell in cells if cell["answers"] and cell["answers"][0].answer]
    return {"question": question, "cells": cells, "alike": len(texts) > 1 and len(set(texts)) == 1}
