"""/fine_tuning/jobs/{id}/weights (ours): what was trained, as a zip. Made by a worker when it is first asked for."""

from functools import partial
from typing import Any

from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponseBase, JsonResponse

from trainer.engines.runs import weights_of
from trainer.models import Engine, Export, ExportStatus, Format, TunedModel, Worker
from trainer.tasks import send_export
from trainer.views.door import Caller, door
from trainer.views.jobs import job_of
from trainer.weights import exporting, formats
from trainer.weights.disk import check_room, size_of
from wire.errors import WireError, invalid

type Json = dict[str, Any]

STATUS = {"disk_full": 507, "server_error": 500, "out_of_memory": 507}  # of a failure; a refusal is a 400


def weights(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    """Without `format`: which there are, and how far each is; nothing is begun by that."""
    model = _model(caller, uid, request.GET.get("step", ""))
    base = formats.about(model.job)
    if base is None:
        raise WireError(404, f"The base {model.job.base} is not on this trainer any more.", "base_not_found", "model")
    wanted = request.GET.get("format", "")
    return _one(caller, model, base, wanted) if wanted else _all(model, base)


def _model(caller: Caller, uid: str, step: str) -> TunedModel:
    """The finished model, or the checkpoint of that step. Refuses what has no weights."""
    job = job_of(caller, uid)
    if job.engine != Engine.TRANSFORMERS:
        raise invalid("This job is simulated: nothing was trained, so there are no weights.", None, "nothing_trained")
    if step and not (step.isascii() and step.isdecimal() and len(step) < 10):
        raise invalid(f"Invalid type for 'step': expected an integer, got '{step[:40]}'.", "step")
    rows = TunedModel.objects.filter(job=job, deleted_at=None, step=int(step) if step else None)
    model = rows.select_related("job__training").first()
    folder = weights_of(model) if model else None
    if model is None or folder is None or not folder.is_dir():
        what = f"checkpoint of step {step}" if step else "finished model"
        raise WireError(404, f"The job {uid} has no {what}, or it was deleted.", "model_not_found", "step")
    return model


def _step(model: TunedModel) -> int:
    step = model.job.training.model_step if model.step is None else model.step
    return step or 0


def _all(model: TunedModel, base: Json) -> HttpResponseBase:
    rows = {row.format: row for row in Export.objects.filter(job=model.job, step=_step(model))}
    blank = {name: Export(job=model.job, step=_step(model), format=name) for name in formats.formats(base)}
    data = [as_json(rows.get(name, row), name in rows) for name, row in blank.items()]
    licence = {name: base.get(name) for name in ("title", "licence", "spdx", "non_commercial")}
    weights = weights_of(model)
    size = size_of(weights) if weights else 0
    return JsonResponse({"object": "list", "data": data, "has_more": False, "base": licence, "weights_bytes": size})


def _one(caller: Caller, model: TunedModel, base: Json, wanted: str) -> HttpResponseBase:
    if wanted not in Format.values:
        raise invalid(f"'{wanted[:40]}' is not one of {list(Format.values)} - 'format'", "format")
    if why := formats.why_not(base, wanted):
        raise invalid(why, "format", f"no_{wanted}")
    if not Export.objects.filter(job=model.job, step=_step(model), format=wanted).exists():
        check_room(caller.org)
    row, fresh = exporting.wish(model, _step(model), wanted)
    if fresh:
        transaction.on_commit(partial(send_export, row), robust=True)
    if row.status == ExportStatus.FAILED:
        raise _failure(row.error or exporting.BROKEN)
    return _archive(row) if row.status == ExportStatus.READY else JsonResponse(as_json(row), status=202)


def _failure(error: Json) -> WireError:
    status = STATUS.get(error["code"], 400)
    kind = "invalid_request_error" if status == 400 else "server_error"
    return WireError(status, error["message"], error["code"], type=kind)


def _archive(row: Export) -> HttpResponseBase:
    name = f"{row.job.uid}-{row.step}-{row.format}.zip"
    response = FileResponse(row.archive.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    response["Digest"] = f"sha-256={row.sha256}"
    return response


def as_json(row: Export, exists: bool = True) -> Json:
    progress = round(row.done / row.total, 3) if row.total else None
    return {
        "object": "fine_tuning.job.weights",
        "job": row.job.uid,
        "step": row.step,
        "format": row.format,
        "status": row.status if exists else "not_made",
        "stage": _stage(row) if exists else None,
        "progress": 1.0 if row.status == ExportStatus.READY else progress,
        "size": row.size or None,
        "sha256": row.sha256 or None,
        "error": row.error,
    }


def _stage(row: Export) -> str | None:
    """What is done with it now. `no_worker`: it waits for one with torch, and none lives."""
    lacks = row.status == ExportStatus.WAITING and exporting.needs_torch(row) and not Worker.objects.living().exists()
    return "no_worker" if lacks else row.stage or None


item_weights = door(GET=weights)
