"""manage.py trainer_pull NAME|HUB_ID|FOLDER [--accept-terms]: brings a base here."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trainer import keys
from trainer.base_folders import BadBaseError
from trainer.pulling.catalogue import Entry
from trainer.pulling.pull import check_free, find, pull


class Command(BaseCommand):
    help = "Brings a base here: one of the list (trainer_bases), a hub's id (owner/name), or a folder. May be repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("base", help="a name of the list, owner/name at the hub, or the path of a folder")
        parser.add_argument("--accept-terms", action="store_true", help="I have read its terms and accept them")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            entry = find(options["base"])
            check_free(entry.name)
            self._show(entry)
            if entry.terms and not options["accept_terms"]:
                raise CommandError(f"Read the terms, then: manage.py trainer_pull {options['base']} --accept-terms")
            folder = pull(entry, keys.operator(), lambda text: self.stdout.write(f"· {text}"))
        except BadBaseError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"{error.strerror or error}: {error.filename or 'the disk'}. Then pull again."
            ) from error
        self.stdout.write(f"✓ {entry.name} is here: {folder}")
        self.stdout.write("  New jobs offer it within a minute, at a connection with an issued key.")

    def _show(self, entry: Entry) -> None:
        size = f", {entry.source['megabytes']} MB to download" if "megabytes" in entry.source else ""
        self.stdout.write(f"{entry.title} ({entry.name}{size}). Licence: {entry.licence}.")
        if entry.terms:
            self.stdout.write(f"Terms: {entry.terms}.")
