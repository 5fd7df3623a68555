"""Orders that are in doubt, or were taken for absent, are looked for once by their tag: nothing told of them before."""

from datetime import timedelta
from itertools import batched
from typing import Any

from django.db import migrations
from django.db.models import Q
from django.utils import timezone

EACH = timedelta(seconds=2)  # a look may read a long list
AT_ONCE = 500


def look_again(apps: Any, _schema_editor: Any) -> None:
    """Never more than a look: to ask after an old order as after a new one could order it again."""
    job, transition = apps.get_model("jobs", "FineTuneJob"), apps.get_model("jobs", "Transition")
    given_again = transition.objects.filter(before="unsure", after="ready").values("job")
    doubted = Q(pk__in=given_again) | Q(state="unsure", due_at=None)
    rows = job.objects.filter(doubted, connection__isnull=False, connection__deleted_at=None)
    look_due_at = timezone.now()
    for some in batched(rows.order_by("-created_at").values_list("pk", flat=True), AT_ONCE, strict=False):
        changed = []
        for pk in some:
            changed.append(job(pk=pk, look_due_at=look_due_at))
            look_due_at += EACH
        job.objects.bulk_update(changed, ["look_due_at"])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0022_paragraphs")]

    operations = [migrations.RunPython(look_again, migrations.RunPython.noop, elidable=True)]
