"""What stays on the disk of real jobs, whose files were deleted meanwhile, and what ends a job before it begins."""

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.factories import chat_lines, preference_lines
from tests.real_training import issue_key, make_base, make_worker, order, stand_in, training_of, work
from trainer.models import File, Job, Training, TunedModel


@pytest.fixture
def sdk(trainer: str, settings: Any) -> OpenAI:
    make_base(settings)
    make_worker()
    stand_in(settings)
    return OpenAI(api_key=issue_key("trainer-keeping"), base_url=trainer, max_retries=0)


def act(sdk: OpenAI, job: Job, name: str) -> None:
    sdk.post(f"/fine_tuning/jobs/{job.uid}/{name}", cast_to=object)


def error_of(job: Job) -> tuple[str, str, str | None]:
    error = training_of(job).error
    assert error
    return error["code"], error["message"], error["param"]


def test_a_file_deleted_while_its_job_waits_is_kept_until_the_end(sdk: OpenAI) -> None:
    valid = sdk.files.create(file=("v.jsonl", io.BytesIO(chat_lines(12))), purpose="fine-tune")
    job = order(sdk, validation_file=valid.id)
    paths = [file.path for file in File.objects.filter(purpose="fine-tune")]
    for file in (job.training_file.uid, valid.id):
        sdk.files.delete(file)
    waiting = [path.exists() for path in paths]

    work()

    assert waiting == [True, True]
    assert training_of(job).status == "succeeded"
    assert [path.exists() for path in paths] == [False, False]


def test_a_file_of_an_ended_job_goes_at_once(sdk: OpenAI) -> None:
    job = order(sdk)
    work()
    kept = job.training_file.path.exists()
    sdk.files.delete(job.training_file.uid)

    assert kept
    assert not job.training_file.path.exists()


def test_a_simulated_model_keeps_its_file(sdk: OpenAI) -> None:
    real = order(sdk)
    body = {"model": "sim-small", "training_file": real.training_file.uid}
    sdk.post("/fine_tuning/jobs", body=body, cast_to=object)
    sdk.files.delete(real.training_file.uid)

    work()

    assert real.training_file.path.exists()


def test_state_and_rows_go_with_the_end_and_checkpoints_stay(sdk: OpenAI) -> None:
    job = order(sdk)
    folder = training_of(job).folder
    (folder / "rows").mkdir(parents=True)

    work()

    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoints",
        "lock",
        "log.txt",
        "order.json",
        "output.jsonl",
    ]


def test_cancelling_a_paused_job_removes_its_state(sdk: OpenAI) -> None:
    job = order(sdk)
    folder = training_of(job).folder
    (folder / "state").mkdir(parents=True)
    act(sdk, job, "pause")
    paused = (folder / "state").exists()
    act(sdk, job, "cancel")

    assert paused
    assert not (folder / "state").exists()


# --- what ends a job before its process is started -----------------------------------------------------------


@pytest.mark.parametrize("lost", ["training_file", "validation_file"])
def test_a_file_that_is_gone_from_the_disk_fails_the_job(sdk: OpenAI, lost: str) -> None:
    valid = sdk.files.create(file=("v.jsonl", io.BytesIO(chat_lines(12))), purpose="fine-tune")
    job = order(sdk, validation_file=valid.id)
    getattr(job, lost).path.unlink()

    work()

    kind = lost.replace("_", " ")
    assert error_of(job) == (f"invalid_{lost}", f"The job failed since its {kind} is not there any more.", lost)


def test_a_base_that_was_removed_fails_the_job(sdk: OpenAI, settings: Any) -> None:
    job = order(sdk)
    shutil.rmtree(Path(settings.TRAINER_DIR) / "bases" / "little")

    work()

    assert error_of(job) == ("invalid_base", "The base little is not on this trainer any more.", "model")


def test_a_file_of_another_format_fails_the_job_in_openais_words(sdk: OpenAI) -> None:
    file = sdk.files.create(file=("p.jsonl", io.BytesIO(preference_lines())), purpose="fine-tune")
    answer: Any = sdk.post("/fine_tuning/jobs", body={"model": "little", "training_file": file.id}, cast_to=object)
    job = Job.objects.get(uid=answer["id"])
    work()

    code, message, param = error_of(job)
    assert (code, param) == ("invalid_training_file", "training_file")
    assert message.startswith("The job failed due to an invalid training file. Invalid file format. Input file file-")


def test_too_few_examples_fail_the_job(sdk: OpenAI) -> None:
    job = order(sdk, examples=9)
    work()

    message = "Training file has 9 example(s), but must have at least 10 examples"
    assert error_of(job) == ("invalid_n_examples", message, "training_file")


def test_a_disk_without_room_fails_the_job(sdk: OpenAI, settings: Any, tmp_path: Path) -> None:
    job, folder = order(sdk), tmp_path / "full"
    shutil.move(settings.TRAINER_DIR, tmp_path / "kept")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a tmpfs here")
    try:
        shutil.copytree(tmp_path / "kept", folder, dirs_exist_ok=True)
        settings.TRAINER_DIR = folder
        (folder / "fill").write_bytes(b"0" * shutil.disk_usage(folder).free)
        work()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

    message = "The trainer could not write to its disk: No space left on device."
    assert error_of(job) == ("server_error", message, None)


# --- going on from an earlier model ---------------------------------------------------------------------------


def test_a_job_may_continue_a_tuned_model(sdk: OpenAI) -> None:
    first = order(sdk)
    work()
    name = str(sdk.fine_tuning.jobs.retrieve(first.uid).fine_tuned_model)
    second = order(sdk, model=name)
    work()

    written = json.loads((training_of(second).folder / "order.json").read_text())
    assert training_of(second).status == "succeeded"
    assert written["start"] == str(training_of(first).folder / "checkpoints" / "step-8")
    assert (second.model, second.base) == (name, "little")


def test_a_model_that_was_deleted_meanwhile_cannot_be_continued(sdk: OpenAI) -> None:
    first = order(sdk)
    work()
    name = str(sdk.fine_tuning.jobs.retrieve(first.uid).fine_tuned_model)
    second = order(sdk, model=name)
    sdk.models.delete(name)
    work()

    assert error_of(second) == ("invalid_base", f"The model {name} is not there any more.", "model")
    assert TunedModel.objects.filter(job=second).count() == 0


def test_the_order_that_a_process_reads(sdk: OpenAI, settings: Any) -> None:
    settings.TRAINER_HOURS = 0.5
    hyperparameters = {"lora_r": 8, "early_stopping": True, "n_epochs": 3, "batch_size": "auto"}
    job = order(sdk, method={"type": "supervised", "supervised": {"hyperparameters": hyperparameters}})
    work()

    written = json.loads((training_of(job).folder / "order.json").read_text())
    memory = written.pop("memory_bytes")
    assert memory is None or memory > 0
    assert written == {
        "job": job.uid,
        "base": str((Path(settings.TRAINER_DIR) / "bases" / "little").resolve()),
        "start": None,
        "method": "supervised",
        "training": str(job.training_file.path.resolve()),
        "validation": None,
        "n_epochs": 3,
        "batch_size": "auto",
        "learning_rate_multiplier": "auto",
        "beta": "auto",
        "seed": 7,
        "lora_r": 8,
        "lora_alpha": "auto",
        "early_stopping": True,
        "max_seconds": 1800,
    }


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"hyperparameters": {"warmup": 1}}, "hyperparameters.warmup"),
        ({"hyperparameters": {"lora_r": 8}}, "hyperparameters.lora_r"),
        ({"supervised": {"warmup": 1}}, "method.supervised.hyperparameters.warmup"),
        ({"supervised": {"lora_r": 0}}, "method.supervised.hyperparameters.lora_r"),
        ({"supervised": {"lora_r": True}}, "method.supervised.hyperparameters.lora_r"),
        ({"supervised": {"lora_alpha": "much"}}, "method.supervised.hyperparameters.lora_alpha"),
        ({"supervised": {"early_stopping": "yes"}}, "method.supervised.hyperparameters.early_stopping"),
        ({"dpo": {"lora_r": 8}}, "method.dpo.hyperparameters.lora_r"),
        ({"model": "sim-small", "supervised": {"lora_r": 8}}, "method.supervised.hyperparameters.lora_r"),
        ({"model": "tiny", "supervised": {"lora_r": 8}}, "method.supervised.hyperparameters.lora_r"),
        ({"model": "tiny", "dpo": {}}, "model"),
    ],
)
def test_what_an_order_may_not_set(sdk: OpenAI, body: dict[str, Any], param: str) -> None:
    file = sdk.files.create(file=("a.jsonl", io.BytesIO(chat_lines(12))), purpose="fine-tune")
    kind = next((name for name in ("supervised", "dpo") if name in body), "")
    method = {"method": {"type": kind, kind: {"hyperparameters": body.pop(kind)}}} if kind else {}
    answer = sdk._client.post(
        f"{sdk.base_url}fine_tuning/jobs",
        json={"model": "little", "training_file": file.id, **method, **body},
        headers={"authorization": f"Bearer {sdk.api_key}"},
    )

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert Training.objects.count() == 0
