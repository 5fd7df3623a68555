"""Seals every secret anew with the first of FIELD_KEYS, so that an older one can be taken out of the list."""

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.models import Connection
from jobs.sealing import SealBrokenError, reseal

SEALED = {"sealed_key": "API key", "sealed_hook_secret": "webhook's signing secret"}


def rotate(row: Connection, column: str = "sealed_key") -> bool:
    """Return whether `column` was sealed anew; False where it was replaced meanwhile. Raises SealBrokenError."""
    sealed = getattr(row, column)
    return Connection.objects.filter(pk=row.pk, **{column: sealed}).update(**{column: reseal(sealed)}) == 1


class Command(BaseCommand):
    help = "Seal every secret with the first of FIELD_KEYS. Those that no key opens are named and left alone."

    def handle(self, *_args: Any, **_options: Any) -> None:
        sealed, broken = 0, []
        rows = Connection.objects.select_related("team").order_by("pk")
        for row in rows.iterator(chunk_size=500):  # one short statement each: nobody waits for this
            for column in filter(partial(getattr, row), SEALED):
                try:
                    sealed += rotate(row, column)
                except SealBrokenError:
                    broken.append(f"  {row.uuid} · {row.team.slug} · {row.name} · {SEALED[column]}")
        self.stdout.write(f"{sealed} sealed anew")
        if broken:
            raise CommandError(
                f"{len(broken)} could not be opened with any of FIELD_KEYS and stayed as they were. "
                "Put the key they were sealed with back into FIELD_KEYS, or enter these secrets anew:\n"
                + "\n".join(broken)
            )
