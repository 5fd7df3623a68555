"""Jobs that ended without their bill, results or curve are looked at once more: a leaner list had lost them."""

from datetime import timedelta
from itertools import batched
from typing import Any

from django.db import migrations
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

APART = timedelta(seconds=2)  # each costs four calls: a worker's lease must do for those that are due together
AT_ONCE = 500


def read_again(apps: Any, _schema_editor: Any) -> None:
    """Jobs that a living connection's service has ended, the newest first."""
    job, metric = apps.get_model("jobs", "FineTuneJob"), apps.get_model("jobs", "Metric")
    has_figures = Exists(metric.objects.filter(job=OuterRef("pk")))
    without = Q(trained_tokens=None) | Q(state="succeeded", result_csv="") | (Q(state="succeeded") & ~has_figures)
    ended = job.objects.filter(
        without,
        state__in=("succeeded", "failed", "cancelled"),
        connection__deleted_at=None,
        connection__isnull=False,
        collected_at__isnull=False,
    ).exclude(remote_id="")
    due_at = timezone.now()
    for some in batched(list(ended.order_by("-created_at", "-pk").values_list("pk", flat=True)), AT_ONCE, strict=False):
        rows = []
        for pk in some:
            rows.append(job(pk=pk, collected_at=None, due_at=due_at))
            due_at += APART
        job.objects.bulk_update(rows, ["collected_at", "due_at"])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0020_second_jobs")]

    operations = [migrations.RunPython(read_again, migrations.RunPython.noop, elidable=True)]
