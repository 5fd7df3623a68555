"""A free recipe: all examples in one go. The same recipe and texts give the same, so what is lost is made anew."""

import os
from itertools import batched
from pathlib import Path

import msgspec
from django.db import transaction

from jobs.models import Chunk, Run, Source
from jobs.pipeline import leftovers
from jobs.pipeline.calls.lease import Lease, LeaseLostError
from jobs.pipeline.runs import result
from jobs.pipeline.runs.texts import NO_ANALYSER, TEXT_MISSING, TextGoneError, texts_of
from jobs.pipeline.runs.writing import kept_examples
from jobs.run_states import ChunkState, RunState
from jobs.training_data.recipes.apart import run_apart
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Place

ROWS = 1000
FAULTS = {"no_analyser": NO_ANALYSER, "text_missing": TEXT_MISSING}


def make(run: Run) -> None:
    """Make the examples and order their file. Does nothing where another worker is at it."""
    lease = Lease(run, RunState.MAKING)
    if not lease.claim():
        return
    target = kept_examples(run)
    target.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(target)
    part, places = target.with_suffix(f".{os.getpid()}.part"), target.with_suffix(f".{os.getpid()}.places.part")
    try:
        trouble = _run(run, lease, part, places)
        if trouble:
            lease.end(RunState.FAILED, trouble=trouble)
            return
        _keep_places(run, lease, places)
        part.replace(target)
        _finish(run, lease)
    except TextGoneError:
        lease.end(RunState.FAILED, trouble=TEXT_MISSING)
    except LeaseLostError:
        pass  # whoever took it makes it, or nobody wants it any more
    finally:
        part.unlink(missing_ok=True)
        places.unlink(missing_ok=True)


def _run(run: Run, lease: Lease, target: Path, places: Path) -> str:
    """Returns why it could not be made; empty where it was."""
    told = run_apart(Recipe.from_json(run.recipe), texts_of(run), target=target, places=places)
    try:
        for one in told:
            if one.fault:
                return FAULTS.get(one.fault, one.fault)
            if one.far:
                lease.keep(read_bytes=one.far.done, total_bytes=one.far.total, done=one.far.examples)
    finally:
        told.close()
    return ""


def _keep_places(run: Run, lease: Lease, places: Path) -> None:
    """Where each example comes from, as rows: what one before made of it gives way."""
    lease.prove()
    Chunk.objects.filter(run=run).delete()
    sources = dict(Source.objects.filter(runs=run).values_list("uuid", "pk"))
    ids = {str(uuid): pk for uuid, pk in sources.items()}
    with places.open("rb") as lines:
        for some in batched(enumerate(lines, 1), ROWS, strict=False):
            Chunk.objects.bulk_create(
                _chunk(run, line, msgspec.json.decode(told, type=Place), ids) for line, told in some
            )
            lease.keep()


def _chunk(run: Run, line: int, place: Place, ids: dict[str, int]) -> Chunk:
    return Chunk(
        run=run,
        position=line - 1,
        line=line,
        source_id=ids[place.source],
        start=place.start,
        end=place.end,
        state=ChunkState.DONE,
    )


def _finish(run: Run, lease: Lease) -> None:
    count = run.chunks.count()
    lease.prove()  # before the transaction, which would take back that the run was cancelled
    with transaction.atomic():
        lease.end(RunState.DONE, done=count, total=count)
        result.order_file(run)
