"""Summaries by a chat model: each chunk is one call."""

from decimal import Decimal

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Chunk, Run
from jobs.pipeline.calls.caller import OPEN, Caller, prices
from jobs.pipeline.calls.ledger import Ledger
from jobs.pipeline.calls.record import grant, move
from jobs.pipeline.calls.reply import Reply
from jobs.pipeline.park import blame
from jobs.pipeline.record import backoff
from jobs.pipeline.runs import result
from jobs.pipeline.runs.answers import flags_of
from jobs.provider import Json, ProviderError
from jobs.run_states import ChunkState, RunState
from jobs.training_data.recipes.asking import messages
from jobs.training_data.recipes.recipe import Recipe

MOST_UNANSWERED = 5  # in a row: each may have been paid
SILENT = gettext_noop(
    "The service left several questions in a row without an answer. Each may have been paid, so nothing more is asked "
    "until you let it go on."
)
CHUNKS = Ledger(Run, Chunk, "run_id", frozenset({"text", "heading"}))


class Summaries(Caller[Run, Chunk]):
    """The calls of a paid run: all of one model over one connection."""

    def __init__(self, run: Run) -> None:
        super().__init__(run, CHUNKS, run.service)
        self.recipe = Recipe.from_json(run.recipe)

    def request(self, call: Chunk) -> Json:
        return request_for(self.recipe, self.order.model, call.text, call.heading)

    def flags(self, call: Chunk, reply: Reply) -> list[str]:
        return flags_of(reply, call.text)

    def price(self) -> tuple[Decimal | None, Decimal | None]:
        return prices(self.connection, self.order.model, self.order.engine)

    def wait(self, error: ProviderError) -> None:
        run = self.order
        resting = blame(self.connection, error)
        Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
            tries=F("tries") + 1, trouble=str(error), version=F("version") + 1
        )
        run.refresh_from_db()
        if run.state != RunState.RUNNING:
            return
        if error.permanent and not resting:
            move(run, RunState.PAUSED, trouble=str(error))
        elif error.reached and run.tries >= MOST_UNANSWERED:
            move(run, RunState.PAUSED, trouble=SILENT)
        elif not resting:
            Run.objects.filter(pk=run.pk).update(due_at=timezone.now() + backoff(run.tries, error))

    def settle(self) -> None:
        """End the run once nothing is left to be asked; pause it after its taste."""
        run = self.order
        run.refresh_from_db()
        if run.state != RunState.RUNNING or grant(run):
            return
        left = set(run.chunks.filter(state__in=OPEN).values_list("state", flat=True).distinct())
        if not left:
            result.finish(run)
        elif run.stop_after is not None and run.seen >= run.stop_after and ChunkState.CLAIMED not in left:
            move(run, RunState.PAUSED, stop_after=None)


def request_for(recipe: Recipe, model: str, text: str, heading: str) -> Json:
    """The body of the call."""
    body = {"model": model, "messages": messages(recipe, text, heading)}
    return body | {"temperature": recipe.temperature, "max_tokens": recipe.max_tokens}
