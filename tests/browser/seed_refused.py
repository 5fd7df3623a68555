"""An order that its service refused, with the file that it left there, and the news of models that end."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jobs.models import Connection, Notice, NoticeKind, RemoteFile, RemoteModel, Team, User
from jobs.states import State
from tests.factories import make_connection, make_file, make_job

BASE = "gpt-4o-mini-2024-07-18"
WORDS = "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new jobs."


def refused(owner: User, reader: User, team: Team) -> dict[str, str]:
    """In the owner's personal team; `reader` gets a notice of `team`."""
    own = owner.ensure_team()
    make_connection(own, name="내장 트레이너")
    connection = make_connection(own, "sk-test-0123456789", profile="openai", name="옛 계정")
    detail = f"{WORDS} (403 training_not_available)"
    Connection.objects.filter(pk=connection.pk).update(state="may_not_train", detail=detail)
    connection.refresh_from_db()
    file = make_file(own, name="겨울 편지.jsonl")
    told: dict[str, Any] = {"state": State.FAILED, "base_model": BASE, "created_by": owner, "name": "편지 문체"}
    told["error"] = {"code": "training_not_available", "message": WORDS, "status": 403}
    job = make_job(own, connection=connection, training_file=file, finished_at=timezone.now(), due_at=None, **told)
    RemoteFile.objects.create(
        connection=connection, training_file=file, remote_id="file-9fKx22mQzA", uploaded_at=timezone.now()
    )
    RemoteModel.objects.create(
        team=own, connection=connection, name=f"ft:{BASE}:own::1", base=BASE, shutdown_date=date(2027, 1, 14)
    )
    Notice.objects.create(user=reader, team=team, kind=NoticeKind.ENDING, ends_on=date(2027, 1, 14), days=30)
    User.objects.filter(pk=reader.pk).update(notices_version=1)
    return {
        "job refused": reverse("job-detail", args=[own.slug, job.uuid]),
        "clone refused": f"{reverse('job-new', args=[own.slug])}?clone={job.uuid}",
    }
