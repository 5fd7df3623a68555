"""Seals every API key anew with the first of FIELD_KEYS, so that an older one can be taken out of the list."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.models import Connection
from jobs.sealing import SealBrokenError, reseal


def rotate(row: Connection) -> bool:
    """Return whether `row` was sealed anew; False where its key was replaced meanwhile. Raises SealBrokenError."""
    fresh = reseal(row.sealed_key)
    return Connection.objects.filter(pk=row.pk, sealed_key=row.sealed_key).update(sealed_key=fresh) == 1


class Command(BaseCommand):
    help = "Seal every API key with the first of FIELD_KEYS. Rows that no key opens are named and left alone."

    def handle(self, *_args: Any, **_options: Any) -> None:
        sealed, broken = 0, []
        rows = Connection.objects.exclude(sealed_key="").select_related("team").order_by("pk")
        for row in rows.iterator(chunk_size=500):  # one short statement each: nobody waits for this
            try:
                sealed += rotate(row)
            except SealBrokenError:
                broken.append(f"  {row.uuid} · {row.team.slug} · {row.name}")
        self.stdout.write(f"{sealed} sealed anew")
        if broken:
            raise CommandError(
                f"{len(broken)} could not be opened with any of FIELD_KEYS and stayed as they were. "
                "Put the key they were sealed with back into FIELD_KEYS, or enter these API keys anew:\n"
                + "\n".join(broken)
            )
