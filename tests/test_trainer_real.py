"""A real job as the official SDK sees it, with a training process that stands in for torch."""

import base64
from typing import Any

import pytest
from openai import OpenAI

from tests.real_training import issue_key, make_base, make_worker, order, stand_in, training_of, work
from trainer.models import Job
from trainer.work.child import environment


@pytest.fixture
def sdk(trainer: str, settings: Any) -> OpenAI:
    make_base(settings)
    make_worker()
    stand_in(settings)
    return OpenAI(api_key=issue_key("trainer-real"), base_url=trainer, max_retries=0)


def told(sdk: OpenAI, job: Job) -> list[str]:
    """The messages of its events, oldest first, steps left out."""
    events = list(sdk.fine_tuning.jobs.list_events(job.uid))
    return [event.message for event in reversed(events) if event.type != "metrics"]


def test_the_life_of_a_real_job(sdk: OpenAI) -> None:
    job = order(sdk, suffix="봄")
    jobs = sdk.fine_tuning.jobs
    fresh = jobs.retrieve(job.uid)

    ended = work()
    end = jobs.retrieve(job.uid)

    assert (fresh.status, fresh.model, fresh.hyperparameters.n_epochs) == ("validating_files", "little", "auto")
    assert ended == [job]
    assert (end.status, end.trained_tokens, end.estimated_finish) == ("succeeded", 800, None)
    assert end.hyperparameters.to_dict() == {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 1.0}
    assert str(end.fine_tuned_model).startswith("ft:little:team:봄:")
    assert told(sdk, job) == [
        f"Created fine-tuning job: {job.uid}",
        f"Validating training file: {job.training_file.uid}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        *(
            f"Checkpoint created at step {checkpoint.step_number} with Snapshot ID: "
            f"{checkpoint.fine_tuned_model_checkpoint}"
            for checkpoint in reversed(list(jobs.checkpoints.list(job.uid)))
        ),
        f"New fine-tuned model created: {end.fine_tuned_model}",
        "The job has successfully completed",
    ]


def test_steps_and_results_of_a_real_job(sdk: OpenAI) -> None:
    job = order(sdk)
    work()
    points = [event for event in sdk.fine_tuning.jobs.list_events(job.uid) if event.type == "metrics"]
    [result] = sdk.fine_tuning.jobs.retrieve(job.uid).result_files
    rows = base64.b64decode(sdk.files.content(result).read()).decode().splitlines()

    assert points[-1].message == "Step 1/8: training loss=3.00"
    assert points[-1].data == {
        "step": 1,
        "total_steps": 8,
        "train_loss": 3.0,
        "train_mean_token_accuracy": 0.25,
    }
    assert rows[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    assert rows[1] == "1,3.0,0.25,,"
    assert len(rows) == 1 + len(points) == 9
    assert sdk.files.retrieve(result).bytes == len(sdk.files.content(result).read())


def test_models_of_a_real_job(sdk: OpenAI) -> None:
    job = order(sdk)
    work()
    end = sdk.fine_tuning.jobs.retrieve(job.uid)
    shown = {model.id: model.model_extra or {} for model in sdk.models.list()}

    assert shown["sim-small-2026-06-01"]["engine"] == "simulated"
    assert shown["little"]["engine"] == "transformers"
    assert (shown["little"]["licence"], shown["little"]["token_ratio"]) == ("Apache License 2.0", 1.5)
    assert shown["little"]["tokens_per_second"] == 10000.0
    assert {name for name in shown["little"] if name in ("sha256", "source", "terms_accepted")} == set()
    assert (shown[str(end.fine_tuned_model)]["engine"], shown[str(end.fine_tuned_model)]["base"]) == (
        "transformers",
        "little",
    )
    assert training_of(job).folder.is_dir()


def test_the_process_that_trains_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "FIELD_KEYS", "TRAINER_KEY_SECRET", "DATABASE_URL", "REDIS_URL", "HF_TOKEN"):
        monkeypatch.setenv(name, "only the portal knows")

    assert "only the portal knows" not in environment().values()
