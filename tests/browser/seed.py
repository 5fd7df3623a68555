"""Fills a running portal with one of everything that a page can show.

Run in the portal's own settings (`manage.py shell -c`). No job is due, so that the worker leaves them as they are.
"""

import hashlib
import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.files import File
from django.urls import reverse
from django.utils import timezone

from jobs.models import (
    AuditEntry,
    Connection,
    Conversation,
    FineTuneJob,
    Invitation,
    Member,
    Notice,
    RemoteFile,
    Role,
    Team,
    TrainingFile,
    Transition,
    User,
)
from jobs.pipeline import checking
from jobs.pipeline.storing import order_conversion, store
from jobs.states import State
from tests.browser.seed_changes import changed
from tests.browser.seed_evaluations import evaluations
from tests.browser.seed_import import imported
from tests.browser.seed_judges import judges
from tests.browser.seed_mended import mended
from tests.browser.seed_passages import searched
from tests.browser.seed_questions import questions
from tests.browser.seed_refused import refused
from tests.browser.seed_rescue import rescues
from tests.browser.seed_runs import runs
from tests.browser.seed_texts import texts
from tests.factories import make_connection, make_file, make_job, make_tuned_model, make_user

ABOUT = {
    "examples": {"value": 27_498, "low": 27_212, "high": 27_790},
    "tokens": {"value": 10_750_600, "low": 10_741_200, "high": 10_761_900},
}
MODEL = "sim-large-2026-06-01"
TUNED = "ft:sim-large-2026-06-01:bomnal:winter-essay:Bq7Yt2Lm"
STATIONS = {
    State.NEW: [],
    State.READY: [State.PUSHING, State.READY],
    State.UNSURE: [State.PUSHING, State.READY, State.SUBMITTING, State.UNSURE],
    State.RUNNING: [State.PUSHING, State.READY, State.SUBMITTING, State.RUNNING],
}
STATIONS |= {end: [*STATIONS[State.RUNNING], end] for end in (State.SUCCEEDED, State.FAILED, State.CANCELLED)}


def main() -> None:
    alice, bob, carol, dora = (make_user(name) for name in ("alice", "bob", "carol", "dora"))
    team = Team.objects.make("글도우미 편집부", alice)
    Member.objects.create(team=team, user=bob, role=Role.TRAINER)
    Member.objects.create(team=team, user=carol, role=Role.VIEWER)
    connections = _connections(team, alice)
    files = _files(team, alice)
    jobs = _jobs(team, alice, bob, connections["works"], files["ready"])
    jobs |= imported(team, alice)
    _copies(connections, files)
    _talk(jobs["succeeded"], alice)
    _notices(jobs, carol)
    _audit(team, alice)
    places = _places(team, connections, files, jobs) | _lists(team, "") | _lists(dora.ensure_team(), "empty ")
    places |= _invitations(team, alice) | searched(team, alice, files) | mended(alice, files)
    places |= changed(team, alice, files["ready"])
    places |= texts(team, alice)
    places |= runs(team, alice)
    places |= evaluations(team, alice, connections["works"], jobs["succeeded"])
    places |= questions(team, alice, connections["works"], jobs["succeeded"])
    places |= judges(team, connections["refused"])
    places |= rescues(team, alice, connections["refused"], jobs["succeeded"])
    places |= refused(alice, bob, team)
    root = make_user("root", is_staff=True)
    places |= _oversight(bob)
    cookies = {user.username: _session(user) for user in (alice, bob, carol, dora, root)}
    print(json.dumps({"places": places, "cookies": cookies}))


def _session(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _connections(team: Team, owner: User) -> dict[str, Connection]:
    seen = [{"id": MODEL, "shutdown_date": None}, {"id": "sim-small-2026-06-01", "shutdown_date": None}]
    hook = {"hook_at": timezone.now(), "hook_type": "fine_tuning.job.succeeded"}
    refused = "Training is not available for this organization."
    told: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "works": (
            {"name": "연습용 트레이너", "profile": "trainer"},
            {"state": "works", "models_seen": seen, "sealed_hook_secret": "sealed", **hook},
        ),
        "refused": (
            {"name": "편집부 OpenAI", "profile": "openai", "key": "sk-proj-refused-key-x4Qd"},
            {"state": "may_not_train", "detail": refused},
        ),
        "wrong": (
            {"name": "옛 열쇠", "profile": "openai", "key": "sk-proj-wrong-key-0000"},
            {"state": "wrong_key", "parked_at": timezone.now()},
        ),
        "untested": ({"name": "임시 연결", "profile": "trainer"}, {}),
    }
    made = {word: make_connection(team, **given, created_by=owner) for word, (given, _after) in told.items()}
    for word, (_given, after) in told.items():  # a new key forgets what was known
        Connection.objects.filter(pk=made[word].pk).update(tested_at=timezone.now() if after else None, **after)
    return made


def _files(team: Team, owner: User) -> dict[str, TrainingFile]:
    samples = settings.BASE_DIR / "samples"
    legacy = _checked(team, owner, samples / "keywords-legacy.jsonl")
    converted = order_conversion(legacy, owner, "주어진 낱말로 짧은 글을 쓴다.", lambda _row: None).file
    checking.check(converted)
    return {
        "legacy": legacy,
        "converted": converted,
        "preferences": _checked(team, owner, samples / "preferences-dpo.jsonl"),
        "invalid": _checked(team, owner, samples / "ten-faults.jsonl"),
        "checking": _being_checked(team, owner),
        "stopped": _stopped(team, owner),
        "deleted": _deleted(team, owner),
        "ready": _checked(team, owner, samples / "winter-essay-chat.jsonl"),
    }


def _being_checked(team: Team, owner: User) -> TrainingFile:
    """A large one, of which only the size is large."""
    file = make_file(team, state="checking", checked_lines=6_410, uploaded_by=owner, report={"estimate": ABOUT})
    file.size, file.checked_bytes = 25_900_000, 6_040_000
    file.save()
    return file


def _deleted(team: Team, owner: User) -> TrainingFile:
    file = make_file(team, name="지난 여름.jsonl", deleted_at=timezone.now(), uploaded_by=owner)
    file.content.delete()
    return file


def _stopped(team: Team, owner: User) -> TrainingFile:
    file = make_file(team, name="멈춘 검사.jsonl", state="checking", uploaded_by=owner)
    checking.stop(file)
    return file


def _checked(team: Team, owner: User, path: Path) -> TrainingFile:
    with path.open("rb") as opened:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        row = store(team, owner, File(opened), name=path.name, sha256=sha256).file
    checking.check(row)
    row.refresh_from_db()
    return row


def _jobs(team: Team, alice: User, bob: User, service: Connection, file: TrainingFile) -> dict[str, FineTuneJob]:
    remote = RemoteFile.objects.create(
        connection=service, training_file=file, remote_id="file-3Ab77sLz9Qe", raw={"id": "file-3Ab77sLz9Qe"}
    )
    told: dict[str, Any] = {
        "connection": service,
        "training_file": file,
        "base_model": MODEL,
        "due_at": None,
        "estimated_usd": Decimal("0.0821"),
        "estimate": {"tokens": 5470, "epochs": 3, "price": "5.00", "usd": "0.0821"},
        "created_by": alice,
    }
    ended = told | {"finished_at": timezone.now() - timedelta(minutes=4), "collected_at": timezone.now()}
    candidates = [{"id": f"ftjob-{n}mQ9f2Kd8", "model": MODEL, "status": "running"} for n in (1, 2)]
    error = {
        "code": "invalid_n_examples",
        "message": "Training file has 8 example(s), but must have at least 10.",
        "status": 400,
    }
    jobs = {
        "failed": _job(team, State.FAILED, 2880, name="인터뷰 정리", error=error, **ended | {"created_by": bob}),
        "cancelled": _job(team, State.CANCELLED, 1500, name="카드뉴스 제목", **ended),
        "succeeded": _job(team, State.SUCCEEDED, 55, name="겨울 에세이 문체 v2", **ended | _success()),
        "unsure": _job(
            team, State.UNSURE, 41, name="시 운율 실험", candidates=candidates, **told | {"created_by": bob}
        ),
        "new": _job(team, State.NEW, 33, name="보도자료 요약", **told),
        "running": _job(team, State.RUNNING, 12, name="겨울 에세이 문체 v3", **told | _training(remote.remote_id)),
    }
    _metrics(jobs["succeeded"], 300)
    _metrics(jobs["running"], 212)
    _checkpoints(jobs["succeeded"])
    make_tuned_model(jobs["succeeded"], name=TUNED)
    make_tuned_model(jobs["cancelled"], name="ft:sim-old-2025-01-01:bomnal::Zx81kQ0p", shutdown_date=date(2027, 1, 14))
    return jobs


def _job(team: Team, state: State, minutes: int, **fields: Any) -> FineTuneJob:
    """A job ordered so many minutes ago, with the transitions that led to where it stands."""
    born = timezone.now() - timedelta(minutes=minutes)
    job = make_job(team, state=state, created_at=born, **fields)
    before = State.NEW
    Transition.objects.create(job=job, before="", after=State.NEW, at=born, by=job.created_by)
    for place, after in enumerate(STATIONS[state], start=1):
        at = job.finished_at if after == state and job.finished_at else born + timedelta(seconds=20 * place)
        Transition.objects.create(job=job, before=before, after=after, at=at)
        before = after
    return job


def _training(file_id: str) -> dict[str, Any]:
    finish = (timezone.now() + timedelta(minutes=40)).timestamp()
    remote = {"id": "ftjob-9f2Kd81mQ", "status": "running", "training_file": file_id, "estimated_finish": finish}
    since = timezone.now() - timedelta(minutes=10)
    return {
        "remote_id": "ftjob-9f2Kd81mQ",
        "remote_status": "running",
        "remote": remote,
        "step": 212,
        "total_steps": 300,
        "started_at": since,
    }


def _success() -> dict[str, Any]:
    return {
        "remote_id": "ftjob-4c7We20aT",
        "remote_status": "succeeded",
        "remote": {"id": "ftjob-4c7We20aT", "status": "succeeded", "fine_tuned_model": TUNED, "error": {}},
        "step": 300,
        "total_steps": 300,
        "trained_tokens": 16410,
        "billed_usd": Decimal("0.0821"),
        "fine_tuned_model": TUNED,
        "result_csv": "step,train_loss\n1,2.4\n",
        "started_at": timezone.now() - timedelta(minutes=50),
    }


def _metrics(job: FineTuneJob, steps: int) -> None:
    for step in range(1, steps + 1):
        loss = 0.5 + 1.9 * math.exp(-step / 55) + 0.06 * math.sin(step * 1.7)
        values = {"train_loss": round(loss, 4)}
        if step % 10 == 0:
            values["valid_loss"] = round(loss + 0.1, 4)
        if step % 100 == 0:
            values["full_valid_loss"] = round(loss + 0.08, 4)
        job.metrics.create(step=step, values=values)
        at = datetime.now(UTC) - timedelta(seconds=2 * (steps - step))
        message = f"Step {step}/{300}: training loss={loss:.2f}"
        job.events.create(remote_id=f"ftevent-{step}", created_at=at, level="info", type="metrics", message=message)


def _checkpoints(job: FineTuneJob) -> None:
    for step in (100, 200, 300):
        job.checkpoints.create(
            remote_id=f"ftckpt_{step}",
            step=step,
            model=TUNED if step == 300 else f"{TUNED}:ckpt-step-{step}",
            metrics={"train_loss": round(0.5 + 100 / step / 10, 3)},
            created_at=timezone.now(),
        )


def _copies(connections: dict[str, Connection], files: dict[str, TrainingFile]) -> None:
    """One of each kind: to be ticked, refused, on its way out, out of reach; a job needs the one that is there."""
    later = timezone.now() + timedelta(days=1)  # not due: no worker asks for it
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("works", "converted", {"uploaded_at": timezone.now() - timedelta(days=40)}),
        ("works", "deleted", {"trouble": "File is used by an assistant."}),
        ("works", "legacy", {"delete_due_at": later}),
        ("wrong", "ready", {"uploaded_at": timezone.now() - timedelta(days=200)}),
    ]
    for connection, file, fields in kinds:
        remote_id = f"file-{connection}-{file}"
        RemoteFile.objects.create(
            connection=connections[connection], training_file=files[file], remote_id=remote_id, **fields
        )


def _talk(job: FineTuneJob, user: User) -> None:
    talk = Conversation.objects.create(user=user, job=job, left=TUNED, right=MODEL)
    talk.messages.create(role="user", content="첫눈, 골목, 발소리")
    for model, text in (
        (TUNED, "첫눈이 골목에 내려 발소리가 작아졌다. 나는 천천히 걸었다."),
        (MODEL, "첫눈 오는 골목의 발소리."),
    ):
        talk.messages.create(
            role="assistant",
            model=model,
            content=text,
            prompt_tokens=24,
            completion_tokens=31,
            cost_usd=Decimal("0.000118"),
        )


def _notices(jobs: dict[str, FineTuneJob], user: User) -> None:
    """One of each kind. The browser tests open none of the unseen ones' jobs as this person."""
    for name, kind in (("cancelled", "ended"), ("running", "unsure"), ("unsure", "unsure"), ("failed", "ended")):
        Notice.objects.create(user=user, job=jobs[name], kind=kind)
    Notice.objects.create(user=user, job=jobs["succeeded"], kind="ended", seen_at=timezone.now())
    User.objects.filter(pk=user.pk).update(notices_version=5)


def _audit(team: Team, owner: User) -> None:
    for action, subject in (("job.ordered", "겨울 에세이 문체 v3"), ("connection.created", "연습용 트레이너")):
        AuditEntry.objects.create(team=team, actor=owner, action=action, subject=subject, ip="127.0.0.1")


def _lists(team: Team, prefix: str) -> dict[str, str]:
    names = [
        "job-list",
        "job-new",
        "job-import",
        "file-list",
        "file-new",
        "model-list",
        "playground",
        "connection-list",
    ]
    names += ["connection-new", "copy-list", "passage-list", "team", "team-audit", "source-list", "source-new"]
    names += [
        "run-list",
        "run-new",
        "recipe-list",
        "evaluation-list",
        "evaluation-new",
        "question-list",
        "question-new",
        "question-talks",
        "prompt-list",
        "prompt-new",
    ]
    return {f"{prefix}{name}": reverse(name, args=[team.slug]) for name in names}


def _places(
    team: Team, connections: dict[str, Connection], files: dict[str, TrainingFile], jobs: dict[str, FineTuneJob]
) -> dict[str, str]:
    slug = team.slug
    found = {f"file {name}": reverse("file-detail", args=[slug, file.uuid]) for name, file in files.items()}
    found |= {f"job {name}": reverse("job-detail", args=[slug, job.uuid]) for name, job in jobs.items()}
    found |= {
        f"connection {name}": reverse("connection-detail", args=[slug, connection.uuid])
        for name, connection in connections.items()
    }
    found["webhook"] = reverse("connection-hook", args=[slug, connections["refused"].uuid])
    found["clone"] = f"{reverse('job-new', args=[slug])}?clone={jobs['failed'].uuid}&retry=1"
    found["talk"] = reverse("playground-job", args=[slug, jobs["succeeded"].uuid])
    return found


def _invitations(team: Team, owner: User) -> dict[str, str]:
    made = Invitation.objects.create(team=team, email="erin@example.com", invited_by=owner)
    old = Invitation.objects.create(team=team, email="finn@example.com", invited_by=owner, withdrawn_at=timezone.now())
    return {"join": reverse("join", args=[made.token]), "join closed": reverse("join", args=[old.token])}


def _oversight(owner: User) -> dict[str, str]:
    """A second team, with what staff look for: a job that failed, and one that waits for a disabled connection."""
    team = Team.objects.make("새벽출판사", owner)
    off = make_connection(team, name="출판사 연결", disabled_at=timezone.now(), created_by=owner)
    told: dict[str, Any] = {"connection": off, "base_model": MODEL, "created_by": owner}
    error = {"code": "insufficient_quota", "message": "You exceeded your current quota.", "status": 429}
    ended = {"finished_at": timezone.now(), "collected_at": timezone.now(), "due_at": None}
    failed = _job(team, State.FAILED, 95, name="표지 문구", error=error, **told, **ended)
    _job(team, State.READY, 130, name="서평 요약", due_at=timezone.now() - timedelta(hours=2), **told)
    spare = make_connection(team, name="예비 연결", created_by=owner)
    _job(team, State.NEW, 1, name="예비 작업", due_at=None, **told | {"connection": spare})
    return {
        "/admin/job": reverse("admin:jobs_finetunejob_change", args=[failed.pk]),
        "/admin/connection": reverse("admin:jobs_connection_change", args=[off.pk]),
    }
