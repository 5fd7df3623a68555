"""Which answers are judged against which: those of each model against those of one (`compared_with`)."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import batched
from typing import NamedTuple

from jobs.models import Answer, Candidate, Evaluation, EvaluationKind, Question
from jobs.pipeline.evaluations.verdicts import compared_with
from jobs.run_states import ChunkState, RunState

QUESTIONS = 100  # read at once


class Pair(NamedTuple):
    question: Question
    a: Answer
    b: Answer

    @property
    def is_same(self) -> bool:
        """Word for word: a tie that nobody needs to be paid for."""
        return self.a.answer.strip() == self.b.answer.strip()


def can_be_judged(evaluation: Evaluation) -> bool:
    is_over = evaluation.kind == EvaluationKind.COMPARISON and evaluation.state == RunState.DONE
    return is_over and evaluation.done > 1 and evaluation.candidates.count() > 1


def pairs_of(evaluation: Evaluation) -> Iterator[Pair]:
    """By question, repetition and model. What failed, is empty or was emptied is in none."""
    candidates = list(evaluation.candidates.all())
    other = compared_with(candidates)
    if other is None:
        return
    rows = Question.objects.filter(question_set=other.question_set_id).exclude(messages=[]).order_by("position")
    for questions in batched(rows.iterator(QUESTIONS), QUESTIONS, strict=False):
        yield from _of_some(questions, candidates, other)


def _of_some(questions: tuple[Question, ...], candidates: list[Candidate], other: Candidate) -> Iterator[Pair]:
    known = {question.pk: question for question in questions}
    answers = Answer.objects.filter(candidate__in=candidates, question__in=known, state=ChunkState.DONE)
    found: dict[tuple[int, int], dict[int, Answer]] = defaultdict(dict)
    for answer in answers.exclude(answer="").order_by("question__position", "repetition"):
        found[answer.question_id, answer.repetition][answer.candidate_id] = answer
    for (question, _repetition), of in found.items():
        yield from (
            Pair(known[question], of[one.pk], of[other.pk])
            for one in candidates
            if one.pk != other.pk and one.pk in of and other.pk in of
        )
