"""Scores the answers of an evaluation that is done, in a process of its own, and draws its verdict."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Answer, Candidate, Evaluation, Question
from jobs.pipeline.evaluations.leaking import seen_by
from jobs.pipeline.evaluations.verdicts import verdict_of
from jobs.pipeline.evaluations.voting import count
from jobs.run_states import ChunkState
from jobs.training_data.languages import language_of
from jobs.training_data.scoring.messages import last_question
from jobs.training_data.scoring.orders import Given, Scored
from jobs.training_data.scoring.process import score_answers

LEASE = timedelta(seconds=120)
KEEP_SECONDS = 10.0
ROWS = 200
AT_ONCE = 5  # evaluations a tick
ENDED = gettext_noop("The answers could not be scored: the process that scores them ended. They are all here.")


class LeaseLostError(Exception):
    """Another worker scores it now, or it goes on: more answers are to come."""


class Lease:
    """One worker's right to score one evaluation: `score_due_at` holds it, and shows whose it is."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.pk = evaluation.pk
        self.until: datetime | None = evaluation.score_due_at
        self.written = 0.0

    def write(self, **fields: Any) -> None:
        """Store `fields` and a new lease. Raises LeaseLostError."""
        fields = {"score_due_at": timezone.now() + LEASE} | fields
        if not Evaluation.objects.filter(pk=self.pk, score_due_at=self.until).update(**fields):
            raise LeaseLostError
        self.until, self.written = fields["score_due_at"], time.monotonic()

    def keep(self) -> None:
        if time.monotonic() - self.written >= KEEP_SECONDS:
            self.write()


def due() -> list[int]:
    rows = Evaluation.objects.filter(score_due_at__lte=timezone.now()).order_by("score_due_at")
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def score(evaluation: Evaluation) -> None:
    """Score one that is due: only answers that have no scores yet. Does nothing where another worker does."""
    if evaluation.score_due_at is None or evaluation.score_due_at > timezone.now():
        return
    lease = Lease(evaluation)
    try:
        lease.write()
        for candidate in evaluation.candidates.select_related("tuned_model__job__training_file", "examples_file"):
            _score(candidate, lease)
        _end(lease, verdict_of(evaluation))
    except LeaseLostError:
        pass  # whichever worker has it now stores what it finds
    except ChildProcessError:  # killed: too much memory, most likely
        _end(lease, {"trouble": ENDED})


def _end(lease: Lease, verdict: dict[str, Any]) -> None:
    with transaction.atomic():
        lease.write(verdict=verdict, score_due_at=None)
        count(Evaluation.objects.get(pk=lease.pk))  # what people and judges say, with the new figures


def _score(candidate: Candidate, lease: Lease) -> None:
    rows = candidate.answers.filter(state=ChunkState.DONE, scores={}).select_related("question").order_by("position")
    waiting = {str(answer.pk): answer for answer in rows.defer("evaluation")}
    if not waiting:
        return
    found = _scored(candidate, [_given(answer) for answer in waiting.values()], lease.keep)
    for some in batched(found, ROWS, strict=False):
        answers = [waiting[scored.key] for scored in some]
        for answer, scored in zip(answers, some, strict=True):
            answer.scores = as_stored(scored, _expected(answer.question))
        lease.keep()
        Answer.objects.bulk_update(answers, ["scores"])


def _scored(candidate: Candidate, given: list[Given], keep: Callable[[], object]) -> Iterator[Scored]:
    file = seen_by(candidate)
    try:
        yield from score_answers(given, file.path if file else None, keep=keep)
    except FileNotFoundError:  # the training file was deleted in this very moment
        yield from score_answers(given, keep=keep)


def _given(answer: Answer) -> Given:
    question = answer.question
    about = {"reference": question.reference or None, "finish_reason": answer.finish_reason or None}
    return Given(key=str(answer.pk), question=question.messages, answer=answer.answer, **about)


def _expected(question: Question) -> str:
    """The language of the good answer, or else of the question; empty where none can be seen."""
    return language_of(question.reference or last_question(question.messages)) or ""


def as_stored(scored: Scored, expected: str) -> dict[str, Any]:
    """Fit for a JSON column; what is not known is left out. `expected`: the language of a good answer."""
    scores, copying = scored.scores, scored.copying
    found: dict[str, Any] = {"characters": scores.characters, "language": scores.language}
    found |= {"repetition": round(scores.repetition, 4)}
    found |= {name: True for name in ("loops", "refusal", "empty", "cut") if getattr(scores, name)}
    if expected and scores.language and scores.language != expected:
        found["foreign"] = True
    if scores.chrf is not None:
        found["chrf"] = round(scores.chrf, 2)
    if scores.coverage:
        found |= {"keywords": scores.coverage.keywords, "covered": scores.coverage.covered}
        found["missing"] = list(scores.coverage.missing)
    if copying:
        found |= {"copy": copying.letters, "copy_span": [copying.start, copying.end], "copy_line": copying.line}
        found["copied"] = copying.copied
    return found
