"""Makes the demo team, as the first `make up` does."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.demo import EMAIL, make_demo, sign_in_line


class Command(BaseCommand):
    help = (
        "Make the demo user, team, connection to the trainer and sample files, unless they were made before. "
        "Embedded: staff, with the password that `make up` prints. Else: no staff, with a new password, printed once."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        if settings.EMBEDDED:
            made = make_demo()
            self.stdout.write(f"{'made' if made else 'already there, nothing changed'}: {sign_in_line(made)}")
            return
        if not settings.TRAINER_URL:
            raise CommandError("TRAINER_URL is not set: the demo needs a trainer to train at (docs/operations.md).")
        password = secrets.token_urlsafe(15)
        if not make_demo(password, staff=False):
            raise CommandError(f"already there, nothing changed: {EMAIL}")
        self.stdout.write(f"made: {EMAIL} / {password}")
