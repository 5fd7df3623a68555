"""Every tuned model that a connection's key can see: in the list of models, in its jobs, and in our own rows.

The list of jobs is read page by page; how far it is stands on the row, so that a killed worker's page is read again
and no other. A model that one source names stays in the inventory, whatever later lists leave out.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs import job_json, provider
from jobs.models import Answer, Connection, FineTuneJob, Inventory, Message, RemoteModel, TunedModel
from jobs.pipeline.collect import shutdown_date
from jobs.pipeline.park import blame
from jobs.pipeline.record import backoff
from jobs.provider import Access, Json, ProviderError
from jobs.run_states import ChunkState

LEASE = timedelta(seconds=120)
MOST_PAGES = 200  # of jobs; a service that gives the same page for ever ends there
AT_ONCE = 100  # rows a tick
LONGEST_NAME = 300


def order(connection: Connection) -> None:
    """Read it again from the start; one that is being read goes on."""
    row, _made = Inventory.objects.get_or_create(connection=connection, defaults={"due_at": None})
    begun = {"due_at": timezone.now(), "after": "", "pages": 0, "tries": 0, "trouble": "", "begun_at": timezone.now()}
    Inventory.objects.filter(pk=row.pk, due_at=None).update(**begun)


def due() -> QuerySet[Inventory]:
    now = timezone.now()
    free = Q(connection__deleted_at=None, connection__disabled_at=None, connection__parked_at=None)
    awake = Q(connection__wait_until=None) | Q(connection__wait_until__lte=now)
    return Inventory.objects.filter(free, awake, due_at__lte=now).order_by("due_at")


def read(pk: int) -> None:
    """Read one that is due to its end, if no other worker does."""
    row = due().select_related("connection").filter(pk=pk).first()
    if row is None or not Inventory.objects.filter(pk=pk, due_at=row.due_at).update(due_at=timezone.now() + LEASE):
        return
    row.refresh_from_db(fields=["due_at"])
    connection = row.connection
    try:
        access = connection.access()
        if not row.pages:
            _listed(connection, provider.list_models(access))
        _jobs(row, access)
    except ProviderError as error:
        blame(connection, error)
        refused = error.permanent and not error.is_wrong_key
        tries = row.tries + 1
        again = None if refused else timezone.now() + backoff(tries, error)
        _write(row, trouble=str(error), tries=tries, due_at=again)
        return
    _ours(connection)
    _facts(connection)
    _write(row, done_at=timezone.now(), due_at=None, trouble="", tries=0)


def _write(row: Inventory, **values: Any) -> bool:
    """Store something, if the row is still ours."""
    if not Inventory.objects.filter(pk=row.pk, due_at=row.due_at).update(**values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


def _fits(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME


def is_tuned_name(name: str) -> bool:
    """OpenAI names what was tuned `ft:base:…`, and before 2023 `base:ft-…`; its checkpoints likewise."""
    return name.startswith("ft:") or ":ft-" in name


def _listed(connection: Connection, models: list[Json]) -> None:
    now = timezone.now()
    named = {model["id"]: model for model in models if _fits(model["id"])}
    known = set(_rows(connection).values_list("name", flat=True))
    jobs = set(TunedModel.objects.filter(connection=connection).values_list("name", flat=True))
    for name, model in named.items():
        if is_tuned_name(name) or name in known | jobs:
            _keep(connection, name, "model", model, is_listed=True, owned_by=str(model.get("owned_by") or "")[:200])
    gone = _rows(connection).filter(is_listed=True).exclude(name__in=named)
    gone.update(is_listed=False, gone_at=now)


def _jobs(row: Inventory, access: Access) -> None:
    while row.pages < MOST_PAGES:
        page, more = provider.list_jobs(access, after=row.after)
        for job in page:
            _of_job(row.connection, job)
        last = page[-1]["id"] if page else ""
        repeats = last == row.after
        more = more if more is not None else len(page) == provider.PAGE
        if not _write(row, pages=row.pages + 1, after=last, due_at=timezone.now() + LEASE):
            return
        if not more or repeats or not page:
            return


def _of_job(connection: Connection, job: Json) -> None:
    told = job_json.read_known(job, job["id"], timezone.now())
    name = told.fine_tuned_model
    if not _fits(name):
        return
    about = {"base": told.base_model[:200], "made_at": told.created_at, "remote_job": job["id"]}
    _keep(connection, name, "job", job, **about)


def _rows(connection: Connection) -> QuerySet[RemoteModel]:
    return RemoteModel.objects.filter(connection=connection)


def _keep(connection: Connection, name: str, source: str, raw: Json, **fields: Any) -> None:
    now = timezone.now()
    row, _made = RemoteModel.objects.get_or_create(
        connection=connection, name=name, defaults={"team": connection.team, "seen_at": now}
    )
    fields |= {"gone_at": None} if source == "model" else {}
    kept = {**row.raw, source: raw}
    RemoteModel.objects.filter(pk=row.pk).update(seen_at=now, raw=kept, **fields)


def _ours(connection: Connection) -> None:
    """What our own rows know: models of jobs that were ordered or imported here."""
    for model in TunedModel.objects.filter(connection=connection).select_related("job"):
        row, _made = RemoteModel.objects.get_or_create(
            connection=connection, name=model.name, defaults={"team": connection.team}
        )
        known = {"base": model.base, "job": model.job, "remote_job": model.job.remote_id}
        known |= {"made_at": row.made_at or model.created_at}
        RemoteModel.objects.filter(pk=row.pk).update(**known)


def know_ends(until: date) -> None:
    """Without a call: rows for models of our own jobs that end by `until`, and days that our catalog knows by now."""
    here = RemoteModel.objects.filter(connection=OuterRef("connection"), name=OuterRef("name"))
    missing = TunedModel.objects.alive().filter(~Exists(here), connection__deleted_at=None)
    undated = RemoteModel.objects.filter(shutdown_date=None, signed_at=None, connection__deleted_at=None)
    for connection, bases in _bases(undated.exclude(base="").values_list("connection", "base")):
        for base in bases:
            if day := shutdown_date(connection, base):
                undated.filter(connection=connection, base=base).update(shutdown_date=day)
    for connection, bases in _bases(missing.values_list("connection", "base")):
        days = set(missing.filter(connection=connection).values_list("shutdown_date", flat=True))
        days |= {shutdown_date(connection, base) for base in bases}
        if any(day and timezone.now().date() < day <= until for day in days):
            _ours(connection)
            _facts(connection)


def _bases(pairs: QuerySet[Any, tuple[int, str]]) -> Iterator[tuple[Connection, set[str]]]:
    """Each connection of `pairs` with its bases."""
    bases: dict[int, set[str]] = defaultdict(set)
    for pk, base in pairs.order_by().distinct():
        bases[pk].add(base)
    for connection in Connection.objects.filter(pk__in=bases):
        yield connection, bases[connection.pk]


def _facts(connection: Connection) -> None:
    """When each is switched off, was used last, and which of our jobs made it."""
    connection.refresh_from_db(fields=["models_seen"])
    dated = TunedModel.objects.filter(connection=connection, shutdown_date__isnull=False)
    days = dict(dated.values_list("name", "shutdown_date"))
    jobs = dict(FineTuneJob.objects.filter(connection=connection).exclude(remote_id="").values_list("remote_id", "pk"))
    for row in _rows(connection):
        row.base = row.base or base_named(row.name)
        row.shutdown_date = _shutdown(connection, row) or days.get(row.name)
        row.used_at = _used(row)
        row.job_id = row.job_id or jobs.get(row.remote_job)
        row.save(update_fields=["base", "shutdown_date", "used_at", "job"])


def base_named(name: str) -> str:
    """The base in a tuned model's name, in both forms; empty where it names none."""
    if name.startswith("ft:"):
        return name.split(":")[1] if name.count(":") else ""
    return name.partition(":ft-")[0] if ":ft-" in name else ""


def _shutdown(connection: Connection, row: RemoteModel) -> Any:
    own = row.raw.get("model", {}).get("shutdown_date")
    if isinstance(own, str):
        try:
            return datetime.fromisoformat(own).date()
        except ValueError:
            pass  # as if there were none: the base's date counts
    return shutdown_date(connection, row.base)


def _used(row: RemoteModel) -> datetime | None:
    talked = Message.objects.filter(model=row.name, conversation__job__connection=row.connection_id)
    answered = Answer.objects.filter(candidate__connection=row.connection_id, candidate__model=row.name)
    moments = [
        talked.aggregate(last=Max("created_at"))["last"],
        answered.filter(state=ChunkState.DONE).aggregate(last=Max("answered_at"))["last"],
    ]
    return max((moment for moment in moments if moment), default=None)
