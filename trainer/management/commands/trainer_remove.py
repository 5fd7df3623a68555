"""manage.py trainer_remove NAME [--force]: takes a base and its weights off this machine."""

import shutil
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from trainer import base_folders, keys
from trainer.base_folders import NEW, BadBaseError
from trainer.bases import BUILT_IN, pulled
from trainer.models import ENDED, Job, TunedModel


class Command(BaseCommand):
    help = "Removes a base. Refused while jobs or tuned models need it, unless --force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--force", action="store_true", help="though jobs fail by it and its tuned models go dark")

    def handle(self, *_args: Any, **options: Any) -> None:
        name = options["name"]
        try:
            folder = pulled() / base_folders.check_name(name)
        except BadBaseError as error:
            raise CommandError(str(error)) from error
        if (BUILT_IN / name).exists():
            raise CommandError(f"{name} is built in, takes no room, and stays.")
        half = pulled() / f"{name}{NEW}"
        if not folder.is_dir() and not half.is_dir():
            raise CommandError(f"No base is named {name!r}. Those that are here: manage.py trainer_bases")
        if folder.is_dir() and not options["force"]:
            self._check_needed(name)
        self._remove(name, folder.is_dir())
        self.stdout.write(f"{name} was removed.")

    def _check_needed(self, name: str) -> None:
        jobs = Job.objects.filter(~Q(training__status__in=ENDED), base=name, training__isnull=False).count()
        models = TunedModel.objects.filter(job__base=name, deleted_at=None, created_at__isnull=False).count()
        if jobs or models:
            raise CommandError(
                f"{jobs} jobs and {models} tuned models need {name}: jobs would fail, and models not answer any more. "
                f"To remove it all the same: manage.py trainer_remove {name} --force"
            )

    def _remove(self, name: str, whole: bool) -> None:
        """Renamed first: from then on it is not listed, whatever happens."""
        half = pulled() / f"{name}{NEW}"
        shutil.rmtree(half, ignore_errors=True)
        if whole:
            (pulled() / name).rename(half)
            keys.write_down("base.removed", name, keys.operator())
            shutil.rmtree(half)
