"""The calls of a judge: two answers in one order each, and what its reply says."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Judging, Judgment
from jobs.pipeline.calls.caller import OPEN, Caller
from jobs.pipeline.calls.ledger import Ledger
from jobs.pipeline.calls.record import grant, move
from jobs.pipeline.calls.reply import Reply
from jobs.pipeline.evaluations.voting import count
from jobs.pipeline.judging.estimate import prices_of
from jobs.pipeline.park import blame
from jobs.pipeline.record import backoff
from jobs.provider import Json, ProviderError
from jobs.run_states import Flag, RunState
from jobs.training_data.scoring.judge import judge_messages, read_vote

MOST_UNANSWERED = 5  # in a row: each may have been paid
SILENT = gettext_noop(
    "The service left several questions in a row without an answer. Each may have been paid, so the judge is sent "
    "nothing more until you let it go on."
)
CONNECTION_GONE = gettext_noop("Its connection was deleted, so nothing more can be sent to this judge.")
EMPTIED = gettext_noop("One of the two answers is not there any more, so nothing was sent.")
JUDGMENTS = Ledger(Judging, Judgment, "judging_id", frozenset({"a_id", "b_id", "in_reverse"}))


class Judge(Caller[Judging, Judgment]):
    """The pairs of one evaluation to one model."""

    def __init__(self, judging: Judging) -> None:
        super().__init__(judging, JUDGMENTS, judging.connection)

    def request(self, call: Judgment) -> Json:
        return request_for(self.order, call)

    def flags(self, call: Judgment, reply: Reply) -> list[str]:
        """A reply that holds no vote is odd, whatever else it says."""
        if read_vote(reply.text).vote:
            return []
        if not reply.text:
            return [Flag.EMPTY.value]
        return [(Flag.CUT if reply.finish_reason == "length" else Flag.NO_VOTE).value]

    def price(self) -> tuple[Decimal | None, Decimal | None]:
        return prices_of(self.order)

    def columns(self, reply: Reply, seconds: float) -> dict[str, Any]:
        reading = read_vote(reply.text)
        about = {"vote": reading.vote or "", "no_vote": reading.no_vote or "", "answered_at": timezone.now()}
        return about | {
            "finish_reason": reply.finish_reason,
            "model_named": reply.model,
            "seconds": round(seconds, 3),
        }

    def wait(self, error: ProviderError) -> None:
        judging = self.order
        resting = blame(self.connection, error)
        rows = Judging.objects.filter(pk=judging.pk, state=RunState.RUNNING)
        rows.update(tries=F("tries") + 1, trouble=str(error), version=F("version") + 1)
        judging.refresh_from_db()
        if resting or judging.state != RunState.RUNNING:
            return
        if error.permanent:
            move(judging, RunState.PAUSED, trouble=str(error))
        elif error.reached and judging.tries >= MOST_UNANSWERED:
            move(judging, RunState.PAUSED, trouble=SILENT)
        else:
            rows.update(due_at=timezone.now() + backoff(judging.tries, error))

    def settle(self) -> None:
        settle(self.order)


def request_for(judging: Judging, call: Judgment) -> Json:
    """The body of the call. Raises ProviderError where there is nothing to judge any more."""
    question, answers = call.a.question, [call.a.answer, call.b.answer]
    if not question.messages or not all(answers):
        raise ProviderError(EMPTIED, permanent=True)
    first, second = reversed(answers) if call.in_reverse else answers
    messages = judge_messages(
        question.messages, first, second, reference=question.reference or None, rubric=judging.rubric
    )
    return {"model": judging.model, "messages": messages, "temperature": 0.0, "max_tokens": judging.max_tokens}


def settle(judging: Judging) -> None:
    """End the order once nothing is left to be judged: its verdict is drawn in the same transaction."""
    judging.refresh_from_db()
    if judging.state != RunState.RUNNING or grant(judging):
        return
    if not judging.judgments.filter(state__in=OPEN).exists():
        with transaction.atomic():
            if move(judging, RunState.DONE):
                count(judging.evaluation)
    elif judging.connection.deleted_at:
        move(judging, RunState.PAUSED, trouble=CONNECTION_GONE)


@transaction.atomic
def retry(judging: Judging, judgments: list[Judgment]) -> int:
    """Ask again for what failed, got lost or held no vote, by the word of a person. Returns how many."""
    again = sum(JUDGMENTS.retry(one, vote="", no_vote="") for one in judgments)
    judging.refresh_from_db()
    if again and judging.state == RunState.DONE:
        move(judging, RunState.RUNNING)
        count(judging.evaluation)
    elif again and judging.state == RunState.RUNNING:
        Judging.objects.filter(pk=judging.pk).update(due_at=timezone.now())
    return again
