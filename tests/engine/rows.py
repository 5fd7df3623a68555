"""What database and folders say of real models: run in the trainer's own process (`manage.py shell`), or a test's."""

import json
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from trainer.faults import hashed
from trainer.models import Engine, File, IssuedKey, Job, Status, Training, TunedModel, Worker

KEY, STRANGER = "trainer-real-models", "trainer-stranger"


def put_worker() -> None:
    """Real bases are there once a worker has been seen, for keys that were issued: both of them, here."""
    Worker.objects.create(name="test", device="cpu")
    for key in (KEY, STRANGER):
        IssuedKey.objects.create(key_hash=hashed(key), org=hashed(key), name=key)


def put_base(name: str, kind: str = "lora") -> Path:
    """A base as it is listed, without weights."""
    folder = Path(settings.TRAINER_DIR) / "bases" / name
    folder.mkdir(parents=True)
    config = {"architectures": ["LlamaForCausalLM"]}
    about = {"name": name, "title": name, "licence": "none", "spdx": "CC0-1.0", "non_commercial": False}
    about |= {"languages": ["ko"], "parameters": 1, "context": 512, "kind": kind, "architecture": "LlamaForCausalLM"}
    about |= {"chat_template": True, "gguf": False, "source": {}, "sha256": {}, "terms_accepted": None, "auto": {}}
    about |= {"token_ratio": 1.0, "pulled_at": "2026-11-30T00:00:00+00:00", "memorises": False}
    for file, body in (("config.json", config), ("base.json", about)):
        (folder / file).write_text(json.dumps(body))
    return folder


def put_tuned(uid: str, base: str, step: int, checkpoints: dict[str, int], key: str = KEY) -> Job:
    """A finished job `uid` on `base` whose model is that of `step`; names of checkpoints, each with its step."""
    now = timezone.now() - timedelta(minutes=1)
    org = hashed(key)
    file = File.objects.create(uid=f"file-{uid}", org=org, purpose="fine-tune", filename="d.jsonl", created_at=now)
    job = Job.objects.create(
        uid=uid,
        org=org,
        engine=Engine.TRANSFORMERS,
        model=base,
        base=base,
        training_file=file,
        seed=1,
        n_epochs=0,
        batch_size=0,
        learning_rate=0.0,
        tuned_name=f"ft:{base}:team::{uid}",
        created_at=now,
        listed_at=now,
    )
    Training.objects.create(job=job, status=Status.SUCCEEDED, model_step=step, finished_at=now)
    for name, kept in {"": None, **checkpoints}.items():
        TunedModel.objects.create(uid=f"{job.tuned_name}{name}", job=job, step=kept, created_at=now)
    return job
