"""manage.py check_keys: does FIELD_KEYS open every secret? To be asked after a restore; it changes nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.models import Connection
from jobs.sealing import opens

SECRETS = {"sealed_key": "API key", "sealed_hook_secret": "webhook secret"}
MEND = (
    "{locked} of {count} secrets cannot be opened with any of FIELD_KEYS. Nothing was changed.\n"
    "Put the key they were sealed with back into FIELD_KEYS (it lies where .env or var/field_key was kept) and start "
    "again: all goes on by itself. Without it, an owner enters them anew on the connection's page:\n{rows}"
)


class Command(BaseCommand):
    help = "Tell which stored secrets FIELD_KEYS cannot open. Changes nothing; exit status 1 if there are any."

    def handle(self, *_args: Any, **_options: Any) -> None:
        count, locked = 0, []
        rows = Connection.objects.select_related("team").only("uuid", "name", "team__slug", *SECRETS).order_by("pk")
        for row in rows.iterator(chunk_size=500):
            for column, word in SECRETS.items():
                sealed = getattr(row, column)
                count += bool(sealed)
                if sealed and not opens(sealed):
                    locked.append(f"  {row.uuid} · {row.team.slug} · {row.name} · {word}")
        if locked:
            raise CommandError(MEND.format(locked=len(locked), count=count, rows="\n".join(locked)))
        self.stdout.write(f"{count} secrets, all of them open")
