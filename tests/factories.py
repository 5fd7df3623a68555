"""Plain factories: each makes one believable row, and takes overrides."""

import hashlib
import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.utils import timezone

from jobs.models import (
    Connection,
    FileFormat,
    FileState,
    FineTuneJob,
    Source,
    SourceState,
    Team,
    TrainingFile,
    TunedModel,
    User,
)

PASSWORD = "long-enough-pw-1"


def make_user(name: str, **fields: Any) -> User:
    return User.objects.create_user(name, f"{name}@example.com", PASSWORD, **fields)


def make_connection(team: Team, key: str = "", **fields: Any) -> Connection:
    connection = Connection(team=team, **{"name": "Practice trainer", "profile": "trainer", **fields})
    connection.set_key(key or f"trainer-{uuid4().hex}")
    connection.save()
    return connection


def chat_lines(examples: int = 60, word: str = "눈") -> bytes:
    """JSONL of as many good chat examples, all different."""
    lines = (
        {
            "messages": [
                {"role": "system", "content": "주어진 낱말로 짧은 수필을 쓴다."},
                {"role": "user", "content": f"{word}, 골목 {n}"},
                {"role": "assistant", "content": f"{n}번째 골목에 {word}이 내려 발소리가 작아졌다."},
            ]
        }
        for n in range(examples)
    )
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode() + b"\n"


def preference_lines(examples: int = 60, word: str = "눈") -> bytes:
    """JSONL of as many pairs of a better and a worse answer, all different."""
    lines = (
        {
            "input": {"messages": [{"role": "user", "content": f"{word}, 골목 {n}"}]},
            "preferred_output": [{"role": "assistant", "content": f"{n}번째 골목에 {word}이 소리 없이 쌓였다."}],
            "non_preferred_output": [{"role": "assistant", "content": f"골목 {n}에 {word}이 왔습니다."}],
        }
        for n in range(examples)
    )
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode() + b"\n"


def make_preferences(team: Team, **fields: Any) -> TrainingFile:
    """A checked, ready file that DPO trains on."""
    body = preference_lines(word=f"눈{uuid4().hex}")
    return make_file(team, body, **{"name": "pairs.jsonl", "format": FileFormat.PREFERENCE, **fields})


def make_file(team: Team, content: bytes | None = None, **fields: Any) -> TrainingFile:
    """A checked, ready chat file (its content differs from every other's, unless given)."""
    body = chat_lines(word=f"눈{uuid4().hex}") if content is None else content
    file = TrainingFile(
        team=team,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        **{
            "name": "winter.jsonl",
            "state": FileState.READY,
            "format": FileFormat.CHAT,
            "examples": body.count(b"\n"),
            "tokens": 3000,
            "report": {"ok": True, "format": "chat", "examples": body.count(b"\n"), "tokens": 3000, "faults": []},
            **fields,
        },
    )
    file.content.save("any.jsonl", ContentFile(body), save=False)
    file.save()
    return file


def make_source(team: Team, text: str = "", **fields: Any) -> Source:
    """A text that was read (it differs from every other, unless given)."""
    told = text or f"{uuid4().hex}번째 눈이 왔다. 골목이 희다. 발자국이 하나 남았다. "
    body = told.encode()
    digest = hashlib.sha256(body).hexdigest()
    source = Source(
        team=team,
        size=len(body),
        sha256=digest,
        **{
            "name": "winter.txt",
            "kind": "txt",
            "state": SourceState.READY,
            "encoding": "utf-8",
            "text_sha256": digest,
            "characters": len(told),
            "sentences": told.count("."),
            **fields,
        },
    )
    source.content.save("any.txt", ContentFile(body), save=False)
    if source.state == SourceState.READY:
        source.text_path = f"{source.content.name}.text"
        source.text_file.write_bytes(body)
    source.save()
    return source


def make_job(team: Team, **fields: Any) -> FineTuneJob:
    """An order that nobody has looked at yet, unless told otherwise."""
    made: dict[str, Any] = {
        "name": "겨울 에세이",
        "base_model": "sim-small-2026-06-01",
        "hyperparameters": {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"},
        "estimated_usd": Decimal(0),
        **fields,
    }
    made.setdefault("connection", None)
    made["connection"] = made["connection"] or team.connections.first() or make_connection(team)
    made["training_file"] = made.get("training_file") or make_file(team)
    made.setdefault("engine", made["connection"].engine_of(made["base_model"]))
    return FineTuneJob.objects.create(team=team, **made)


def make_tuned_model(job: FineTuneJob, **fields: Any) -> TunedModel:
    made = {
        "name": f"ft:{job.base_model}:org::{uuid4().hex[:8]}",
        "base": job.base_model,
        "engine": job.engine,
    } | fields
    return TunedModel.objects.create(team=job.team, connection=job.service, job=job, created_at=timezone.now(), **made)
