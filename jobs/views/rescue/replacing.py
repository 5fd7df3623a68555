"""An order that takes the place of a model which will be switched off: its file again, on another connection."""

from typing import Any
from uuid import UUID

from jobs.forms.job import OrderForm
from jobs.models import FineTuneJob, Member, RemoteModel

OWN = {"batch_size": "auto", "learning_rate_multiplier": "auto"}  # what fits one service fits no other


def find(member: Member, uuid: UUID) -> RemoteModel | None:
    rows = RemoteModel.objects.select_related("job__training_file", "job__validation_file", "job__connection")
    return rows.filter(team=member.team, uuid=uuid).first()


def elsewhere(form: OrderForm, model: RemoteModel, job: FineTuneJob) -> dict[str, Any]:
    """First values: a base of another connection that can be trained on the file of `job`, where there is one."""
    method = job.training_file.method if job.training_file else ""
    others = [offer for offer in form.offers if offer["connection"].pk != model.connection_id]
    usable = [offer for offer in others if not offer["connection"].disabled_at and method not in offer["lacks"]]
    base = {"base": usable[0]["value"], "other_model": ""} if usable else {}
    return {"replaces": model.uuid} | OWN | base


def note(member: Member, uuid: UUID | None, job: FineTuneJob) -> None:
    """`job` was ordered in the place of a model: what was compared before was another one."""
    RemoteModel.objects.filter(team=member.team, uuid=uuid or UUID(int=0)).update(retrained=job, comparison=None)
