"""Imported jobs for the page tests: a record of 2023, and one that is still looked for."""

import json

from django.conf import settings
from django.utils import timezone

from jobs import job_json
from jobs.models import FineTuneJob, Team, User
from jobs.pipeline import adopt

SILENT = "The service did not answer in time."


def imported(team: Team, user: User) -> dict[str, FineTuneJob]:
    raw = json.loads((settings.BASE_DIR / "samples" / "job-2023-ft.json").read_text())
    record, _ = adopt.take_in(team, user, job_json.read(raw, timezone.now()), raw, None)
    adopt.keep(record, "No connection knows this job")
    alone = {"id": "ftjob-Zk20vW81qLx5"}
    adopting, _ = adopt.take_in(team, user, job_json.read(alone, timezone.now()), alone, None)
    silent = [{"uuid": str(one.uuid), "connection": one.name, "trouble": SILENT} for one in team.connections.all()[:2]]
    FineTuneJob.objects.filter(pk=adopting.pk).update(due_at=None, candidates=silent)
    return {"record": record, "adopting": adopting}
