"""What holds for both engines: the same calls of the official SDK, with the same answers but for the model's name.

One server and one worker for all; each engine makes jobs that succeed, fail and are cancelled. Which contract tests are
not here, and why, is in docs/trainer.md.
"""

import base64
from typing import Any

import openai
import pytest

from tests.engine.far import SETTINGS, STEPS, Far
from tests.test_trainer_refusals import BAD_CHATS, BAD_ORDERS, refused

type Json = dict[str, Any]


def test_a_new_job(far: Far) -> None:
    fresh = far.fresh
    assert (fresh["status"], fresh["model"], fresh["seed"]) == ("validating_files", far.base, 7)
    assert (fresh["error"], fresh["result_files"], fresh["fine_tuned_model"], fresh["trained_tokens"]) == (
        {},
        [],
        None,
        None,
    )


def test_auto_stays_until_the_files_are_validated(far: Far) -> None:
    assert far.fresh["hyperparameters"] == {**SETTINGS, "learning_rate_multiplier": "auto"}


def test_suffix_and_metadata_come_back(far: Far) -> None:
    assert (far.fresh["user_provided_suffix"], far.fresh["metadata"]) == ("봄", {"a": "1"})


def test_a_job_that_succeeded(far: Far) -> None:
    done = far.job(far.done)
    assert (done["status"], done["error"], done["estimated_finish"]) == ("succeeded", {}, None)
    assert done["finished_at"] >= done["created_at"]
    assert done["trained_tokens"] > 0


def test_the_name_of_its_model(far: Far) -> None:
    assert far.job(far.done)["fine_tuned_model"].startswith(f"ft:{far.base}:{far.slug}:봄:")


def test_its_settings_are_numbers(far: Far) -> None:
    found = far.job(far.done)
    assert found["hyperparameters"] == found["method"]["supervised"]["hyperparameters"]
    assert found["hyperparameters"] | SETTINGS == found["hyperparameters"]
    assert isinstance(found["hyperparameters"]["learning_rate_multiplier"], float)


def test_its_story_in_openais_words(far: Far) -> None:
    told = [event.message for event in reversed(far.events(far.done)) if event.type == "message"]
    assert [line for line in told if not line.startswith(("Checkpoint", "In the queue"))] == [
        f"Created fine-tuning job: {far.done}",
        f"Validating training file: {far.fresh['training_file']} and validation file: {far.fresh['validation_file']}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        f"New fine-tuned model created: {far.job(far.done)['fine_tuned_model']}",
        "The job has successfully completed",
    ]


def test_an_event_for_every_step(far: Far) -> None:
    points: list[Any] = [event.data for event in reversed(far.events(far.done)) if event.type == "metrics"]
    assert [point["step"] for point in points] == list(range(1, STEPS + 1))
    assert {point["total_steps"] for point in points} == {STEPS}
    assert all(point["train_loss"] > 0 and 0 <= point["train_mean_token_accuracy"] <= 1 for point in points)


def test_validation_at_the_end_of_each_epoch(far: Far) -> None:
    points: list[Any] = [event.data for event in far.events(far.done) if event.type == "metrics"]
    assert sorted(point["step"] for point in points if "full_valid_loss" in point) == [3, 6, 9, 12]


def test_the_loss_falls(far: Far) -> None:
    losses: list[Any] = [event.data for event in reversed(far.events(far.done)) if event.type == "metrics"]
    assert losses[-1]["train_loss"] < losses[0]["train_loss"]


def test_events_are_paged_newest_first(far: Far) -> None:
    whole = far.events(far.done, limit=100)
    assert [event.id for event in far.events(far.done, limit=5)] == [event.id for event in whole]
    assert len({event.id for event in whole}) == len(whole)
    assert [event.created_at for event in whole] == sorted((event.created_at for event in whole), reverse=True)


def test_events_after_one_that_is_unknown(far: Far) -> None:
    with pytest.raises(openai.BadRequestError):
        far.sdk.fine_tuning.jobs.list_events(far.done, after="ftevent-none")


def test_kept_checkpoints(far: Far) -> None:
    kept = list(far.sdk.fine_tuning.jobs.checkpoints.list(far.done))
    assert [each.step_number for each in kept][:3] == [12, 9, 6]
    assert all(each.fine_tuned_model_checkpoint.endswith(f":ckpt-step-{each.step_number}") for each in kept)
    assert all(each.metrics.full_valid_loss and each.metrics.step == each.step_number for each in kept)


def test_checkpoints_are_paged(far: Far) -> None:
    kept = [each.id for each in far.sdk.fine_tuning.jobs.checkpoints.list(far.done)]
    assert [each.id for each in far.sdk.fine_tuning.jobs.checkpoints.list(far.done, limit=1)] == kept


def test_the_results(far: Far) -> None:
    [result] = far.job(far.done)["result_files"]
    raw = far.sdk.files.content(result).read()
    rows = base64.b64decode(raw).decode().splitlines()
    file = far.sdk.files.retrieve(result)
    assert rows[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    assert [row.split(",")[0] for row in rows[1:]] == [str(step) for step in range(1, STEPS + 1)]
    assert (file.purpose, file.filename, file.bytes) == ("fine-tune-results", "step_metrics.csv", len(raw))


def test_results_of_ended_jobs_only(far: Far) -> None:
    assert [file.id for file in far.sdk.files.list(purpose="fine-tune-results")] == far.job(far.done)["result_files"]


def test_models_say_their_engine(far: Far, request: pytest.FixtureRequest) -> None:
    names = [far.base, far.job(far.done)["fine_tuned_model"]]
    engines = {(far.sdk.models.retrieve(name).model_extra or {})["engine"] for name in names}
    assert engines == {"simulated" if far.slug == "simulated" else "transformers"}


def test_checkpoints_are_models(far: Far) -> None:
    listed = {model.id for model in far.sdk.models.list()}
    kept = {each.fine_tuned_model_checkpoint for each in far.sdk.fine_tuning.jobs.checkpoints.list(far.done)}
    assert kept <= listed


def test_a_base_cannot_be_deleted(far: Far) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        far.sdk.models.delete(far.base)


def test_a_cancelled_job(far: Far) -> None:
    found = far.job(far.cancelled)
    assert (found["status"], found["fine_tuned_model"], found["result_files"]) == ("cancelled", None, [])
    assert far.events(far.cancelled, limit=1)[0].message == "Fine-tuning job cancelled"


def test_a_failed_job(far: Far) -> None:
    message = "Training file has 9 example(s), but must have at least 10 examples"
    found = far.job(far.failed)
    newest = far.events(far.failed, limit=1)[0]
    assert found["status"] == "failed"
    assert found["error"] == {"code": "invalid_n_examples", "message": message, "param": "training_file"}
    assert (newest.level, newest.message) == ("error", message)


def test_an_ended_job_takes_no_act(far: Far) -> None:
    for uid in (far.done, far.failed, far.cancelled):
        for name in ("cancel", "pause", "resume"):
            with pytest.raises(openai.BadRequestError):
                far.act(uid, name)


def test_jobs_newest_first_and_by_metadata(far: Far) -> None:
    jobs = far.sdk.fine_tuning.jobs
    ours = [far.failed, far.cancelled, far.done]
    assert [job.id for job in jobs.list(limit=2) if job.id in ours] == ours
    assert [job.id for job in jobs.list(metadata={"a": "2", "b": "x"})] == [far.cancelled]
    assert [job.id for job in jobs.list(after=far.cancelled)] == [far.done]


def test_another_key_sees_nothing(far: Far) -> None:
    stranger = far.sdk.with_options(api_key="trainer-stranger")
    for call in (stranger.fine_tuning.jobs.retrieve, stranger.fine_tuning.jobs.cancel):
        with pytest.raises(openai.NotFoundError):
            call(far.done)
    with pytest.raises(openai.NotFoundError):
        stranger.models.retrieve(far.job(far.done)["fine_tuned_model"])


def test_another_key_reaches_no_part_of_it(far: Far) -> None:
    stranger = far.sdk.with_options(api_key="trainer-stranger")
    for call in (stranger.fine_tuning.jobs.list_events, stranger.fine_tuning.jobs.checkpoints.list):
        with pytest.raises(openai.NotFoundError):
            call(far.done)
    for file in (far.fresh["training_file"], far.job(far.done)["result_files"][0]):
        with pytest.raises(openai.NotFoundError):
            stranger.files.content(file)
    assert (list(stranger.fine_tuning.jobs.list()), list(stranger.files.list())) == ([], [])


def test_a_file_of_the_other_method_fails_its_job(far: Far) -> None:
    found = far.job(far.misfit)
    assert found["status"] == "failed"
    assert (found["error"]["code"], found["error"]["param"]) == ("invalid_training_file", "training_file")
    assert found["error"]["message"].endswith("(provided method=supervised).")


@pytest.mark.parametrize(("body", "param"), BAD_ORDERS)
def test_a_refused_order(far: Far, body: Json, param: str) -> None:
    whole = {"model": far.base, "training_file": far.fresh["training_file"], **body}
    assert refused(far.send("POST", "fine_tuning/jobs", whole)) == (400, param)


@pytest.mark.parametrize(("body", "param", "status"), BAD_CHATS)
def test_a_refused_question(far: Far, body: Json, param: str, status: int) -> None:
    whole = {"model": far.job(far.done)["fine_tuned_model"], **body}
    assert refused(far.send("POST", "chat/completions", whole)) == (status, param)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=nothing"])
@pytest.mark.parametrize("tail", ["", "/events", "/checkpoints"])
def test_a_refused_page(far: Far, tail: str, query: str) -> None:
    path = f"fine_tuning/jobs/{far.done}{tail}" if tail else "fine_tuning/jobs"
    assert refused(far.send("GET", f"{path}?{query}")) == (400, query.partition("=")[0])


def test_a_trained_file_may_be_deleted(far: Far) -> None:
    file = far.job(far.cancelled)["training_file"]
    assert far.sdk.files.delete(file).deleted is True
    with pytest.raises(openai.NotFoundError):
        far.sdk.files.retrieve(file)
    assert far.job(far.cancelled)["training_file"] == file


def test_a_deleted_checkpoint_is_no_model_any_more(far: Far) -> None:
    """Last: it takes away what the others look at."""
    name = list(far.sdk.fine_tuning.jobs.checkpoints.list(far.done))[-1].fine_tuned_model_checkpoint
    assert far.sdk.models.delete(name).deleted is True
    with pytest.raises(openai.NotFoundError):
        far.sdk.models.retrieve(name)
