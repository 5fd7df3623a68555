"""One question of an evaluation, whole, with what each model said, beside one of them."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jobs.models import Answer, Candidate, Member, Question
from jobs.pipeline.evaluations import examples
from jobs.pipeline.evaluations.verdicts import compared_with
from jobs.training_data.scoring.messages import as_text
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.evaluations.differences import beside
from jobs.views.evaluations.evaluations import candidates_of, evaluation_of, rows_of
from jobs.views.evaluations.judged import on as judged_on


@require_GET
@viewer_page
def evaluation_question(request: DeskRequest, member: Member, evaluation: UUID, question: int) -> HttpResponse:
    """`?with=`: the place of the model that the others are compared with."""
    found = evaluation_of(request, member, evaluation)
    every = candidates_of(found)
    row = get_object_or_404(Question, pk=question, question_set__in={one.question_set_id for one in every})
    candidates = [one for one in every if one.question_set_id == row.question_set_id]
    near = Question.objects.filter(question_set=row.question_set_id)
    left = _left(candidates, request.GET.get("with", ""))
    context = {
        "evaluation": found,
        "question": row,
        "left": left,
        "cells": _with_prompts(marked(rows_of(candidates, [row])[0]["cells"], left), row),
        "judged": judged_on(found, row),
        "before": near.filter(position__lt=row.position).order_by("-position").first(),
        "after": near.filter(position__gt=row.position).first(),
    }
    return render(request, "jobs/evaluations/evaluation_question.html", context)


def _with_prompts(cells: list[dict[str, Any]], question: Question) -> list[dict[str, Any]]:
    """Each answer of a model with examples with the prompt that it got, as far as their file is there."""
    for cell in cells:
        for answer in cell["answers"] if cell["candidate"].few_shot else ():
            try:
                sent = examples.prompt(cell["candidate"], answer, question.messages)
                answer.sent = {"text": as_text(sent), "json": json.dumps(sent, ensure_ascii=False, indent=2)}
            except examples.GoneError:
                answer.sent = None
    return cells


def _left(candidates: list[Candidate], named: str) -> Candidate | None:
    chosen = [one for one in candidates if str(one.position) == named]
    return chosen[0] if chosen and len(candidates) > 1 else compared_with(candidates)


def marked(cells: list[dict[str, Any]], left: Candidate | None, most: int | None = None) -> list[dict[str, Any]]:
    """The cells, each answer with `shown`, beside the answer of `left` to the same question, in the same repetition.

    Of two models both are marked; of more, `left` stays as it is, and the others show how they differ from it.
    """
    of_left = _answers(cells, lambda one: one == left)
    of_right = _answers(cells, lambda one: one != left) if len(cells) == 2 else {}
    for cell in cells:
        is_left = cell["candidate"] == left
        for answer in cell["answers"]:
            other = (of_right if is_left else of_left).get(answer.repetition)
            answer.shown = beside(answer, other, is_left=is_left, most=most)
    return cells


def _answers(cells: list[dict[str, Any]], wanted: Any) -> dict[int, Answer]:
    return {answer.repetition: answer for cell in cells if wanted(cell["candidate"]) for answer in cell["answers"]}
