"""The calls of an evaluation: a lane for each candidate, and what an error of its service means for it."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Answer, Candidate, CandidateState, Evaluation
from jobs.pipeline.calls.caller import OPEN, Caller
from jobs.pipeline.calls.ledger import Lane, Ledger
from jobs.pipeline.calls.record import grant, move
from jobs.pipeline.calls.reply import Reply
from jobs.pipeline.collect import may_still_come
from jobs.pipeline.evaluations.estimate import prices_of
from jobs.pipeline.evaluations.examples import sendable
from jobs.pipeline.evaluations.preparing import score_due
from jobs.pipeline.park import blame
from jobs.pipeline.record import backoff
from jobs.provider import Json, ProviderError
from jobs.run_states import ChunkState, Flag, RunState

MOST_UNANSWERED = 5  # in a row: each may have been paid
SILENT = gettext_noop(
    "The service left several questions in a row without an answer. Each may have been paid, so this model is asked "
    "nothing more until you let it go on."
)
CONNECTION_GONE = gettext_noop("Its connection was deleted, so nothing more can be sent to this model.")
ANSWERS = Ledger(Evaluation, Answer, "evaluation_id", frozenset({"candidate_id", "question_id", "repetition"}))


class CandidateCalls(Caller[Evaluation, Answer]):
    """The questions of one evaluation to one candidate."""

    def __init__(self, candidate: Candidate) -> None:
        lane = Lane(" AND candidate_id = %s", (candidate.pk,))
        super().__init__(candidate.evaluation, ANSWERS, candidate.connection, lane)
        self.candidate = candidate

    def request(self, call: Answer) -> Json:
        return request_for(self.order, self.candidate, sendable(self.candidate, call, call.question.messages))

    def flags(self, call: Answer, reply: Reply) -> list[str]:
        if not reply.text:
            return [Flag.EMPTY.value]
        return [Flag.CUT.value] if reply.finish_reason == "length" else []

    def price(self) -> tuple[Decimal | None, Decimal | None]:
        return prices_of(self.candidate)

    def columns(self, reply: Reply, seconds: float) -> dict[str, Any]:
        about = {"finish_reason": reply.finish_reason, "model_named": reply.model}
        return about | {"seconds": round(seconds, 3), "answered_at": timezone.now()}

    def of_order(self) -> dict[str, Any]:
        if self.candidate.tries or self.candidate.trouble:  # the service speaks again
            self.candidate.tries, self.candidate.trouble = 0, ""
            Candidate.objects.filter(pk=self.candidate.pk).update(tries=0, trouble="", wait_until=None)
        return {}

    def wait(self, error: ProviderError) -> None:
        candidate = self.candidate
        resting = blame(self.connection, error)
        rows = Candidate.objects.filter(pk=candidate.pk, state=CandidateState.OPEN)
        with transaction.atomic():
            rows.update(tries=F("tries") + 1, trouble=str(error))
            Evaluation.objects.filter(pk=self.order.pk).update(version=F("version") + 1)
        candidate.refresh_from_db()
        if resting or candidate.state != CandidateState.OPEN:
            return
        if self._may_still_come(error):
            rows.update(wait_until=timezone.now() + backoff(candidate.tries, error))
        elif error.status in (403, 404):
            refuse(candidate, error)
        elif error.permanent or (error.reached and candidate.tries >= MOST_UNANSWERED):
            rows.update(state=CandidateState.STOPPED, trouble=str(error) if error.permanent else SILENT)
        else:
            rows.update(wait_until=timezone.now() + backoff(candidate.tries, error))

    def _may_still_come(self, error: ProviderError) -> bool:
        tuned = self.candidate.tuned_model
        return tuned is not None and may_still_come(tuned.job, error)

    def settle(self) -> None:
        settle(self.order)


def request_for(evaluation: Evaluation, candidate: Candidate, messages: list[Json]) -> Json:
    """The body of the call."""
    body = {"model": candidate.model, "messages": messages}
    return body | {"temperature": evaluation.temperature, "max_tokens": evaluation.max_tokens}


def refuse(candidate: Candidate, error: ProviderError) -> None:
    """The service has no such model, or not for this key: what was not asked yet fails, and the others go on."""
    refused = {"state": CandidateState.REFUSED, "trouble": str(error), "refused_by": error.status}
    Candidate.objects.filter(pk=candidate.pk).update(**refused)
    candidate.refresh_from_db()
    _fail_waiting(candidate)


@transaction.atomic
def _fail_waiting(candidate: Candidate) -> None:
    Evaluation.objects.select_for_update().get(pk=candidate.evaluation_id)
    waiting = candidate.answers.filter(state=ChunkState.WAITING)
    count = waiting.update(state=ChunkState.FAILED, odd=True, trouble=candidate.trouble)
    rows = Evaluation.objects.filter(pk=candidate.evaluation_id)
    rows.update(failed=F("failed") + count, version=F("version") + 1)


def let_go_on(evaluation: Evaluation) -> None:
    """By the word of a person: candidates that were stopped are asked again."""
    stopped = evaluation.candidates.filter(state=CandidateState.STOPPED)
    stopped.update(state=CandidateState.OPEN, tries=0, trouble="", wait_until=None)


def settle(evaluation: Evaluation) -> None:
    """End the order once nothing is left to be asked; pause it where all that is left waits for a person."""
    evaluation.refresh_from_db()
    if evaluation.state != RunState.RUNNING or grant(evaluation):
        return
    # a call that was under way while its candidate was refused has come back since
    stranded = evaluation.candidates.filter(state=CandidateState.REFUSED, answers__state=ChunkState.WAITING)
    for candidate in stranded.distinct():
        _fail_waiting(candidate)
    lost = evaluation.candidates.filter(state=CandidateState.OPEN, connection__deleted_at__isnull=False)
    lost.update(state=CandidateState.STOPPED, trouble=CONNECTION_GONE)
    left = evaluation.answers.filter(state__in=OPEN)
    movable = Q(state=ChunkState.CLAIMED) | Q(candidate__state=CandidateState.OPEN)
    if left.filter(movable).exists():
        return
    if not left.exists():
        move(evaluation, RunState.DONE, score_due_at=score_due(evaluation))
        return
    stopped = evaluation.candidates.filter(state=CandidateState.STOPPED).first()
    move(evaluation, RunState.PAUSED, trouble=stopped.trouble if stopped else "")


def retry(evaluation: Evaluation, answer: Answer) -> int:
    """Ask again about one that failed, got lost or is odd, by the word of a person. Returns how many that are."""
    return _go_on(evaluation, [answer.candidate_id], int(ANSWERS.retry(answer)))


def retry_all(evaluation: Evaluation, answers: QuerySet[Answer]) -> int:
    """Ask again about all of `answers` that failed or got lost, in one act. A lost one may be paid twice."""
    odd = answers.filter(state__in=(ChunkState.FAILED, ChunkState.UNSURE))
    with transaction.atomic():
        candidates = list(odd.order_by().values_list("candidate_id", flat=True).distinct())
        return _go_on(evaluation, candidates, ANSWERS.retry_all(evaluation.pk, odd.order_by()))


def _go_on(evaluation: Evaluation, candidates: list[int], count: int) -> int:
    """After `count` answers of `candidates` were opened again."""
    if not count:
        return 0
    again = Candidate.objects.filter(pk__in=candidates).exclude(state=CandidateState.OPEN)
    again.update(state=CandidateState.OPEN, tries=0, trouble="", wait_until=None)
    evaluation.refresh_from_db()
    if evaluation.state == RunState.DONE:
        move(evaluation, RunState.RUNNING)
    elif evaluation.state == RunState.RUNNING:
        Evaluation.objects.filter(pk=evaluation.pk).update(due_at=timezone.now())
    return count
