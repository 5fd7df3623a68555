"""Questions that a model was trained on: what is measured on them says nothing about new texts."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_noop

from jobs.models import Candidate, CandidateKind, Evaluation, EvaluationKind, Question, TrainingFile
from jobs.training_data.scoring.process import find_leaks

LEAKED = gettext_noop(
    "Some of the questions, or nearly the same ones, are in the training file of a model. Its answers to them would "
    "say nothing about new texts, so nothing was sent. Choose other questions."
)
LINES_SHOWN = 5


def leaks_of(evaluation: Evaluation, keep: Callable[[], object]) -> list[dict[str, Any]]:
    """For each model that knows some of the questions: how many, and lines of its file. Empty where none does.

    A recording, and a comparison with recorded answers, may have any questions: they show whether two models answer
    alike.
    """
    candidates = list(evaluation.candidates.select_related("tuned_model__job__training_file"))
    is_parity = any(candidate.kind == CandidateKind.RECORDED for candidate in candidates)
    if evaluation.kind == EvaluationKind.RECORDING or is_parity:
        return []
    known: dict[tuple[int, int], list[int]] = {}
    found = []
    for candidate in candidates:
        file = trained_on(candidate)
        if file is None:
            continue
        key = (file.pk, candidate.question_set_id)
        if key not in known:
            known[key] = _lines(file, candidate.question_set_id, keep)
        if lines := known[key]:
            about = {"model": candidate.model, "file": file.name, "lines": lines[:LINES_SHOWN]}
            found.append(about | {"questions": len(lines)})
    return found


def trained_on(candidate: Candidate) -> TrainingFile | None:
    """The file that a candidate's model was trained on, where it is here."""
    return _here(candidate.tuned_model.job.training_file if candidate.tuned_model else None)


def seen_by(candidate: Candidate) -> TrainingFile | None:
    """What a candidate's answers may be copied from: what it was trained on, or what its examples come from."""
    return _here(candidate.examples_file) if candidate.few_shot else trained_on(candidate)


def _here(file: TrainingFile | None) -> TrainingFile | None:
    return file if file and not file.deleted_at and file.content else None


def _lines(file: TrainingFile, questions: int, keep: Callable[[], object]) -> list[int]:
    messages = list(Question.objects.filter(question_set=questions).values_list("messages", flat=True))
    try:
        return [leak.line for leak in find_leaks(file.path, messages, keep=keep)]
    except FileNotFoundError:  # deleted in this very moment
        return []
