"""From the wish for an archive to its file: a row, and a process that makes it.

The process is trainer/engines/transformers/export, which says what it prints.
"""

import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Any

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from trainer.engines.runs import weights_of
from trainer.models import Export, ExportStatus, TunedModel
from trainer.weights import formats
from trainer.work import memory
from trainer.work.child import environment
from trainer.work.shift import stopping

log = logging.getLogger(__name__)

CHILD = "trainer.engines.transformers.export"
LOOK = 2.0  # seconds between two looks at a silent process
STALE = timedelta(seconds=60)  # an archive that was not worked on for so long was left by a killed worker
SHOWN_AGAIN = timedelta(seconds=60)  # how long a failure is what is answered; after that it is tried again
BROKEN = {"code": "server_error", "message": "The archive could not be made: the process that makes it broke."}

type Json = dict[str, Any]


def wish(model: TunedModel, step: int, wanted: str) -> tuple[Export, bool]:
    """The row of that archive, and whether a worker has to be sent for it."""
    row, made = Export.objects.get_or_create(job=model.job, step=step, format=wanted)
    gone = row.status == ExportStatus.READY and not row.archive.is_file()
    again = row.status == ExportStatus.FAILED and row.changed_at < timezone.now() - SHOWN_AGAIN
    if gone or again:
        fresh = {"status": ExportStatus.WAITING, "error": None, "stage": "", "done": 0, "total": 0}
        made = bool(Export.objects.filter(pk=row.pk, status=row.status).update(**fresh, changed_at=timezone.now()))
        row.refresh_from_db()
    return row, made


def needs_torch(row: Export) -> bool:
    return formats.computes(formats.about(row.job) or {}, row.format)


def left() -> list[Export]:
    """Archives that nobody works on: their message was lost, or their worker killed."""
    unfinished = (ExportStatus.WAITING, ExportStatus.MAKING)
    return list(
        Export.objects.filter(status__in=unfinished, changed_at__lt=timezone.now() - STALE).select_related("job")
    )


def make(pk: int) -> None:
    """Make an archive, unless another worker does. A worker that is to end leaves it to the next."""
    free = Q(status=ExportStatus.WAITING) | Q(status=ExportStatus.MAKING, changed_at__lt=timezone.now() - STALE)
    if not Export.objects.filter(free, pk=pk).update(status=ExportStatus.MAKING, changed_at=timezone.now()):
        return
    row = Export.objects.select_related("job__training").get(pk=pk)
    try:
        _make(row)
    except OSError as error:
        _end(row, {"code": "disk_full", "message": f"The trainer could not write to its disk: {error.strerror}."})
    finally:
        shutil.rmtree(row.work, ignore_errors=True)


def _make(row: Export) -> None:
    order = _order(row)
    if order is None:
        _end(row, {"code": "weights_gone", "message": "The weights, or their base, are not on this trainer any more."})
        return
    row.work.mkdir(parents=True, exist_ok=True)
    (row.work / "export.json").write_text(json.dumps(order, ensure_ascii=False), encoding="utf-8")
    kills = memory.kills()
    with _child(row) as child:
        for line in _lines(child):
            if not _noted(row, line):
                return
        if not stopping.is_set():
            _end(row, _broken(child.wait(), memory.kills() > kills))


def _broken(code: int, lacked_memory: bool) -> Json:
    """What to say of a process that ended without a last word."""
    if code != -signal.SIGKILL:
        return BROKEN
    how = "was ended for lack of memory" if lacked_memory else "was killed, most likely for lack of memory"
    message = f"The archive could not be made: its process {how}. Try again when nothing is trained or talked to there."
    return {"code": "out_of_memory", "message": message}


def _order(row: Export) -> Json | None:
    model = _model(row)
    weights, base = weights_of(model) if model else None, formats.base_folder(row.job)
    if model is None or weights is None or base is None or not weights.is_dir():
        return None
    return {
        "job": row.job.uid,
        "model": model.uid,
        "base": str(base.resolve()),
        "weights": str(weights.resolve()),
        "target": str(row.archive.resolve()),
        "made_on": timezone.now().date().isoformat(),
    }


def _model(row: Export) -> TunedModel | None:
    """The finished model where it is that step, else the checkpoint."""
    wanted = Q(step=row.step)
    if row.job.training.model_step == row.step:
        wanted |= Q(step=None)
    found = TunedModel.objects.filter(wanted, job=row.job, deleted_at=None).select_related("job__training")
    return found.order_by(F("step").asc(nulls_first=True)).first()


@contextmanager
def _child(row: Export) -> Iterator["subprocess.Popen[bytes]"]:
    python = settings.TRAINER_PYTHON if needs_torch(row) else sys.executable
    with (row.job.training.folder / "log.txt").open("ab") as errors:
        child = subprocess.Popen(  # noqa: S603
            [python, "-m", CHILD, str(row.work), row.format],
            cwd=settings.BASE_DIR,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _lines(child: "subprocess.Popen[bytes]") -> Iterator[Json]:
    """What it prints; an empty message every LOOK seconds in which it prints nothing. Ends with it, or with us."""
    assert child.stdout
    with child.stdout as stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        waiting = b""
        while not stopping.is_set():
            if not selector.select(LOOK):
                yield {}
                continue
            data = _read(stream)
            if not data:
                return
            *whole, waiting = (waiting + data).split(b"\n")
            yield from (json.loads(line) for line in whole if line.strip())


def _read(stream: IO[bytes]) -> bytes:
    return os.read(stream.fileno(), 65536)


def _noted(row: Export, line: Json) -> bool:
    """Write what the process says. False where it has said all, or where nobody wants the archive any more."""
    match line.get("kind"):
        case "done":
            _end(row, None, size=line["size"], sha256=line["sha256"])
            return False
        case "refused" | "failed":
            _end(row, {"code": line["code"], "message": line["message"]})
            return False
        case "progress":
            return _write(row, stage=line["stage"], done=line["done"], total=line["total"])
    return _write(row)


def _end(row: Export, error: Json | None, **more: Any) -> None:
    status = ExportStatus.FAILED if error else ExportStatus.READY
    if not _write(row, status=status, error=error, **more):
        row.archive.unlink(missing_ok=True)


def _write(row: Export, **fields: Any) -> bool:
    """False where the row is gone: the model was deleted meanwhile."""
    mine = Export.objects.filter(pk=row.pk, status=ExportStatus.MAKING)
    return bool(mine.update(**fields, changed_at=timezone.now()))


def expire() -> None:
    """Delete archives that were made long ago: they can be made again, and fill the disk."""
    hours = settings.TRAINER_EXPORT_HOURS
    old = timezone.now() - timedelta(hours=hours)
    for row in Export.objects.filter(status=ExportStatus.READY, changed_at__lt=old).select_related("job"):
        row.archive.unlink(missing_ok=True)
        row.delete()
