"""Before an evaluation asks anything: each question to each candidate becomes a row that knows what it may cost."""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched, zip_longest

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Answer, Candidate, CandidateKind, Evaluation, EvaluationKind
from jobs.pipeline.calls.lease import Lease, LeaseLostError
from jobs.pipeline.evaluations import examples
from jobs.pipeline.evaluations.estimate import bound, overhead
from jobs.pipeline.evaluations.leaking import LEAKED, leaks_of
from jobs.run_states import ChunkState, RunState
from jobs.training_data.scoring.records import Shots

ROWS = 500
UNREAD = gettext_noop("The questions could not be compared with the training file: the process that compares ended.")


def prepare(evaluation: Evaluation) -> None:
    """Make the rows and let the order go. Does nothing where another worker is at it."""
    lease = Lease(evaluation, RunState.PREPARING)
    if not lease.claim():
        return
    try:
        if leaks := leaks_of(evaluation, lease.keep):
            lease.end(RunState.FAILED, trouble=LEAKED, verdict={"leaks": leaks})
        else:
            _make_rows(evaluation, lease, _shots(evaluation, lease))
    except ChildProcessError:  # killed: too much memory, most likely
        lease.end(RunState.FAILED, trouble=UNREAD)
    except LeaseLostError:
        pass  # another worker has it now, or nobody wants it any more


def _shots(evaluation: Evaluation, lease: Lease) -> dict[int, list[Shots]]:
    """Of each candidate that gets examples."""
    showing = evaluation.candidates.filter(few_shot__gt=0).select_related("question_set", "examples_file")
    return {candidate.pk: examples.choose(candidate, lease.keep) for candidate in showing}


def _make_rows(evaluation: Evaluation, lease: Lease, shots: dict[int, list[Shots]]) -> None:
    evaluation.answers.all().delete()  # of a worker that died
    found = done = 0
    for some in batched(_rows(evaluation, shots), ROWS, strict=False):
        Answer.objects.bulk_create(some)
        found += len(some)
        done += sum(row.state == ChunkState.DONE for row in some)
        lease.keep(total=found)
    if found > done:
        lease.end(RunState.RUNNING, total=found, done=done)
    else:
        lease.end(RunState.DONE, total=found, done=done, score_due_at=score_due(evaluation))


def score_due(evaluation: Evaluation) -> datetime | None:
    """When an evaluation that ends now is scored: a recording is compared later, with what it was made for."""
    return timezone.now() if evaluation.kind == EvaluationKind.COMPARISON else None


def _rows(evaluation: Evaluation, shots: dict[int, list[Shots]]) -> Iterator[Answer]:
    position = 0
    for candidate in evaluation.candidates.select_related("connection", "question_set"):
        asked = shots.get(candidate.pk, [])
        rows = _recorded(evaluation, candidate) if candidate.recorded else _questions(evaluation, candidate, asked)
        for row in rows:
            row.position = position
            position += 1
            yield row


def _questions(evaluation: Evaluation, candidate: Candidate, shots: list[Shots]) -> Iterator[Answer]:
    before = overhead(candidate)
    questions = candidate.question_set.questions.values_list("pk", "tokens")
    for (number, tokens), shown in zip_longest(questions, shots):
        most = tokens + before + (shown.tokens if shown else 0)
        for repetition in range(evaluation.repetitions):
            yield Answer(
                evaluation=evaluation,
                candidate=candidate,
                question_id=number,
                repetition=repetition,
                examples=examples.stored(shown),
                most_prompt_tokens=most,
                bound_nano=bound(candidate, most, evaluation.max_tokens),
            )


KEPT = ("answer", "flags", "finish_reason", "model_named", "seconds", "answered_at", "prompt_tokens")


def _recorded(evaluation: Evaluation, candidate: Candidate) -> Iterator[Answer]:
    """The answers of an earlier evaluation, as they came; nothing is asked."""
    if candidate.kind != CandidateKind.RECORDED or candidate.recorded is None:
        raise ValueError(f"candidate {candidate.pk} is not recorded")
    for kept in candidate.recorded.answers.filter(state=ChunkState.DONE).iterator(ROWS):
        copied = {name: getattr(kept, name) for name in (*KEPT, "completion_tokens", "question_id", "repetition")}
        yield Answer(evaluation=evaluation, candidate=candidate, state=ChunkState.DONE, odd=kept.odd, **copied)
