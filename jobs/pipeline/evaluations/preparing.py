"""Before an evaluation asks anything: each question to each candidate becomes a row that knows what it may cost."""

from collections.abc import Iterator
from itertools import batched

from jobs.models import Answer, Candidate, CandidateKind, Evaluation
from jobs.pipeline.calls.lease import Lease, LeaseLostError
from jobs.pipeline.evaluations.estimate import bound, overhead
from jobs.run_states import ChunkState, RunState

ROWS = 500


def prepare(evaluation: Evaluation) -> None:
    """Make the rows and let the order go. Does nothing where another worker is at it."""
    lease = Lease(evaluation, RunState.PREPARING)
    if not lease.claim():
        return
    try:
        evaluation.answers.all().delete()  # of a worker that died
        found = done = 0
        for some in batched(_rows(evaluation), ROWS, strict=False):
            Answer.objects.bulk_create(some)
            found += len(some)
            done += sum(row.state == ChunkState.DONE for row in some)
            lease.keep(total=found)
        lease.end(RunState.RUNNING if found > done else RunState.DONE, total=found, done=done)
    except LeaseLostError:
        pass  # another worker has it now, or nobody wants it any more


def _rows(evaluation: Evaluation) -> Iterator[Answer]:
    position = 0
    for candidate in evaluation.candidates.select_related("connection", "question_set"):
        rows = _recorded(evaluation, candidate) if candidate.recorded else _questions(evaluation, candidate)
        for row in rows:
            row.position = position
            position += 1
            yield row


def _questions(evaluation: Evaluation, candidate: Candidate) -> Iterator[Answer]:
    before = overhead(candidate)
    for number, tokens in candidate.question_set.questions.values_list("pk", "tokens"):
        for repetition in range(evaluation.repetitions):
            yield Answer(
                evaluation=evaluation,
                candidate=candidate,
                question_id=number,
                repetition=repetition,
                most_prompt_tokens=tokens + before,
                bound_nano=bound(candidate, tokens + before, evaluation.max_tokens),
            )


KEPT = ("answer", "flags", "finish_reason", "model_named", "seconds", "answered_at", "prompt_tokens")


def _recorded(evaluation: Evaluation, candidate: Candidate) -> Iterator[Answer]:
    """The answers of an earlier evaluation, as they came; nothing is asked."""
    if candidate.kind != CandidateKind.RECORDED or candidate.recorded is None:
        raise ValueError(f"candidate {candidate.pk} is not recorded")
    for kept in candidate.recorded.answers.filter(state=ChunkState.DONE).iterator(ROWS):
        copied = {name: getattr(kept, name) for name in (*KEPT, "completion_tokens", "question_id", "repetition")}
        yield Answer(evaluation=evaluation, candidate=candidate, state=ChunkState.DONE, odd=kept.odd, **copied)
