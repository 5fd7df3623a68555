"""A training file's copy at a service: sent before the first order, deleted there on a person's word.

`RemoteFile.remote_id` empty: no copy; `claimed_at` then tells that a worker sends one. With an id the copy is there;
`delete_due_at` says that it was wished away, `claimed_at` that the delete call has begun, and from then on the id is
as good as gone: an order waits, and sends the file anew. Sending and deleting lock the rows of the file for that
decision, and an order is ACTIVE before it asks: either it is seen by the deletion, or the deletion is seen by it.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import provider
from jobs.models import Connection, FineTuneJob, RemoteFile, TrainingFile
from jobs.pipeline.park import blame
from jobs.provider import Access, ProviderError

LEASE = timedelta(seconds=60)  # of a delete call; longer than the call can take
AGAIN = timedelta(seconds=60)
GIVE_UP = timedelta(minutes=10)  # of answers that leave it open whether the copy is gone
AT_ONCE = 100  # rows a tick
NEEDED = gettext_noop("A job came to need this copy: it was not deleted.")


# --- sending ------------------------------------------------------------------------------------------


def bring(connection: Connection, access: Access, file: TrainingFile) -> bool:
    """See that `file` lies at the connection. Returns False while another worker sends or deletes it."""
    copy, _ = RemoteFile.objects.get_or_create(connection=connection, training_file=file)
    going = _claim_to_send(copy)
    if going is None:
        return _is_there(copy)
    rows = RemoteFile.objects.filter(pk=copy.pk)
    try:
        # asked first: an earlier upload's answer may have been lost
        answer = provider.find_upload(access, file.remote_name, file.size, going) or provider.upload(
            access, file.path, file.remote_name
        )
    except (OSError, ValueError) as error:  # ValueError: the row was deleted while this was ordered
        rows.update(claimed_at=None)
        raise ProviderError(gettext_noop("The stored file cannot be read."), permanent=True) from error
    except ProviderError:
        rows.update(claimed_at=None)
        raise
    told = {"remote_id": str(answer["id"]), "raw": answer, "uploaded_at": timezone.now()}
    rows.update(**told, claimed_at=None, delete_due_at=None, deleted_at=None, trouble="")
    return True


@transaction.atomic
def _claim_to_send(copy: RemoteFile) -> set[str] | None:
    """Claim `copy` for sending. Returns ids, deleted or going, that a service may still list; None: not to be sent."""
    rows = _locked(copy)
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - timedelta(seconds=settings.CLAIM_SECONDS))
    if not RemoteFile.objects.filter(free, pk=copy.pk, remote_id="").update(claimed_at=now):
        return None
    going = {row.remote_id for row in rows if row.remote_id and row.claimed_at}
    return going | {str(row.raw.get("id")) for row in rows if row.deleted_at}


def _is_there(copy: RemoteFile) -> bool:
    copy.refresh_from_db()
    return bool(copy.remote_id) and copy.claimed_at is None


def forget(connection: Connection, file: TrainingFile, remote_id: str) -> None:
    """The service no longer knows `file` as `remote_id`: the next order sends it again. A newer id stays."""
    rows = RemoteFile.objects.filter(connection=connection, training_file=file, remote_id=remote_id)
    rows.update(remote_id="", raw={}, claimed_at=None, delete_due_at=None)


# --- deleting -----------------------------------------------------------------------------------------


def needing() -> Exists:
    """Whether an active job uses the copy, over this connection or another one to the same address."""
    file, remote_id = OuterRef("training_file"), OuterRef("remote_id")
    jobs = FineTuneJob.objects.active().filter(
        connection__profile=OuterRef("connection__profile"), connection__base_url=OuterRef("connection__base_url")
    )
    ours = Q(training_file=file) | Q(validation_file=file)
    imported = Q(sent=remote_id) | Q(sent_too=remote_id)  # we may not have its file
    told = jobs.alias(sent=KT("remote__training_file"), sent_too=KT("remote__validation_file"))
    return Exists(told.filter(ours | imported))


def deletable() -> Q:
    """Copies at connections that may be called. No call is made over one that is deleted, disabled or parked."""
    return Q(connection__deleted_at=None, connection__disabled_at=None, connection__parked_at=None)


def due() -> QuerySet[RemoteFile]:
    """Copies whose deletion is to be begun, or gone on with; who waits longest comes first."""
    now = timezone.now()
    awake = Q(connection__wait_until=None) | Q(connection__wait_until__lte=now)
    rows = RemoteFile.objects.filter(deletable(), awake, delete_due_at__lte=now).exclude(remote_id="")
    return rows.order_by("delete_due_at")


def wish_away(copy: RemoteFile) -> bool:
    """A person wishes `copy` deleted at the service. Returns False if it cannot be, or was wished away before."""
    rows = RemoteFile.objects.filter(deletable(), ~needing(), pk=copy.pk, delete_due_at=None).exclude(remote_id="")
    return rows.update(delete_due_at=timezone.now(), trouble="") == 1


def delete(copy: RemoteFile) -> None:
    """Delete a copy that is due at its service, unless a job has come to need it. Already gone is gone."""
    mine = _claim_to_delete(copy)
    if mine is None:
        return
    try:
        provider.delete_file(mine.connection.access(), mine.remote_id)
    except ProviderError as error:
        if error.status != 404:
            _not_deleted(mine, error, first=copy.claimed_at is None)
            return
    _same(mine).update(remote_id="", claimed_at=None, delete_due_at=None, deleted_at=timezone.now(), trouble="")


@transaction.atomic
def _claim_to_delete(copy: RemoteFile) -> RemoteFile | None:
    """Take the row and its twins. Once begun it is gone through with: orders know, and wait for the end."""
    _locked(copy)
    mine = due().filter(pk=copy.pk).select_related("connection").annotate(needed=needing()).first()
    if mine is None:
        return None
    if mine.needed and mine.claimed_at is None:
        RemoteFile.objects.filter(pk=mine.pk).update(delete_due_at=None, trouble=NEEDED)
        return None
    copy.claimed_at, now = mine.claimed_at, timezone.now()
    mine.claimed_at = mine.claimed_at or now
    _same(mine).update(claimed_at=mine.claimed_at, delete_due_at=now + LEASE)
    return mine


def _locked(copy: RemoteFile) -> list[RemoteFile]:
    """Every row of the copy's file, held until the transaction ends (SQLite's transactions exclude each other)."""
    return list(RemoteFile.objects.select_for_update().filter(training_file=copy.training_file_id).order_by("pk"))


def _same(copy: RemoteFile) -> QuerySet[RemoteFile]:
    """The row and its twins: two connections with keys of one account share the copy."""
    service = copy.connection
    return RemoteFile.objects.filter(
        training_file=copy.training_file_id,
        remote_id=copy.remote_id,
        connection__in=Connection.objects.filter(profile=service.profile, base_url=service.base_url),
    )


def _not_deleted(copy: RemoteFile, error: ProviderError, *, first: bool) -> None:
    """Refused: say so, and leave it. Not reached: later. Not known: later, and until then no order may use it."""
    now = timezone.now()
    resting = blame(copy.connection, error)
    told = error.status is not None or error.code == "shape"
    spent = copy.claimed_at is not None and copy.claimed_at < now - GIVE_UP
    if (error.permanent and not resting) or (told and spent):
        _same(copy).update(claimed_at=None, delete_due_at=None, trouble=str(error))
        return
    again = now + AGAIN  # a longer Retry-After is the connection's to wait for (`due`)
    begun = None if first and not error.reached else copy.claimed_at
    _same(copy).update(claimed_at=begun, delete_due_at=again, trouble=str(error))
