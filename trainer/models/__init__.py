"""What the trainer remembers. A simulated job's state is not here: it is computed from its row and the clock."""

from trainer.models.exports import Export, ExportStatus, Format
from trainer.models.files import File
from trainer.models.hooks import Delivery, Endpoint
from trainer.models.jobs import Engine, Job, JobTag, TunedModel
from trainer.models.keys import FaultUse, IssuedKey, TrainerAct
from trainer.models.training import ENDED, WAITING, Status, Step, Training, TrainingEvent, Wanted, Worker

__all__ = [
    "ENDED",
    "WAITING",
    "Delivery",
    "Endpoint",
    "Engine",
    "Export",
    "ExportStatus",
    "FaultUse",
    "File",
    "Format",
    "IssuedKey",
    "Job",
    "JobTag",
    "Status",
    "Step",
    "TrainerAct",
    "Training",
    "TrainingEvent",
    "TunedModel",
    "Wanted",
    "Worker",
]
