"""Imported jobs: the team's connections are asked whether they know one; else what its JSON tells is kept.

Only an answer that says so ("404") proves that a service does not know a job. One that could not be asked is asked
again, until it answers or a person ends the search (ADR 0016).
"""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import job_json, provider
from jobs.job_json import Json, Told
from jobs.methods import Method
from jobs.models import Connection, FineTuneJob, JobEvent, JobOrigin, Team, Transition, User
from jobs.pipeline import fetching
from jobs.pipeline.park import blame, is_resting
from jobs.pipeline.record import backoff, move, note
from jobs.provider import ProviderError
from jobs.states import State

NOT_KNOWN = frozenset({400, 404, 405, 410, 422, 501})  # the service understood, and has no such job
NOT_ASKED = gettext_noop("Not every connection has answered yet whether it knows this job.")
KEPT_EVENT = "imported-"  # ids of events that came with the JSON: 2023's had none


class OtherTeamsError(Exception):
    """The job was ordered in another team of this portal."""


# --- taking it in -------------------------------------------------------------------------------------


def here_already(team: Team, remote_id: str, tag: str) -> FineTuneJob | None:
    """The team's row of a job, whichever connection it came by. Raises OtherTeamsError for another team's order."""
    rows = FineTuneJob.objects.filter(team=team)
    if known := rows.filter(remote_id=remote_id).order_by("created_at").first():
        return known
    tagged = _tagged(tag)
    if tagged and tagged.team_id != team.pk:
        raise OtherTeamsError
    return tagged


def _tagged(tag: str) -> FineTuneJob | None:
    try:
        return FineTuneJob.objects.filter(uuid=UUID(tag)).first()
    except ValueError:
        return None


def take_in(
    team: Team, by: User | None, told: Told, raw: Json, connection: Connection | None
) -> tuple[FineTuneJob, bool]:
    """Store an imported job, due to be looked for; or return the row that is there, and False.

    `connection`: look there alone. The team's row is locked, so that two imports at once make one job.
    """
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        if known := here_already(team, told.remote_id, told.tag):
            return known, False
        job = FineTuneJob.objects.create(team=team, created_by=by, connection=connection, imported=raw, **_row(told))
        Transition.objects.create(job=job, after=job.state, by=by)
        Team.objects.filter(pk=team.pk).update(jobs_version=F("jobs_version") + 1)
    return job, True


def _row(told: Told) -> dict[str, Any]:
    return {
        "origin": JobOrigin.IMPORTED,
        "state": State.ADOPTING,
        "remote_id": told.remote_id,
        "remote_status": told.status,
        "name": told.name,
        "base_model": told.base_model,
        "suffix": told.suffix,
        "seed": told.seed,
        "method": told.method or Method.SUPERVISED,
        "hyperparameters": told.hyperparameters,
        "created_at": told.created_at or timezone.now(),
    }


# --- looking for it -----------------------------------------------------------------------------------


def search(job: FineTuneJob) -> None:
    """Ask each connection whether it knows the job. The first that does has it; if none does, it is a record."""
    silent: list[Json] = []
    for connection in _to_ask(job):
        try:
            if remote := _asked(connection, job.remote_id):
                _found(job, connection, remote)
                return
        except ProviderError as error:
            silent.append({"uuid": str(connection.uuid), "connection": connection.name, "trouble": str(error)})
    if silent:
        tries = job.tries + 1
        due_at = timezone.now() + backoff(tries)
        note(job, tries=tries, trouble=NOT_ASKED, candidates=silent, due_at=due_at)
    else:
        keep(job, gettext_noop("No connection knows this job"))


def _to_ask(job: FineTuneJob) -> list[Connection]:
    alive = Connection.objects.alive().filter(team=job.team_id)
    return list(alive.filter(pk=job.connection_id) if job.connection_id else alive)


def _asked(connection: Connection, remote_id: str) -> Json | None:
    """What one service says of the job; None: it does not know it. Raises ProviderError where it could not be asked."""
    if connection.disabled_at:
        raise ProviderError(gettext_noop("This connection was disabled by staff."))
    if is_resting(connection):
        raise ProviderError(connection.detail or gettext_noop("The service asked to be left alone for a while."))
    try:
        remote = provider.retrieve_job(connection.access(), remote_id)
    except ProviderError as error:
        if error.status in NOT_KNOWN:
            return None
        blame(connection, error)
        raise
    return remote if remote["id"] == remote_id else None


def _found(job: FineTuneJob, connection: Connection, remote: Json) -> None:
    """Follow it from here on, unless it is another row's job."""
    tagged = _tagged(job_json.tag(remote))
    if tagged and tagged.team_id != job.team_id:
        keep(job, gettext_noop("It was ordered in another team of this portal, and stays there"))
        return
    if tagged:
        keep(job, gettext_noop("It was ordered here: see the job that was ordered"))
        return
    try:
        with transaction.atomic():
            moved = move(job, State.RUNNING, gettext_noop("Found at the service"), **_as_told(job, connection, remote))
            if moved:
                job.events.filter(remote_id__startswith=KEPT_EVENT).delete()
                fetching.link(job, connection)
    except IntegrityError:
        job.refresh_from_db()
        keep(job, gettext_noop("Another job of this connection already has that id."))


def _as_told(job: FineTuneJob, connection: Connection, remote: Json) -> dict[str, Any]:
    """What the service says counts, where the JSON that was given says otherwise. The end is the poll's to tell."""
    changes: dict[str, Any] = {"connection": connection, "remote": remote, "candidates": [], "collected_at": None}
    told = job_json.read_known(remote, job.remote_id, timezone.now())
    changes |= {"remote_status": told.status, "error": {}, "finished_at": None}
    changes |= {"created_at": told.created_at or job.created_at, "base_model": told.base_model or job.base_model}
    changes |= {"suffix": told.suffix or job.suffix, "seed": job.seed if told.seed is None else told.seed}
    changes |= {"method": told.method or job.method}
    changes |= {"hyperparameters": told.hyperparameters or job.hyperparameters}
    changes["engine"] = connection.engine_of(changes["base_model"])
    if job.name == job.remote_id[:120]:
        changes["name"] = told.name
    return changes


# --- keeping what is known ----------------------------------------------------------------------------


def keep(job: FineTuneJob, reason: str, by: User | None = None) -> bool:
    """Make a record of the job: what its JSON tells is all there is. False: it was found meanwhile."""
    told = job_json.read_known(job.imported, job.remote_id, timezone.now())
    with transaction.atomic():
        if not move(job, State.RECORDED, reason, by, **_kept(told)):
            return False
        events = [
            JobEvent(job=job, remote_id=f"{KEPT_EVENT}{number}", data=None, **event)
            for number, event in enumerate(told.events)
        ]
        JobEvent.objects.bulk_create(events, ignore_conflicts=True)
    return True


def _kept(told: Told) -> dict[str, Any]:
    return {
        "connection": None,
        "candidates": [],
        "due_at": None,
        "collected_at": timezone.now(),
        "error": told.error,
        "fine_tuned_model": told.fine_tuned_model,
        "trained_tokens": told.trained_tokens,
        "finished_at": told.finished_at if told.has_ended else None,
    }


def look_again(job: FineTuneJob, by: User) -> bool:
    """A person wants a record looked for once more, at every connection there is now."""
    return move(job, State.ADOPTING, gettext_noop("Looked for again"), by, connection=None, collected_at=None)
