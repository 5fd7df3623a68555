"""The files of an imported job: those the team has are linked, others are fetched from the service and checked."""

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs import job_json, provider
from jobs.models import Connection, FineTuneJob, Origin, RemoteFile, TrainingFile
from jobs.models.training_file import stored_name
from jobs.pipeline import leftovers
from jobs.pipeline.collect import GIVE_UP_AFTER
from jobs.pipeline.park import blame
from jobs.pipeline.record import note
from jobs.pipeline.storing import clean_name
from jobs.provider import Access, ProviderError

AGAIN = timedelta(minutes=1)
FIELDS = {"training_file": "training_files", "validation_file": "validation_files"}


def link(job: FineTuneJob, connection: Connection) -> None:
    """Link the job's files. One that the team does not have becomes a row whose bytes the check fetches first."""
    told = job_json.read_known(job.remote, job.remote_id, timezone.now())
    for name, list_name in FIELDS.items():
        ids: list[str] = getattr(told, list_name)
        if ids:
            setattr(job, name, _known(job, connection, ids[0]) or _ordered(job, connection, ids[0]))
    job.save(update_fields=list(FIELDS))


def _known(job: FineTuneJob, connection: Connection, remote_id: str) -> TrainingFile | None:
    copies = RemoteFile.objects.filter(connection__team=job.team_id, remote_id=remote_id).select_related(
        "training_file"
    )
    found = copies.filter(connection=connection).first() or copies.first()
    return found.training_file if found else None


def _ordered(job: FineTuneJob, connection: Connection, remote_id: str) -> TrainingFile:
    """A file whose bytes are still at the service. Its sha256 is not known yet: a digest of the id stands for it."""
    told = {"uploaded_by": job.created_by, "name": clean_name(remote_id), "origin": Origin.FETCHED, "size": 0}
    promised = hashlib.sha256(f"{connection.uuid}\n{remote_id}".encode()).hexdigest()
    file, _made = TrainingFile.objects.alive().get_or_create(
        team=job.team, sha256=promised, deleted_at=None, defaults=told | {"check_due_at": timezone.now()}
    )
    RemoteFile.objects.get_or_create(
        connection=connection, training_file=file, defaults={"remote_id": remote_id, "uploaded_at": job.created_at}
    )
    return file


# --- in the check, before the bytes are read -------------------------------------------------------------


def make(file: TrainingFile, write: Callable[..., None], keep: Callable[[], None]) -> bool:
    """Fetch the bytes of `file` and store them through `write`; `keep` holds the lease meanwhile.

    False: there is nothing to check (yet). What the service does not hand out is forgotten, its id stays with the job.
    """
    copy = file.remote_files.select_related("connection").exclude(remote_id="").first()
    if copy is None or copy.connection.deleted_at:
        _forget(file)
        return False
    if copy.connection.disabled_at:  # staff may enable it again
        write(check_due_at=timezone.now() + AGAIN)
        return False
    name = stored_name(file, "")
    target = Path(settings.MEDIA_ROOT) / name
    try:
        raw, digest = _fetch(copy, target, keep)
    except ProviderError as error:
        blame(copy.connection, error)
        _put_off(file, error, write)
        return False
    return _store(file, copy, raw, digest, write)


def _fetch(copy: RemoteFile, target: Path, keep: Callable[[], None]) -> tuple[provider.Json, str]:
    """Write the service's bytes to `target`. Returns the file's JSON and the sha256."""
    access = copy.connection.access()
    raw = _facts(access, copy.remote_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(target)
    part = target.with_suffix(f".{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        with part.open("wb") as stream:
            for chunk in provider.file_chunks(access, copy.remote_id, settings.UPLOAD_LIMIT):
                digest.update(chunk)
                stream.write(chunk)
                keep()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return raw, digest.hexdigest()


def _facts(access: Access, remote_id: str) -> provider.Json:
    """The file's JSON at the service, for its name; some services give only the bytes."""
    try:
        return provider.retrieve_file(access, remote_id)
    except ProviderError as error:
        if error.is_wrong_key or not error.permanent:
            raise
        return {}


def _store(file: TrainingFile, copy: RemoteFile, raw: provider.Json, digest: str, write: Callable[..., None]) -> bool:
    name = stored_name(file, "")
    target = Path(settings.MEDIA_ROOT) / name
    called = clean_name(str(raw.get("filename") or file.name))
    try:
        with transaction.atomic():
            write(content=name, name=called, size=target.stat().st_size, sha256=digest)
            RemoteFile.objects.filter(pk=copy.pk).update(raw=raw)
    except IntegrityError:  # the team has these very bytes already
        target.unlink()
        twin = TrainingFile.objects.alive().get(team=file.team_id, sha256=digest)
        _replace(file, twin, copy)
        return False
    file.content.name, file.name, file.sha256 = name, called, digest
    return True


def _put_off(file: TrainingFile, error: ProviderError, write: Callable[..., None]) -> None:
    """A refusal is believed; everything else is tried again for a day."""
    refused = error.permanent and not error.is_wrong_key
    if refused or timezone.now() - file.created_at > GIVE_UP_AFTER:
        _forget(file)
    else:
        write(check_due_at=timezone.now() + AGAIN)


def _forget(file: TrainingFile) -> None:
    with transaction.atomic():
        _jobs_point_to(file, None)
        file.remote_files.all().delete()
        file.delete()


def _replace(file: TrainingFile, twin: TrainingFile, copy: RemoteFile) -> None:
    with transaction.atomic():
        _jobs_point_to(file, twin)
        copy.delete()
        kept, _made = RemoteFile.objects.get_or_create(connection=copy.connection, training_file=twin)
        if not kept.remote_id:
            RemoteFile.objects.filter(pk=kept.pk).update(remote_id=copy.remote_id, uploaded_at=copy.uploaded_at)
        file.delete()


def _jobs_point_to(file: TrainingFile, other: TrainingFile | None) -> None:
    for job in FineTuneJob.objects.filter(training_file=file):
        note(job, training_file=other)
    for job in FineTuneJob.objects.filter(validation_file=file):
        note(job, validation_file=other)
