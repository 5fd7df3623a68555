"""Makes the rows of the load test, in a portal's own process: people with sessions, teams, orders for the worker."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.files.base import ContentFile
from django.utils import timezone

from bench import rows
from jobs.models import Connection, FineTuneJob, Member, Role, Team, TrainingFile, User
from jobs.pipeline.record import order
from jobs.training_data.checking import check

PEOPLE = int(os.environ["BENCH_PEOPLE"])
JOBS = int(os.environ["BENCH_JOBS"])
A_TEAM = 10  # people
EXAMPLES = (60, 140, 500, 500)  # the shorter ones end during the test


def sign_in(user: User) -> str:
    """The cookie of a session that this user has."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def make_file(team: Team, owner: User, examples: int) -> TrainingFile:
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"낱말 {team.pk} {n}"},
                {"role": "assistant", "content": f"{n}번째 골목의 눈"},
            ]
        }
        for n in range(examples)
    ]
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    file = rows.make_files(team, owner, 1)[0]
    file.content.save("a.jsonl", ContentFile(body.encode()), save=False)
    report: Any = check(file.path)
    file.size, file.examples, file.tokens = len(body.encode()), report.examples, report.tokens
    file.name, file.sha256 = f"{examples}.jsonl", sha256(body.encode()).hexdigest()
    file.save()
    return file


def make_team(number: int, jobs: int) -> list[dict[str, Any]]:
    names = [f"team{number}-{n}" for n in range(A_TEAM)]
    people = [User.objects.create(username=name, email=f"{name}@example.com", password="!") for name in names]
    team = Team.objects.make(f"편집부 {number}", people[0])
    Member.objects.bulk_create(Member(team=team, user=user, role=Role.TRAINER) for user in people[1:])
    service = Connection(team=team, name="연습", profile="trainer")
    service.set_key(f"trainer-load-{number:04}")
    service.save()
    files = [make_file(team, people[0], examples) for examples in dict.fromkeys(EXAMPLES)]
    for n in range(jobs):
        examples = EXAMPLES[n % len(EXAMPLES)]
        file = next(file for file in files if file.examples == examples)
        order(_job(team, people[n % A_TEAM], service, file, f"{rows.WORDS[n % 30]} {n}"))
    return [{"team": team.slug, "session": sign_in(user)} for user in people]


def _job(team: Team, user: User, service: Connection, file: TrainingFile, name: str) -> FineTuneJob:
    return FineTuneJob(
        team=team,
        created_by=user,
        connection=service,
        training_file=file,
        name=name,
        base_model=rows.BASES[2],
        hyperparameters={"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"},
        due_at=timezone.now(),
    )


def main() -> None:
    teams = max(1, PEOPLE // A_TEAM)
    people = [one for number in range(teams) for one in make_team(number, JOBS // teams)]
    Path(os.environ["BENCH_CROWD"]).write_text(json.dumps(people[:PEOPLE]))
