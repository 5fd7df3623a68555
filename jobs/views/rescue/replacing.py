"""An order that takes the place of a model which is switched off, or of one that was refused: on another connection."""

from typing import Any
from uuid import UUID

from jobs.forms.job import OrderForm
from jobs.models import Connection, FineTuneJob, Member, RemoteModel

OWN = {"batch_size": "auto", "learning_rate_multiplier": "auto"}  # what fits one service fits no other


def find(member: Member, uuid: UUID) -> RemoteModel | None:
    rows = RemoteModel.objects.select_related("job__training_file", "job__validation_file", "job__connection")
    return rows.filter(team=member.team, uuid=uuid).first()


def usable(form: OrderForm, *, method: str | None = "", but: int | None = None) -> list[dict[str, Any]]:
    """Bases of connections that take orders, for files of `method`; not those of the connection `but`."""
    takes = [offer for offer in form.offers if _takes_orders(offer["connection"])]
    return [offer for offer in takes if offer["connection"].pk != but and method not in offer["lacks"]]


def _takes_orders(connection: Connection) -> bool:
    return not (connection.disabled_at or connection.takes_no_orders)


def elsewhere(form: OrderForm, but: int, job: FineTuneJob, there: UUID | None = None) -> dict[str, Any]:
    """First values: a base that can be trained on the file of `job`, over `there`, else over any connection but one."""
    found = usable(form, method=job.training_file.method if job.training_file else "", but=but)
    chosen = [offer for offer in found if offer["connection"].uuid == there] or found
    return OWN | ({"base": chosen[0]["value"], "other_model": ""} if chosen else {})


def note(member: Member, uuid: UUID | None, job: FineTuneJob) -> None:
    """`job` was ordered in the place of a model: what was compared before was another one."""
    RemoteModel.objects.filter(team=member.team, uuid=uuid or UUID(int=0)).update(retrained=job, comparison=None)
