"""Summaries by a chat model: each chunk is asked about once, and what came is stored before anything else happens."""

import time
from collections import Counter
from collections.abc import Callable

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import pricing, provider
from jobs.models import Chunk, Run
from jobs.pipeline.park import blame, is_resting
from jobs.pipeline.record import backoff
from jobs.pipeline.runs import result
from jobs.pipeline.runs.answers import Said, flags_of, read
from jobs.pipeline.runs.chunks import CapReachedError, claim, turn
from jobs.pipeline.runs.prices import cost_nano
from jobs.pipeline.runs.record import grant, move
from jobs.provider import Json, ProviderError
from jobs.run_states import ChunkState, RunState
from jobs.training_data.recipes.asking import messages
from jobs.training_data.recipes.recipe import Recipe

BITE_SECONDS = 5.0  # a task asks for so long, then others have their turn
MOST_UNANSWERED = 5  # in a row: each may have been paid
SILENT = gettext_noop(
    "The service left several questions in a row without an answer. Each may have been paid, so nothing more is asked "
    "until you let it go on."
)
OPEN = (ChunkState.WAITING, ChunkState.CLAIMED)


def bite(run: Run) -> bool:
    """Ask about chunks, one after another, for some seconds; then see what became of the run. True: ask on."""
    more = False
    try:
        if not is_resting(run.service):
            with provider.chatting(run.service.access()) as ask:
                more = _ask_on(run, ask)
    except ProviderError as error:
        _wait(run, error)
    except CapReachedError:
        move(run, RunState.CAPPED)
    settle(run)
    return more and run.state == RunState.RUNNING


def _ask_on(run: Run, ask: Callable[[Json], Json]) -> bool:
    """False where there is nothing to ask about now, or nobody to ask."""
    until = time.monotonic() + BITE_SECONDS
    recipe = Recipe.from_json(run.recipe)
    while chunk := claim(run.pk):
        if not _ask_about(run, chunk, request_for(recipe, run.model, chunk.text, chunk.heading), ask):
            return False
        if time.monotonic() >= until:
            return True
    return False


def _ask_about(run: Run, chunk: Chunk, request: Json, ask: Callable[[Json], Json]) -> bool:
    """Ask once and store what came. False: leave the service alone for now."""
    try:
        said = read(ask(request))
    except ProviderError as error:
        return _failed(run, chunk, error)
    flags = flags_of(said, chunk.text)
    turn(
        chunk,
        ChunkState.DONE,
        seen=(ChunkState.CLAIMED, ChunkState.UNSURE),  # a worker that was thought dead may bring it late
        spent=_spent(run, chunk, said),
        answer=said.text,
        flags=flags,
        trouble="",
        prompt_tokens=said.prompt_tokens,
        completion_tokens=said.completion_tokens,
        gained=_gained(said, flags),
        of_run={"tries": 0, "trouble": ""},  # the service speaks again
    )
    return True


def request_for(recipe: Recipe, model: str, text: str, heading: str) -> Json:
    """The body of the call."""
    said = {"model": model, "messages": messages(recipe, text, heading)}
    return said | {"temperature": recipe.temperature, "max_tokens": recipe.max_tokens}


def _spent(run: Run, chunk: Chunk, said: Said) -> int:
    """By the tokens that the service told; the most that it may be where it told none."""
    if said.prompt_tokens is None or said.completion_tokens is None:
        return chunk.bound_nano
    price = pricing.base(run.service.profile, run.model, run.engine)
    known = (price.input, price.output) if price else (None, None)
    return cost_nano(known[0], said.prompt_tokens) + cost_nano(known[1], said.completion_tokens)


def _gained(said: Said, flags: list[str]) -> Counter[str]:
    """What the run's figures gain by an answer."""
    tokens = {"prompt_tokens": said.prompt_tokens or 0, "completion_tokens": said.completion_tokens or 0}
    return Counter({**tokens, "flagged": int(bool(flags))})


def _failed(run: Run, chunk: Chunk, error: ProviderError) -> bool:
    """What an error means for this chunk, and for the run. True: the next one may be asked about."""
    lost = error.reached
    # a refused key, right or model is no fault of the chunk
    at_large = not error.permanent or error.status in (401, 403, 404)
    to = ChunkState.UNSURE if lost else ChunkState.WAITING if at_large else ChunkState.FAILED
    turn(chunk, to, seen=(ChunkState.CLAIMED,), trouble=str(error) if to != ChunkState.WAITING else "")
    if not lost and not at_large:
        return True
    _wait(run, error)
    return False


def _wait(run: Run, error: ProviderError) -> None:
    """Leave the service alone for a while, or until a person lets the run go on."""
    resting = blame(run.service, error)
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


def settle(run: Run) -> None:
    """End the run once nothing is left to be asked; pause it after its taste."""
    run.refresh_from_db()
    if run.state != RunState.RUNNING or grant(run):
        return
    left = set(run.chunks.filter(state__in=OPEN).values_list("state", flat=True).distinct())
    if not left:
        result.finish(run)
    elif run.stop_after is not None and run.seen >= run.stop_after and ChunkState.CLAIMED not in left:
        move(run, RunState.PAUSED, stop_after=None)
