"""The lease on a job: one worker holds it for a while, and every write shows that it still does."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from trainer.models import Training
from trainer.work.queue import in_line

LEASE = timedelta(seconds=30)
RENEW = 5.0  # seconds
JOB_AND_FILES = ("job__training_file", "job__validation_file")
AT_ONCE = 20  # rows looked at, of which other workers may have taken the first


class LostLeaseError(Exception):
    """Another worker has the job by now, or its row is gone."""


@dataclass(frozen=True)
class Lease:
    pk: int
    fence: int
    owner: str

    def hold(self) -> Training:
        """Renew it, and return the row with its job. In a transaction, nobody else changes the row before its end."""
        rows = Training.objects.filter(pk=self.pk, fence=self.fence, lease_owner=self.owner)
        if not rows.update(lease_until=timezone.now() + LEASE):
            raise LostLeaseError
        return Training.objects.select_related(*JOB_AND_FILES).get(pk=self.pk)

    def wanted(self) -> str:
        rows = Training.objects.filter(pk=self.pk, fence=self.fence, lease_owner=self.owner)
        found = rows.values_list("wanted", flat=True).first()
        if found is None:
            raise LostLeaseError
        return found

    def put_back(self, seconds: float) -> None:
        """Free the job, to be taken again after so many seconds, as if it had not been tried."""
        until = timezone.now() + timedelta(seconds=seconds)
        rows = Training.objects.filter(pk=self.pk, fence=self.fence, lease_owner=self.owner)
        rows.update(lease_owner="", lease_until=until, idle_attempts=F("idle_attempts") - 1)


def claim(owner: str) -> Lease | None:
    """Take the oldest job that waits; None where there is none."""
    now = timezone.now()
    for pk, fence in in_line(now).values_list("pk", "fence")[:AT_ONCE]:
        lease = Lease(pk, fence + 1, owner)
        taken = (
            in_line(now)
            .order_by()
            .filter(pk=pk, fence=fence)
            .update(
                lease_owner=owner,
                lease_until=now + LEASE,
                fence=lease.fence,
                attempt=F("attempt") + 1,
                idle_attempts=F("idle_attempts") + 1,
            )
        )
        if taken:
            return lease
    return None


def free_own(owner: str) -> None:
    """Give back at its start what the worker of that name held when it was killed."""
    Training.objects.filter(lease_owner=owner).update(lease_owner="", lease_until=None)
