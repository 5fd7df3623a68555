"""Before a paid run asks anything: its texts are cut, and each chunk becomes a row that knows what it may cost."""

from collections.abc import Iterator
from itertools import batched

from jobs.models import Chunk, Run, Source
from jobs.pipeline.calls.caller import prices
from jobs.pipeline.calls.lease import Lease, LeaseLostError
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.runs.texts import TEXT_MISSING, TextGoneError, texts_of
from jobs.run_states import RunState
from jobs.training_data.recipes.asking import Question, cut_apart
from jobs.training_data.recipes.recipe import Recipe

ROWS = 200


def prepare(run: Run) -> None:
    """Cut the texts and let the run go. Does nothing where another worker is at it."""
    lease = Lease(run, RunState.PREPARING)
    if not lease.claim():
        return
    try:
        run.chunks.all().delete()  # of a worker that died
        found = _cut(run, lease)
        lease.end(RunState.RUNNING if found else RunState.DONE, total=found)
    except TextGoneError:
        lease.end(RunState.FAILED, trouble=TEXT_MISSING)
    except LeaseLostError:
        pass


def _cut(run: Run, lease: Lease) -> int:
    ids = {str(uuid): pk for uuid, pk in Source.objects.filter(runs=run).values_list("uuid", "pk")}
    found = 0
    for some in batched(_questions(run, lease), ROWS, strict=False):
        rows = [_chunk(run, found + place, one, ids[one.source]) for place, one in enumerate(some)]
        Chunk.objects.bulk_create(rows)
        found += len(rows)
    return found


def _questions(run: Run, lease: Lease) -> Iterator[Question]:
    heard = cut_apart(Recipe.from_json(run.recipe), texts_of(run))
    try:
        for one in heard:
            if one.fault:
                raise TextGoneError
            if one.sum:
                lease.keep(read_bytes=one.sum.done, total_bytes=one.sum.total, total=one.sum.chunks)
            if one.question:
                yield one.question
    finally:
        heard.close()


def _chunk(run: Run, position: int, asked: Question, source: int) -> Chunk:
    into, out = prices(run.service, run.model, run.engine)
    bound = cost_nano(into, asked.tokens) + cost_nano(out, int(run.recipe["max_tokens"]))
    return Chunk(
        run=run,
        position=position,
        source_id=source,
        start=asked.start,
        end=asked.end,
        text=asked.text,
        heading=asked.heading,
        most_prompt_tokens=asked.tokens,
        bound_nano=bound,
    )
