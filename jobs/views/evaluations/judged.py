"""The replies of judges: as rows of a download, and each as pages show it."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from jobs.models import Candidate, Evaluation, Judging, Judgment, Question
from jobs.pipeline.spreadsheets import Row
from jobs.training_data.scoring.messages import as_text
from jobs.views.evaluations.evaluations import name_of

ROWS = 500
JUDGED = (
    *("judge", "question", "repetition", "first", "second", "state", "vote", "no_vote", "reply", "trouble"),
    *("finish_reason", "model_named", "seconds", "answered_at", "prompt_tokens", "completion_tokens"),
)


def pages(judging: Judging) -> Iterator[list[Judgment]]:
    """Each page is a query of its own: under ASGI a cursor would outlive the thread that opened it."""
    rows = judging.judgments.select_related("a__question", "a__candidate", "b__candidate").order_by("position")
    page = list(rows[:ROWS])
    while page:
        yield page
        page = list(rows.filter(position__gt=page[-1].position)[:ROWS])


def facts(judging: Judging, one: Judgment) -> dict[str, Any]:
    """`vote`: "first", "second" or "tie", by the order in which the answers were shown."""
    first, second = _named(one.a.candidate), _named(one.b.candidate)
    if one.in_reverse:
        first, second = second, first
    about = {"judge": judging.model, "question": as_text(one.a.question.messages), "repetition": one.a.repetition + 1}
    about |= {"first": first, "second": second, "reply": one.answer}
    about |= {"answered_at": one.answered_at.isoformat() if one.answered_at else None}
    return {name: about[name] if name in about else getattr(one, name) for name in JUDGED}


def _named(candidate: Candidate) -> str:
    """By its model; one with examples is another than the same without."""
    return f"{candidate.model} (few-shot {candidate.few_shot})" if candidate.few_shot else candidate.model


def cells(judging: Judging, one: Judgment) -> Row:
    return ["" if value is None else value for value in facts(judging, one).values()]


def of_evaluation(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    for judging in evaluation.judgings.order_by("created_at", "pk"):
        for page in pages(judging):
            yield from (facts(judging, one) for one in page)


def about(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = evaluation.judgings.select_related("connection").order_by("created_at", "pk")
    named = ("model", "engine", "state", "rubric", "max_tokens", "of_candidates")
    return [{name: getattr(row, name) for name in named} | {"connection": row.connection.name} for row in rows]


class Shown:
    """One reply, with the models that it is about by name, in the order in which it saw their answers."""

    def __init__(self, judgment: Judgment) -> None:
        a, b = name_of(judgment.a.candidate), name_of(judgment.b.candidate)
        self.judgment, self.question = judgment, judgment.a.question
        self.first, self.second = (b, a) if judgment.in_reverse else (a, b)
        self.preferred = {"a": a, "b": b}.get(judgment.prefers, "")


RELATED = ("a__question", "a__candidate__tuned_model__job", "b__candidate__tuned_model__job")


def on(evaluation: Evaluation, question: Question) -> list[tuple[Judging, list[Shown]]]:
    """What each judge replied about the answers to one question, the newest judge first, in one query."""
    rows = Judgment.objects.filter(judging__evaluation=evaluation, a__question=question)
    rows = rows.select_related("judging", *RELATED).order_by("-judging_id", "position")
    grouped = groupby(rows, key=lambda one: one.judging)
    return [(judging, [Shown(one) for one in some]) for judging, some in grouped]
