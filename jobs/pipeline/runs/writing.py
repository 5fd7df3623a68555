"""Writes a run's examples into a training file: the operation behind Origin.RECIPE (`pipeline.making`)."""

import shutil
from collections.abc import Callable
from itertools import batched
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from jobs.models import Chunk, Run, TrainingFile
from jobs.run_states import ChunkState
from jobs.training_data.recipes.recipe import Recipe, example_line

ROWS = 500


def kept_examples(run: Run) -> Path:
    """Where a free run keeps its examples until the file is made of them."""
    return Path(settings.MEDIA_ROOT) / "runs" / f"{run.uuid.hex}.jsonl"


def good(run: Run, *, flagged: bool) -> QuerySet[Chunk]:
    """The chunks whose answers go into the file."""
    answered = run.chunks.filter(state=ChunkState.DONE).exclude(answer="")
    return answered if flagged else answered.filter(Q(odd=False) | Q(taken_in=True))


def write(file: TrainingFile, _sources: list[Path], target: Path, keep: Callable[[], None]) -> None:
    """Raises FileNotFoundError where the run, or what it made, is gone."""
    run = Run.objects.filter(uuid=file.options["run"]).first()
    if run is None:
        raise FileNotFoundError
    if not run.is_paid:
        shutil.copyfile(kept_examples(run), target)
        return
    run.chunks.exclude(line=None).update(line=None)
    recipe = Recipe.from_json(run.recipe)
    rows = good(run, flagged=file.options["flagged"]).order_by("position").iterator(ROWS)
    with target.open("wb") as out:
        for first, some in enumerate(batched(rows, ROWS, strict=False)):
            _write(recipe, some, first * ROWS, out.write)
            keep()


def _write(recipe: Recipe, chunks: tuple[Chunk, ...], before: int, write: Callable[[bytes], object]) -> None:
    for line, chunk in enumerate(chunks, before + 1):
        chunk.line = line
        write(example_line(recipe, chunk.text, chunk.answer, chunk.heading) + b"\n")
    Chunk.objects.bulk_update(chunks, ["line"])
