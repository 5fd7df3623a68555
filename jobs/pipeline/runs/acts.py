"""What a person may have done to a run besides pausing it: another cap, a question asked again, an answer taken in."""

from collections.abc import Iterable

from django.utils import timezone

from jobs.models import Chunk, Run, Source
from jobs.pipeline.calls.record import move, note
from jobs.pipeline.runs.paid import CHUNKS
from jobs.pipeline.runs.texts import TEXT_MISSING
from jobs.pipeline.runs.writing import kept_examples
from jobs.run_states import RUN_STANDS, ChunkState, RunState

AT_ONCE = 500
RETRIABLE = RUN_STANDS | {RunState.RUNNING, RunState.DONE}


def may_retry(run: Run) -> bool:
    return run.is_paid and run.state in RETRIABLE


def retry(run: Run, some: Iterable[Chunk]) -> int:
    """Ask again. A run that was over goes on. Returns how many."""
    asked = sum(CHUNKS.retry(one, taken_in=False) for one in some)
    if asked and run.state == RunState.DONE:
        run.refresh_from_db()
        move(run, RunState.RUNNING)
    elif asked and run.state == RunState.RUNNING:
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
    return asked


def take(chunk: Chunk, *, wanted: bool) -> None:
    """Whether a flagged answer goes into the next file."""
    Chunk.objects.filter(pk=chunk.pk).update(taken_in=wanted)
    note(chunk.run)


def forget(source: Source) -> None:
    """The text is to be gone: its pieces and their answers too. Where each example came from stays."""
    for chunk in Chunk.objects.filter(source=source, state=ChunkState.WAITING):
        CHUNKS.turn(chunk, ChunkState.FAILED, seen=(ChunkState.WAITING,), trouble=TEXT_MISSING)
    Chunk.objects.filter(source=source).update(text="", answer="")
    for run in Run.objects.filter(sources=source):
        kept_examples(run).unlink(missing_ok=True)
