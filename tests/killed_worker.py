"""A worker process of its own, to be killed: beat's tick and all its tasks, the clock moving on, until a work is done.

python -m tests.killed_worker MEDIA_ROOT SECONDS archived|recorded      SECONDS: how far its clock is ahead

With "recorded at once" others work beside it: its clock then runs as theirs do.
"""

import os
import sys
from datetime import timedelta
from typing import Any

import django


def is_archived() -> bool:
    from jobs.models import Inventory, RemoteModel, Team
    from jobs.pipeline.rescue import overview

    read = not Inventory.objects.filter(due_at__isnull=False).exists() and RemoteModel.objects.exists()
    return read and not any(overview.is_moving(team) for team in Team.objects.all())


def is_recorded() -> bool:
    from jobs.models import Evaluation, QuestionSet
    from jobs.run_states import RUN_OVER, RUN_STANDS

    going_on = Evaluation.objects.exclude(state__in=RUN_OVER | RUN_STANDS).exists()
    return not going_on and not QuestionSet.objects.filter(state="making").exists()


def main(media: str, ahead: str, what: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")
    django.setup()
    import time_machine
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from ftsite.celery import app
    from jobs.tasks import tick

    what, _space, beside = what.partition(" ")
    settings.MEDIA_ROOT = media
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    done = {"archived": is_archived, "recorded": is_recorded}[what]
    start = timezone.now() + timedelta(seconds=float(ahead))
    with time_machine.travel(start, tick=True) as clock:
        while not done():
            tick()
            clock.shift(timedelta(seconds=0 if beside else 5))
    connection.close()
    if connection.vendor == "postgresql":
        pool: Any = connection
        pool.close_pool()  # else the end of the process waits for the pool's threads for 20 seconds


if __name__ == "__main__":
    main(*sys.argv[1:])
