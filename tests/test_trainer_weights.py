"""Weights of real jobs as a client has them: archives made by a worker, refusals, and their end."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx2
import pytest
from django.test import Client
from django.utils import timezone
from openai import OpenAI

from jobs.models import User
from tests.real_training import issue_key, make_base, make_worker, order, stand_in, training_of, work
from trainer.base_folders import hashes
from trainer.models import Export, File, Job, TunedModel
from trainer.tasks import make_export, sweep
from trainer.weights import disk, exporting
from trainer.work import memory

type Get = Callable[..., httpx2.Response]
CONFIG = {"base_model_name_or_path": "/srv/secret/little", "r": 4}


@pytest.fixture
def sdk(trainer: str, settings: Any) -> OpenAI:
    base = make_base(settings, gguf=True)
    (base / "tokenizer.json").write_text("{}")
    (base / "LICENSE").write_text("the licence of the base")
    about = json.loads((base / "base.json").read_text())
    (base / "base.json").write_text(json.dumps(about | {"sha256": hashes(base)}))
    make_worker()
    stand_in(settings)
    return OpenAI(api_key=issue_key("trainer-real"), base_url=trainer, max_retries=0)


@pytest.fixture
def get(trainer: str) -> Get:
    """GET /fine_tuning/jobs/{id}/weights with a key of the trainer."""

    def ask(job: Job, key: str = "trainer-real", **query: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx2.get(f"{trainer}/fine_tuning/jobs/{job.uid}/weights", params=query, headers=headers)

    return ask


def trained(sdk: OpenAI, **more: Any) -> Job:
    """A finished job of 8 steps with the checkpoints 4 and 8."""
    job = order(sdk, **more)
    work()
    for step in (4, 8):
        fill(folder(job) / "checkpoints" / f"step-{step}")
    return Job.objects.get(pk=job.pk)


def folder(job: Job) -> Path:
    return training_of(job).folder


def fill(checkpoint: Path) -> None:
    checkpoint.mkdir(parents=True, exist_ok=True)
    (checkpoint / "adapter_config.json").write_text(json.dumps(CONFIG))
    (checkpoint / "adapter_model.safetensors").write_bytes(checkpoint.name.encode() * 1000)


def test_an_adapter_is_made_once_and_downloaded(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)

    first, second = get(job, format="adapter"), get(job, format="adapter")
    make_export(Export.objects.get().pk)
    archive = get(job, format="adapter")

    assert (first.status_code, first.json()["status"], second.status_code) == (202, "waiting", 202)
    assert (archive.status_code, archive.headers["content-type"]) == (200, "application/zip")
    row = Export.objects.get()
    assert (row.status, row.step, row.size) == ("ready", 8, len(archive.content))
    assert row.sha256 == hashlib.sha256(archive.content).hexdigest()
    with ZipFile(io.BytesIO(archive.content)) as file:
        names = {name.split("/", 1)[1]: file.read(name) for name in file.namelist()}
    assert names["adapter/adapter_model.safetensors"] == b"step-8" * 1000
    assert json.loads(names["adapter/adapter_config.json"])["base_model_name_or_path"] == "little"
    assert names["LICENSE"] == b"the licence of the base"
    assert sorted(names) == [
        *("LICENSE", "NOTICE.txt", "README.md", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"),
        "adapter/tokenizer.json",
    ]
    assert [path.name for path in row.folder.iterdir()] == ["adapter-8.zip"]


def test_which_formats_there_are_and_how_far_they_are(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)
    get(job, format="adapter")
    Export.objects.update(status="making", stage="packing", done=1, total=4)

    shown = get(job).json()

    assert [(one["format"], one["status"], one["progress"]) for one in shown["data"]] == [
        ("adapter", "making", 0.25),
        ("merged", "not_made", None),
        ("gguf", "not_made", None),
    ]
    assert shown["base"] == {
        "title": "Little",
        "licence": "Apache License 2.0",
        "spdx": "Apache-2.0",
        "non_commercial": False,
    }
    assert shown["weights_bytes"] == len(json.dumps(CONFIG)) + 6000
    assert Export.objects.count() == 1


def test_a_checkpoint_has_an_archive_of_its_own(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)

    get(job, format="adapter", step=4)
    make_export(Export.objects.get().pk)

    archive = get(job, format="adapter", step=4)
    assert b"step-4step-4" in archive.content
    assert Export.objects.get().archive.name == "adapter-4.zip"


def refusal(answer: httpx2.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["code"]


def test_what_has_no_weights_is_refused(sdk: OpenAI, get: Get, settings: Any) -> None:
    make_base(settings, name="whole", kind="full", gguf=False)
    simulated = order(sdk, model="sim-small-2026-06-01")
    waiting = order(sdk)
    whole = trained(sdk, model="whole")
    job = trained(sdk)

    assert refusal(get(simulated, format="adapter")) == (400, "nothing_trained")
    assert refusal(get(waiting, key="trainer-other", format="adapter")) == (404, None)
    assert refusal(get(whole, format="adapter")) == (400, "no_adapter")
    assert refusal(get(whole, format="gguf")) == (400, "no_gguf")
    assert refusal(get(job, format="pickle")) == (400, None)
    assert refusal(get(job, format="adapter", step="3")) == (404, "model_not_found")
    assert refusal(get(job, format="adapter", step="x" * 500)) == (400, None)
    assert refusal(get(job, format="adapter", step="9" * 40)) == (400, None)
    assert not Export.objects.exists()


def test_a_job_that_is_not_done_has_no_finished_model(sdk: OpenAI, get: Get) -> None:
    job = order(sdk)

    assert refusal(get(job, format="adapter")) == (404, "model_not_found")


def test_a_failure_is_shown_for_a_while_and_tried_again(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)
    get(job, format="adapter")
    error = {"code": "disk_full", "message": "The trainer's disk is full."}
    Export.objects.update(status="failed", error=error)

    assert refusal(get(job, format="adapter")) == (507, "disk_full")

    Export.objects.update(changed_at=timezone.now() - timedelta(minutes=2))
    assert get(job, format="adapter").json()["status"] == "waiting"


def test_a_process_that_breaks_ends_as_an_error(sdk: OpenAI, get: Get, settings: Any) -> None:
    job = trained(sdk)
    settings.TRAINER_PYTHON = "/bin/false"
    get(job, format="merged")

    make_export(Export.objects.get().pk)

    assert refusal(get(job, format="merged")) == (500, "server_error")
    assert not list(Export.objects.get().folder.iterdir())


@pytest.mark.parametrize(
    ("counts", "words"), [(True, "was ended for lack of memory"), (False, "was killed, most likely for lack of memory")]
)
def test_a_process_that_the_kernel_ends_lacked_memory(
    sdk: OpenAI, get: Get, settings: Any, tmp_path: Path, monkeypatch: Any, counts: bool, words: str
) -> None:
    job, counter, killed = trained(sdk), tmp_path / "vmstat", tmp_path / "python"
    counter.write_text("oom_kill 3\n")
    killed.write_text(f"#!/bin/sh\n{f'echo oom_kill 4 > {counter}' if counts else ''}\nkill -9 $$\n")
    killed.chmod(0o700)
    settings.TRAINER_PYTHON = str(killed)
    monkeypatch.setattr(memory, "COUNTERS", (counter,))
    get(job, format="merged")

    make_export(Export.objects.get().pk)

    answer = get(job, format="merged")
    assert refusal(answer) == (507, "out_of_memory")
    assert words in answer.json()["error"]["message"]
    assert not list(Export.objects.get().folder.iterdir())


def test_a_killed_workers_archive_is_made_by_the_next(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)
    get(job, format="adapter")
    row = Export.objects.get()
    Export.objects.update(status="making")
    make_export(row.pk)
    assert Export.objects.get().status == "making"

    Export.objects.update(changed_at=timezone.now() - timedelta(minutes=2))
    assert exporting.left() == [row]
    make_export(row.pk)

    assert Export.objects.get().status == "ready"


def test_old_archives_go_and_are_made_again_when_asked_for(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)
    get(job, format="adapter")
    row = Export.objects.get()
    make_export(row.pk)
    Export.objects.update(changed_at=timezone.now() - timedelta(hours=25))

    sweep()

    assert not row.archive.exists()
    assert get(job, format="adapter").status_code == 202


def test_an_archive_that_is_gone_from_the_disk_is_made_again(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)
    get(job, format="adapter")
    row = Export.objects.get()
    make_export(row.pk)
    row.archive.unlink()

    assert get(job, format="adapter").json()["status"] == "waiting"


# --- their end ---


def test_weights_go_with_the_last_name_that_needs_them(sdk: OpenAI, get: Get) -> None:
    job = trained(sdk)
    names = {model.step: model.uid for model in TunedModel.objects.filter(job=job)}
    get(job, format="adapter")
    make_export(Export.objects.get().pk)
    checkpoints = folder(job) / "checkpoints"

    sdk.models.delete(job.tuned_name)
    assert (checkpoints / "step-8").is_dir()  # the checkpoint of the last step is there by another name
    assert Export.objects.get().archive.exists()

    sdk.models.delete(names[8])
    assert sorted(path.name for path in checkpoints.iterdir()) == ["step-4"]
    assert not Export.objects.exists()

    sdk.models.delete(names[4])
    assert not folder(job).exists()
    assert Job.objects.filter(pk=job.pk).exists()


def test_a_run_that_goes_on_keeps_its_folder(sdk: OpenAI) -> None:
    job = trained(sdk)
    training = training_of(job)
    training.status = "paused"
    training.save()

    for name in TunedModel.objects.filter(job=job).values_list("uid", flat=True):
        sdk.models.delete(name)

    assert folder(job).is_dir()
    assert not list((folder(job) / "checkpoints").iterdir())


def test_another_organization_deletes_nothing(sdk: OpenAI, trainer: str) -> None:
    job = trained(sdk)
    stranger = OpenAI(api_key="trainer-stranger", base_url=trainer, max_retries=0)

    with pytest.raises(Exception, match="does not exist"):
        stranger.models.delete(job.tuned_name)

    assert (folder(job) / "checkpoints" / "step-8").is_dir()


def test_bytes_of_a_deleted_file_go_when_no_job_needs_them(sdk: OpenAI) -> None:
    job = order(sdk)
    file = File.objects.get(pk=job.training_file_id)

    sdk.files.delete(file.uid)
    assert file.path.exists()  # the job is still to read it
    work()
    sweep()

    assert not file.path.exists()
    assert Job.objects.get(pk=job.pk).training.status == "succeeded"


def test_a_simulated_model_keeps_the_bytes_that_it_answers_from(sdk: OpenAI) -> None:
    job = order(sdk, model="sim-small-2026-06-01")
    file = File.objects.get(pk=job.training_file_id)

    sdk.files.delete(file.uid)
    sweep()
    assert file.path.exists()

    TunedModel.objects.filter(job=job).update(deleted_at=timezone.now())
    sweep()
    assert not file.path.exists()


def test_what_a_killed_process_left_is_swept(sdk: OpenAI) -> None:
    job = trained(sdk)
    TunedModel.objects.filter(job=job).update(deleted_at=timezone.now())

    sweep()

    assert not folder(job).exists()


# --- room ---


def test_room_by_base_and_job(sdk: OpenAI, settings: Any) -> None:
    job = trained(sdk)
    (folder(job) / "exports").mkdir()
    (folder(job) / "exports" / "adapter-8.zip").write_bytes(b"z" * 500)

    [base], [taken] = [one for one in disk.of_bases() if one.name == "little"], disk.of_jobs()

    assert (base.name, base.weights > 0) == ("little", True)
    assert (taken.name, taken.base, taken.model, taken.archives) == (job.uid, "little", job.tuned_name, 500)
    assert taken.weights == 2 * (len(json.dumps(CONFIG)) + 6000)
    assert disk.of_jobs("somebody else") == []


def test_a_key_may_take_so_much_room(sdk: OpenAI, get: Get, settings: Any) -> None:
    job = trained(sdk)
    settings.TRAINER_DISK_PER_KEY = 0.00001

    with pytest.raises(Exception, match="Delete models that you do not need"):
        order(sdk)

    assert refusal(get(job, format="adapter")) == (400, "disk_limit_exceeded")
    assert (Job.objects.count(), Export.objects.count()) == (1, 0)


def test_staff_see_the_room_by_base_and_model(sdk: OpenAI, client: Client) -> None:
    job = trained(sdk)
    client.force_login(User.objects.create_superuser("root", "root@example.com", "long-enough-pw-1"))

    page = client.get("/admin/trainer/worker/disk/")
    workers = client.get("/admin/trainer/worker/")
    korean = client.get("/admin/trainer/worker/", headers={"accept-language": "ko"}).content.decode()

    assert [word in korean for word in ("학습 작업자", "남은 메모리", "내장 트레이너")] == [True, True, True]
    shown = page.content.decode()
    assert page.status_code == 200
    assert [word in shown for word in (job.tuned_name, job.uid, "little")] == [True, True, True]
    assert "/admin/trainer/worker/disk/" in workers.content.decode()
