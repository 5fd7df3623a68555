"""What a new order begins with: a job to be cloned or replaced, a chosen file, or the newest file and first model."""

from typing import Any
from uuid import uuid4

from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.forms.job import OTHER, OrderForm
from jobs.models import FineTuneJob, Member, Origin, TrainingFile
from jobs.training_data.operations.parts import TRAINING, VALIDATION
from jobs.views.evaluations.planned import set_aside
from jobs.views.rescue import replacing
from jobs.views.run_new import uuid_in


def prefilled(request: HttpRequest, member: Member) -> OrderForm:
    """First values: those of a job to be cloned, or of a chosen file, or the newest file and the first model."""
    form = OrderForm(team=member.team)
    first: dict[str, Any] = {"order_token": uuid4()}
    files = form.fields["training_file"].queryset  # type: ignore[attr-defined]
    chosen = files.filter(uuid=uuid_in(request.GET.get("file"))).first() or files.first()
    first["training_file"] = chosen
    first["validation_file"] = _other_part(chosen, files) if chosen else None
    if form.offers:
        open_ones = replacing.usable(form)
        fitting = replacing.usable(form, method=chosen.method) if chosen else open_ones
        first["base"] = (fitting or open_ones or form.offers)[0]["value"]
    first["evaluate"] = set_aside(chosen)
    jobs = FineTuneJob.objects.visible_to(member.user).select_related("connection", "training_file", "validation_file")
    if job := jobs.filter(team=member.team, uuid=uuid_in(request.GET.get("clone"))).first():
        first |= _like(job, form)
        if request.GET.get("retry"):
            first["retry_of"] = job.uuid
        if (there := request.GET.get("elsewhere")) and job.connection_id:
            first |= replacing.elsewhere(form, job.connection_id, job, uuid_in(there))
    if (model := replacing.find(member, uuid_in(request.GET.get("replaces")))) and model.job:
        first |= _like(model.job, form) | replacing.elsewhere(form, model.connection_id, model.job)
        first["replaces"] = model.uuid
    return OrderForm(initial=first, team=member.team)


def _other_part(file: TrainingFile, files: QuerySet[TrainingFile]) -> TrainingFile | None:
    """The validation file that one split made beside this training file."""
    if file.origin != Origin.SPLIT or file.options.get("part") != TRAINING:
        return None
    made_beside = files.defer(None).filter(parent=file.parent_id, origin=Origin.SPLIT)
    return next((one for one in made_beside if one.options == file.options | {"part": VALIDATION}), None)


def _like(job: FineTuneJob, form: OrderForm) -> dict[str, Any]:
    value = f"{job.connection.uuid if job.connection else ''}|{job.base_model}"
    listed = any(offer["value"] == value for offer in form.offers)
    return {
        "training_file": job.training_file,
        "validation_file": job.validation_file,
        "base": value if listed else OTHER,
        "other_connection": job.connection,
        "other_model": "" if listed else job.base_model,
        "name": job.name,
        "suffix": job.suffix,
        "seed": job.seed,
        **job.hyperparameters,
    }
