"""The order as the training process reads it; and what is found wrong before that process is started."""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from trainer.base_folders import sha256
from trainer.bases import Base, real_bases
from trainer.engines.runs import weights_of
from trainer.models import Job, Training, TunedModel

type Json = dict[str, Any]

MOST_IDLE = 3  # attempts without a new step


class RefusalError(Exception):
    """The job must fail: `error` is what its owner reads."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        self.error = {"code": code, "message": message, "param": param}
        super().__init__(message)


def write_order(training: Training, free_memory: int | None, renew: Callable[[], object]) -> Path:
    """Write order.json into the job's folder, and return the folder. RefusalError where nothing could come of it.

    `renew` is called after each file of the base: a large one takes many seconds to read.
    """
    job = training.job
    if training.idle_attempts > MOST_IDLE:
        raise RefusalError("server_error", "The job failed due to an internal error: it was begun three times in vain.")
    if job.failure and job.failure["param"]:  # found when the order came
        raise RefusalError(job.failure["code"], job.failure["message"], job.failure["param"])
    order = as_json(job, free_memory)
    check_files(_base(job), renew)
    try:
        training.folder.mkdir(parents=True, exist_ok=True)
        _write_whole(training.folder / "order.json", json.dumps(order, ensure_ascii=False, indent=1))
    except OSError as error:
        raise RefusalError("server_error", f"The trainer could not write to its disk: {error.strerror}.") from error
    return training.folder


def as_json(job: Job, free_memory: int | None) -> Json:
    asked = job.asked
    hours = settings.TRAINER_HOURS
    return {
        "job": job.uid,
        "base": str(_folder(_base(job))),
        "start": _start(job),
        "method": job.method,
        "training": _file(job.training_file.path, "training_file"),
        "validation": _file(job.validation_file.path, "validation_file") if job.validation_file else None,
        "n_epochs": asked["n_epochs"],
        "batch_size": asked["batch_size"],
        "learning_rate_multiplier": asked["learning_rate_multiplier"],
        "beta": asked.get("beta", "auto"),
        "seed": job.seed,
        "lora_r": asked.get("lora_r", "auto"),
        "lora_alpha": asked.get("lora_alpha", "auto"),
        "early_stopping": asked.get("early_stopping", False),
        "max_seconds": int(hours * 3600) if hours else None,
        "memory_bytes": free_memory,
    }


def _base(job: Job) -> Base:
    for base in real_bases():
        if base.uid == job.base and base.folder:
            return base
    raise RefusalError("invalid_base", f"The base {job.base} is not on this trainer any more.", "model")


def _folder(base: Base) -> Path:
    assert base.folder
    return base.folder.resolve()


def check_files(base: Base, renew: Callable[[], object]) -> None:
    """Raise RefusalError where a file of the base is not the one that was pulled."""
    for name, expected in base.about["sha256"].items():
        path = _folder(base) / name
        try:
            found = path.stat()
            same = _hash(path, (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)) == expected
        except OSError:
            same = False
        if not same:
            message = f"The base {base.uid} was changed on this trainer's disk: {name} is not the file that was pulled."
            raise RefusalError("invalid_base", f"{message} Remove the base and pull it again.", "model")
        renew()


@lru_cache(maxsize=1024)
def _hash(path: Path, _stamp: tuple[int, ...]) -> str:
    """Computed again only when the file was written or replaced: gigabytes take seconds."""
    return sha256(path)


def _start(job: Job) -> str | None:
    """The folder of the tuned model that this job continues."""
    if not job.model.startswith("ft:"):
        return None
    model = TunedModel.objects.filter(uid=job.model, job__org=job.org, deleted_at=None).select_related("job__training")
    found = model.first()
    folder = weights_of(found) if found else None
    if folder is None or not folder.is_dir():
        raise RefusalError("invalid_base", f"The model {job.model} is not there any more.", "model")
    return str(folder.resolve())


def _file(path: Path, param: str) -> str:
    if not path.is_file():
        kind = param.replace("_", " ")
        raise RefusalError(f"invalid_{param}", f"The job failed since its {kind} is not there any more.", param)
    return str(path.resolve())


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
