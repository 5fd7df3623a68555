"""What of an ended run stays on the disk: its checkpoints and what it printed."""

import shutil
from pathlib import Path

from trainer.models import Job
from trainer.weights.forgetting import drop_bytes

OF_A_RUN = ("state", "rows")  # what only a job that goes on needs; the rows hold the training text


def tidy(job: Job, folder: Path) -> None:
    """Remove what the run went on from, and the files that were deleted while it needed them."""
    for name in OF_A_RUN:
        shutil.rmtree(folder / name, ignore_errors=True)
    for file in (job.training_file, job.validation_file):
        if file and file.deleted_at:
            drop_bytes(file)
