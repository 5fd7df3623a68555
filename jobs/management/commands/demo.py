"""Makes the demo team, as the first `make up` does."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.demo import make_demo, sign_in_line


class Command(BaseCommand):
    help = "Make the demo user (staff, superuser), team, connection and sample files, unless they were made before."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demo user's password is public: it is made with EMBEDDED=true only.")
        made = make_demo()
        self.stdout.write(f"{'made' if made else 'already there, nothing changed'}: {sign_in_line()}")
