"""The results that a run keeps: those of the last three epochs, and the best by validation."""

import shutil
from pathlib import Path

from trainer.engines.transformers.state import Progress

KEPT = 3
PATIENCE = 2  # epochs without a better validation loss, where early stopping is wanted


def folder_of(run: Path, step: int) -> Path:
    return run / "checkpoints" / f"step-{step}"


def register(progress: Progress, step: int, loss: float | None) -> list[int]:
    """Note a new checkpoint; return the steps whose checkpoints are no longer kept."""
    if loss is not None:
        progress.losses[str(step)] = loss
    progress.kept.append(step)
    keep = {*progress.kept[-KEPT:], progress.best}
    removed = [step for step in progress.kept if step not in keep]
    progress.kept = [step for step in progress.kept if step in keep]
    return removed


def remove(run: Path, steps: list[int]) -> None:
    for step in steps:
        shutil.rmtree(folder_of(run, step), ignore_errors=True)


def no_longer_better(progress: Progress) -> bool:
    """Whether the last epochs brought nothing."""
    since = [int(step) for step in progress.losses if progress.best is not None and int(step) > progress.best]
    return len(since) >= PATIENCE
