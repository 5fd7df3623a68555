"""manage.py trainer_key [NAME [--revoke]]: keys that reach real bases, for use without the portal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trainer import keys
from trainer.models import IssuedKey

LONGEST = 80


class Command(BaseCommand):
    help = "Issues a trainer key that reaches real bases: it is the last line. Without NAME: lists the keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="whose key it is; one living key a name")
        parser.add_argument("--revoke", action="store_true", help="from now on that key is refused")

    def handle(self, *_args: Any, **options: Any) -> None:
        name, by = options["name"].strip(), keys.operator()
        if options["revoke"]:
            self._revoke(name, by)
        elif name:
            self._issue(name, by)
        else:
            self._list()

    def _issue(self, name: str, by: str) -> None:
        if len(name) > LONGEST or not name.isprintable():
            raise CommandError(f"A name has at most {LONGEST} characters, all of them printable.")
        if IssuedKey.objects.filter(name=name, revoked_at=None).exists():
            raise CommandError(f"{name} has a key. Take another name, or revoke it: trainer_key {name} --revoke")
        self.stdout.write("The key is shown this once. Jobs and models belong to it: keep it safe.")
        self.stdout.write(keys.issue(name, by))

    def _revoke(self, name: str, by: str) -> None:
        if not keys.revoke(name, by):
            raise CommandError(f"No living key is named {name!r}. Those that are: manage.py trainer_key")
        self.stdout.write(f"{name}: revoked. Its jobs go on; nobody reaches them with that key.")

    def _list(self) -> None:
        rows = IssuedKey.objects.order_by("created_at", "pk")
        for row in rows:
            state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "valid"
            self.stdout.write(f"{row.name}  issued {row.created_at:%Y-%m-%d}  {state}")
        if not rows:
            self.stdout.write("No keys have been issued. One is made with: manage.py trainer_key NAME")
