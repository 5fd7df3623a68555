"""Rows as they lie in a team's database after years of use."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.utils import timezone

from jobs.models import (
    Connection,
    FineTuneJob,
    JobEvent,
    Member,
    Metric,
    Role,
    SearchWord,
    Team,
    TrainingFile,
    Transition,
    User,
)
from jobs.models.searching import searched
from jobs.states import FINAL, State
from jobs.tasks import look_at_tables

WORDS = (
    "겨울",
    "봄날",
    "에세이",
    "문체",
    "운율",
    "실험",
    "보도자료",
    "요약",
    "인터뷰",
    "정리",
    "카드뉴스",
    "제목",
    "골목",
    "바다",
    "편지",
    "소설",
    "번역",
    "대화",
    "상담",
    "동화",
    "시집",
    "낭독",
    "연재",
    "서평",
    "기행",
    "일기",
    "논평",
    "사설",
    "칼럼",
    "대본",
)
RARE = "달맞이꽃"
SHARES = {State.SUCCEEDED: 70, State.FAILED: 14, State.CANCELLED: 10, State.RUNNING: 4, State.NEW: 1, State.UNSURE: 1}
BASES = ("gpt-4.1-mini-2025-04-14", "gpt-4.1-nano-2025-04-14", "sim-small-2026-06-01", "sim-large-2026-06-01")
AT_ONCE = 5000


def make_people(team_size: int = 40) -> tuple[Team, User]:
    owner = User.objects.create_user("bench", "bench@example.com", "long-enough-pw-1")
    team = Team.objects.make("봄날편집부", owner)
    people = [User(username=f"사람{n}", email=f"{n}@example.com", password="!") for n in range(team_size - 1)]
    members = [Member(team=team, user=user, role=Role.TRAINER) for user in User.objects.bulk_create(people)]
    Member.objects.bulk_create(members)
    return team, owner


def make_connections(team: Team, count: int = 3) -> list[Connection]:
    made = [Connection(team=team, name=f"연결 {n}", profile="trainer") for n in range(count)]
    for one in made:
        one.set_key(f"trainer-bench-{random.getrandbits(64):x}")
        one.save()
    return made


def make_files(team: Team, owner: User, count: int) -> list[TrainingFile]:
    chance = random.Random(count)
    rows = (
        TrainingFile(
            team=team,
            uploaded_by=owner,
            name=f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{n}.jsonl",
            size=chance.randrange(10_000, 50_000_000),
            sha256=f"{chance.getrandbits(256):064x}",
            state="ready",
            format="chat",
            examples=chance.randrange(10, 10_000),
            tokens=chance.randrange(10_000, 5_000_000),
            report={"ok": True, "format": "chat", "sample": ["글" * 300] * 3},
            created_at=timezone.now() - timedelta(minutes=7 * n),
        )
        for n in range(count)
    )
    return TrainingFile.objects.bulk_create(rows, batch_size=AT_ONCE)


def make_jobs(team: Team, count: int, files: list[TrainingFile], connections: list[Connection]) -> None:
    """`count` jobs, newest first in time, with the transitions that led to where they stand."""
    chance, now = random.Random(count), timezone.now()
    people = list(team.members.values_list("user_id", flat=True))
    states = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    batch: list[FineTuneJob] = []
    for n, state in enumerate(states):
        place = _place(chance, n, state, now - timedelta(minutes=5 * (count - n)))
        batch.append(
            FineTuneJob(
                team=team,
                connection=chance.choice(connections),
                training_file=chance.choice(files),
                created_by_id=chance.choice(people),
                **place,
            )
        )
        if len(batch) == AT_ONCE or n == count - 1:
            _store(batch)
            batch = []
    settle()


def _place(chance: random.Random, n: int, state: State, born: datetime) -> dict[str, Any]:
    base = chance.choice(BASES)
    name = " ".join(chance.choices(WORDS, k=3)) + f" v{n % 97}"
    job_id, letters = f"ftjob-{chance.getrandbits(120):030x}", f"{chance.getrandbits(32):08x}"
    started = state not in (State.NEW, State.UNSURE)
    fields: dict[str, Any] = {
        "name": f"{name} {RARE}" if n % 20_011 == 7 else name,
        "note": f"{name}: 지난 판보다 문장을 짧게. 검수는 {chance.choice(WORDS)} 담당." if n % 5 == 0 else "",
        "base_model": base,
        "suffix": f"v{n % 97}",
        "hyperparameters": {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"},
        "state": state,
        "created_at": born,
        "due_at": None,
        "estimate": {"tokens": 5470, "epochs": 3, "price": "5.00", "usd": "0.0821", "source": "catalog"},
        "estimated_usd": Decimal("0.0821"),
    }
    if not started:
        return fields
    fields |= {"remote_id": job_id, "remote_status": str(state), "remote": remote(job_id, base, str(state), born)}
    fields |= {"step": 120, "total_steps": 300, "started_at": born, "polled_at": born + timedelta(minutes=40)}
    if state == State.SUCCEEDED:
        fields |= {"fine_tuned_model": f"ft:{base}:bomnal:v{n % 97}:{letters}", "result_csv": "step,train_loss\n" * 50}
    if state == State.FAILED:
        fields["error"] = {"code": "server_error", "message": "The job failed due to an internal error."}
    if state in FINAL:
        fields |= {"finished_at": born + timedelta(minutes=40), "collected_at": born + timedelta(minutes=41)}
    return fields


def remote(job_id: str, base: str, status: str, born: datetime) -> dict[str, Any]:
    """A job's JSON of about 1.5 KB, as a service sends it."""
    numbers = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 1.8}
    return {
        "object": "fine_tuning.job",
        "id": job_id,
        "model": base,
        "created_at": int(born.timestamp()),
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "org-bench0123456789",
        "result_files": [f"file-{job_id[6:28]}"],
        "status": status,
        "validation_file": None,
        "training_file": f"file-{job_id[8:30]}",
        "hyperparameters": numbers,
        "trained_tokens": 16410,
        "error": {},
        "user_provided_suffix": "v1",
        "seed": 42,
        "estimated_finish": int(born.timestamp()) + 2400,
        "integrations": [],
        "metadata": {"texthelper_job": job_id[6:]},
        "usage_metrics": {f"figure_{n}": n * 1.25 for n in range(30)},
        "shared_with_openai": False,
        "eval_id": None,
        "method": {"type": "supervised", "supervised": {"hyperparameters": numbers}, "notes": "x" * 200},
    }


def _store(batch: list[FineTuneJob]) -> None:
    for job in batch:
        job.words, job.ids = searched(job).values()
    made = FineTuneJob.objects.bulk_create(batch)
    _link(made)
    Transition.objects.bulk_create(line for job in made for line in _history(job))


def _link(jobs: list[FineTuneJob]) -> None:
    """What `remember` does for one job."""
    team, texts = jobs[0].team, {text for job in jobs for text in job.words.split()}
    SearchWord.objects.bulk_create([SearchWord(team=team, text=text) for text in sorted(texts)], ignore_conflicts=True)
    known, link = dict(team.search_words.values_list("text", "pk")), FineTuneJob.search_words.through
    link.objects.bulk_create(
        link(finetunejob_id=job.pk, searchword_id=known[text]) for job in jobs for text in set(job.words.split())
    )


def _history(job: FineTuneJob) -> Iterator[Transition]:
    before = ""
    path = [State.NEW, State.PUSHING, State.READY, State.SUBMITTING, State.RUNNING]
    for place, after in enumerate([*path, job.state] if job.state in FINAL else path):
        yield Transition(job=job, before=before, after=after, at=job.created_at + timedelta(seconds=20 * place))
        before = after


def make_events(job: FineTuneJob, events: int, metrics: int) -> None:
    now = timezone.now()
    JobEvent.objects.bulk_create(
        (
            JobEvent(
                job=job,
                remote_id=f"ftevent-{n}",
                created_at=now - timedelta(seconds=events - n),
                level="info",
                type="metrics",
                message=f"Step {n}/{events}: training loss={2.4 - n / events:.2f}",
                data={"step": n, "total_steps": events, "train_loss": 2.4 - n / events},
            )
            for n in range(events)
        ),
        batch_size=AT_ONCE,
    )
    Metric.objects.bulk_create(
        Metric(
            job=job,
            step=step,
            values={"train_loss": 0.5 + 900 / (step + 500), "train_mean_token_accuracy": 0.7, "valid_loss": 0.8},
        )
        for step in range(1, metrics + 1)
    )


def settle() -> None:
    """What happens by itself after a while: the database looks at its tables, and plans by what it saw."""
    look_at_tables()
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
