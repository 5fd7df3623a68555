"""/models: the bases, and what was tuned on them."""

from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone

from trainer.bases import living_base, living_bases, measured_speeds
from trainer.models import TunedModel, Worker
from trainer.shapes import base_json, tuned_json
from trainer.views.door import Caller, door
from trainer.weights.forgetting import forget
from wire.errors import WireError

SHOWN_TUNED = 1000


def no_such_model(name: str) -> WireError:
    message = f"The model `{name[:255]}` does not exist or you do not have access to it."
    return WireError(404, message, "model_not_found", "model")


def living_tuned(caller: Caller) -> "QuerySet[TunedModel]":
    """The tuned models that answer now; they go dark with their base."""
    bases = [base.uid for base in living_bases(caller.issued)]
    return (
        TunedModel.objects.of(caller.org, timezone.now())
        .filter(job__base__in=bases)
        .select_related("job__training", "job__training_file", "job__validation_file")
    )


def listed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    """Not paged: the real list is not either."""
    bases, now = living_bases(caller.issued), (measured_speeds(), Worker.objects.living().exists())
    by_name = {base.uid: base for base in bases}
    data = [base_json(base, *now) for base in bases]
    tuned = living_tuned(caller).order_by("-created_at", "-pk")[:SHOWN_TUNED]
    data += [tuned_json(model, by_name[model.job.base]) for model in tuned]
    return JsonResponse({"object": "list", "data": data})


def retrieve(request: HttpRequest, caller: Caller, name: str) -> HttpResponseBase:
    if base := living_base(name, caller.issued):
        shown = base_json(base, measured_speeds(), Worker.objects.living().exists())
        return JsonResponse(shown | {"id": name})
    model = _tuned(caller, name)
    if base := living_base(model.job.base, caller.issued):
        return JsonResponse(tuned_json(model, base))
    raise no_such_model(name)


def delete(request: HttpRequest, caller: Caller, name: str) -> HttpResponseBase:
    if living_base(name, caller.issued):
        message = "You have insufficient permissions for this operation. Base models cannot be deleted."
        raise WireError(403, message, "insufficient_permissions", "model")
    model = _tuned(caller, name)
    model.deleted_at = timezone.now()
    model.save(update_fields=["deleted_at"])
    transaction.on_commit(partial(forget, model), robust=True)
    return JsonResponse({"id": model.uid, "object": "model", "deleted": True})


def _tuned(caller: Caller, name: str) -> TunedModel:
    model = living_tuned(caller).filter(uid=name).first()
    if model is None:
        raise no_such_model(name)
    return model


collection = door(GET=listed)
item = door(GET=retrieve, DELETE=delete)
