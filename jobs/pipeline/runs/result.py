"""From a run's examples to a training file: ordered when the run ends, made by the worker that checks it."""

from typing import Any

from django.db import transaction

from jobs.models import Origin, Run, Source, TrainingFile
from jobs.pipeline.calls.record import move, note
from jobs.pipeline.runs.writing import good
from jobs.pipeline.storing import order_made, version_name
from jobs.run_states import RunState


def finish(run: Run, **changes: Any) -> bool:
    """End a run that has nothing left to do, and order its file. False: somebody else was first."""
    with transaction.atomic():
        if not move(run, RunState.DONE, **changes):
            return False
        order_file(run)
    return True


def order_file(run: Run, *, flagged: bool = False) -> TrainingFile | None:
    """Order a file of the examples that there are; with the flagged ones, if so wished. None where there is none."""
    examples = good(run, flagged=flagged) if run.is_paid else run.chunks.all()
    if not (count := examples.count()):
        return None
    options = {
        "run": str(run.uuid),
        "recipe": run.recipe,
        "model": run.model,
        "sources": [_told(source) for source in run.sources.order_by("pk")],
        "examples": count,
        "flagged": flagged,
        "version": run.version,  # what was asked again since then makes another file
    }
    made = order_made(run.team, run.created_by, Origin.RECIPE, options, name=version_name(run.name, "data"))
    note(run, training_file=made.file)
    return made.file


def _told(source: Source) -> dict[str, str]:
    return {"uuid": str(source.uuid), "name": source.name, "text_sha256": source.text_sha256}
