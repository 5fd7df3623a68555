"""manage.py trainer_bases [--check] [--acts]: the bases that are here, and those that can be pulled."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from trainer import base_folders
from trainer.base_folders import BadBaseError
from trainer.bases import BUILT_IN, pulled
from trainer.models import TrainerAct
from trainer.pulling.catalogue import Entry, entries

ACTS = 50


class Command(BaseCommand):
    help = "Lists the bases that can be trained here, and those that trainer_pull brings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare the hash of every file, too")
        parser.add_argument(
            "--acts", action="store_true", help=f"who pulled, removed, issued, revoked: the last {ACTS}"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["acts"]:
            for act in TrainerAct.objects.all()[:ACTS]:
                self.stdout.write(str(act))
            return
        here = [*base_folders.listed(BUILT_IN), *base_folders.listed(pulled())]
        self.stdout.write("Here:")
        for folder in here:
            self.stdout.write(f"  {_state(folder, options['check'])}")
        self.stdout.write("\nCan be pulled (manage.py trainer_pull NAME):")
        names = {folder.name for folder in here}
        for entry in entries().values():
            if entry.name not in names:
                self.stdout.write(f"  {_offer(entry)}")
        self.stdout.write("  any other: manage.py trainer_pull OWNER/NAME (a hub's id) or ./FOLDER, with safetensors")


def _state(folder: Path, check: bool) -> str:
    try:
        about = base_folders.verify(folder) if check else base_folders.read(folder)
    except BadBaseError as error:
        return f"✗ {folder.name}: not offered. {error}"
    languages = ", ".join(map(str, about["languages"])) or "?"
    accepted = about["terms_accepted"]
    terms = f", terms accepted by {accepted['by']} on {str(accepted['at'])[:10]}" if accepted else ""
    memorises = " It only memorises the job's file." if about["memorises"] else ""
    return (
        f"✓ {folder.name}: {about['title']}, {about['parameters'] / 1e6:,.1f} M parameters, {languages}, "
        f"context {about['context']:,}. {about['licence']}{terms}.{memorises}".replace("..", ".")
    )


def _offer(entry: Entry) -> str:
    terms = " Has terms to accept." if entry.terms else ""
    languages = ", ".join(entry.languages)
    return (
        f"{entry.name}: {entry.title}, {entry.parameters / 1e6:,.0f} M parameters, {languages}, "
        f"context {entry.context:,}, about {entry.memory} GB of memory. {entry.licence}.{terms} {entry.note}"
    )
