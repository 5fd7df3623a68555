"""What is printed of an evaluation: what was asked of whom, what it cost, what follows, and the first answers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.views.decorators.http import require_GET

from jobs.models import Candidate, CandidateKind, Evaluation, EvaluationKind, Member, Question, RemoteModel
from jobs.pipeline.evaluations.verdicts import compared_with
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.evaluations.evaluations import evaluation_of, lanes, rows_of, verdicts_of
from jobs.views.evaluations.question import marked

NAMES = {"ko": "한국어", "en": "English"}  # each in itself
HEAVY = ("connection__models_seen", "examples_file__report", "examples_file__options")
MOST_ANSWERS = 120  # of all candidates together: some thirty pages of paper
MOST_QUESTIONS = 60
MOST_MODELS = 40  # of a recording
MOST_CHARACTERS = 1_500  # of an answer


@require_GET
@viewer_page
def evaluation_report(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    found = evaluation_of(request, member, evaluation)
    models = RemoteModel.objects.filter(team=member.team, comparison=found).select_related("signed_by")
    back = reverse("evaluation-detail", args=[member.team.slug, found.uuid])
    with chosen_language(request):
        return printed(request, {"title": found.name, "back": back, "signed": list(models)} | about(request, found))


@contextmanager
def chosen_language(request: HttpRequest) -> Iterator[None]:
    """The one that `?language=` names, else the reader's."""
    wanted = request.GET.get("language", "")
    with override(wanted if wanted in NAMES else get_language()):
        yield


def printed(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The page, in the language that is spoken now."""
    languages = [(code, name, code == get_language()) for code, name in NAMES.items()]
    page = render(request, "jobs/evaluations/report.html", {"languages": languages, "now": timezone.now()} | context)
    page["Content-Language"] = str(get_language())
    return page


def about(request: HttpRequest, evaluation: Evaluation) -> dict[str, Any]:
    """All that the report says of an evaluation, in a fixed number of queries."""
    related = ("connection", "question_set", "tuned_model__job", "examples_file")
    rows = evaluation.candidates.select_related(*related).defer(*HEAVY)
    every = list(rows[:MOST_MODELS])
    left = None if evaluation.kind == EvaluationKind.RECORDING else compared_with(every)
    questions = list(_questions(evaluation, every))
    sets = {one.question_set_id: one.question_set for one in every}
    count = sum(one.count for one in sets.values())
    return {
        "evaluation": evaluation,
        "lanes": lanes(every),
        "left": left,
        "sets": sets.values(),
        "prompts": _prompts(every),
        "judgings": list(evaluation.judgings.select_related("connection").defer("connection__models_seen")),
        "verdicts": [pair | _percents(pair) for pair in verdicts_of(evaluation, every)],
        "rows": [_row(row, left) for row in rows_of(every, questions)],
        "shown": len(questions),
        "count": count,
        "left_out": max(0, count - len(questions)),
        "more_models": max(0, evaluation.candidates.count() - MOST_MODELS) if len(every) == MOST_MODELS else 0,
        "most_characters": MOST_CHARACTERS,
        "csv": request.build_absolute_uri(reverse("evaluation-csv", args=[evaluation.team.slug, evaluation.uuid])),
        "is_parity": any(one.kind == CandidateKind.RECORDED for one in every),
        "is_simulated": any(one.engine == "simulated" for one in every),
    }


def _percents(pair: dict[str, Any]) -> dict[str, int]:
    return {f"{name}_percent": round(100 * (pair[name] or 0)) for name in ("share", "low", "high")}


def _questions(evaluation: Evaluation, candidates: list[Candidate]) -> list[Question]:
    """The first, as far as their answers fit."""
    models = Counter(one.question_set_id for one in candidates)
    each = max(models.values(), default=1) * evaluation.repetitions
    rows = Question.objects.filter(question_set__in=models).order_by("question_set_id", "position")
    return list(rows[: max(1, min(MOST_QUESTIONS, MOST_ANSWERS // each))])


def _prompts(candidates: list[Candidate]) -> list[str]:
    """The system prompts, each once."""
    return list(dict.fromkeys(one.system_prompt for one in candidates if one.system_prompt))


def _row(row: dict[str, Any], left: Candidate | None) -> dict[str, Any]:
    """The question with the answers that were given to it, what they are compared with first."""
    cells = [cell for cell in row["cells"] if cell["answers"]]
    for cell in marked(cells, left, MOST_CHARACTERS):
        for answer in cell["answers"]:
            answer.more = max(0, len(answer.answer) - MOST_CHARACTERS)
    return row | {"cells": sorted(cells, key=lambda cell: cell["candidate"] != left)}
