"""Stores an order of an evaluation: the row is the order."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from jobs.models import Answer, Candidate, Evaluation, EvaluationKind, QuestionSet
from jobs.pipeline.calls import record
from jobs.run_states import ChunkState

MOST_CANDIDATES = 8  # of a comparison


def place(evaluation: Evaluation, candidates: Sequence[Candidate]) -> Evaluation:
    """Store it with its candidates, and lock their questions. The same order token again is an IntegrityError."""
    return record.place(evaluation, lambda row: _add(row, candidates))


def recorded_answers(questions: QuestionSet) -> QuerySet[Candidate]:
    """Models whose answers to these questions were recorded: they need not be asked again."""
    done = Answer.objects.filter(candidate=OuterRef("pk"), state=ChunkState.DONE)
    rows = Candidate.objects.filter(Exists(done), question_set=questions, evaluation__kind=EvaluationKind.RECORDING)
    return rows.select_related("connection", "evaluation")


def _add(evaluation: Evaluation, candidates: Sequence[Candidate]) -> None:
    for position, candidate in enumerate(candidates):
        candidate.evaluation, candidate.position = evaluation, position
    Candidate.objects.bulk_create(candidates)
    sets = {candidate.question_set_id for candidate in candidates}
    QuestionSet.objects.filter(pk__in=sets, locked_at=None).update(locked_at=timezone.now())
