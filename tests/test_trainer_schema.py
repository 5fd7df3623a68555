"""What the trainer answers fits OpenAI's own description of its API, whatever a client sends that it allows.

The description is not in this repository (marker `spec`): a reduced copy of openai/openai-openapi lies beside it in CI.
"""

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob
from schemathesis import checks
from schemathesis.core.failures import FailureGroup

from tests.factories import chat_lines, preference_lines
from tests.needs import OPENAI_SPEC

pytestmark = pytest.mark.spec
EXAMPLES = 40
KEY = {"Authorization": "Bearer trainer-schema"}
CHECKS = [checks.not_a_server_error, checks.content_type_conformance, checks.response_schema_conformance]
NOT_SERVED = {("get", "/chat/completions")}  # and no path below /uploads
JOB = "/fine_tuning/jobs/{fine_tuning_job_id}"

type Json = dict[str, Any]
type Seeds = dict[str, Any]


def served() -> list[tuple[str, str]]:
    paths = json.loads(OPENAI_SPEC.read_text())["paths"] if OPENAI_SPEC.is_file() else {}
    found = [(method, path) for path, methods in paths.items() for method in methods if not path.startswith("/uploads")]
    return [operation for operation in found if operation not in NOT_SERVED]


@pytest.fixture(scope="module")
def schema() -> Any:
    """The description, widened by what the real service was seen to send beside it (tests/test_trainer_contract.py)."""
    description = json.loads(OPENAI_SPEC.read_text())
    job = description["components"]["schemas"]["FineTuningJob"]["properties"]
    job["status"]["enum"].append("paused")
    job["error"]["anyOf"].append({"type": "object", "maxProperties": 0})
    job["hyperparameters"] = {"anyOf": [job["hyperparameters"], {"type": "null"}]}
    event = description["components"]["schemas"]["FineTuningJobEvent"]["properties"]
    event["type"]["enum"].append("moderation_checks")
    description["components"]["schemas"]["OpenAIFile"]["properties"]["purpose"]["enum"].append("evals")
    content = description["paths"]["/files/{file_id}/content"]["get"]["responses"]["200"]["content"]
    content["application/octet-stream"] = {}
    return schemathesis.openapi.from_dict(description)


@pytest.fixture
def seeds(trainer: str, settings: Any) -> Seeds:
    """Jobs that have ended, wait, run and are paused, with all that they leave behind."""
    sdk = OpenAI(api_key="trainer-schema", base_url=trainer, max_retries=0)
    file = sdk.files.create(file=("chat.jsonl", io.BytesIO(chat_lines(20))), purpose="fine-tune").id
    pairs = sdk.files.create(file=("pairs.jsonl", io.BytesIO(preference_lines())), purpose="fine-tune").id
    spare = sdk.files.create(file=("spare.jsonl", io.BytesIO(chat_lines(20))), purpose="fine-tune").id

    def order(speed: float, training_file: str = file, **more: Any) -> str:
        settings.TRAINER_SPEED = speed
        return sdk.fine_tuning.jobs.create(model="sim-small", training_file=training_file, **more).id

    running, paused = order(0.001, metadata={"a": "b"}), order(0.001, suffix="later")
    sdk.fine_tuning.jobs.pause(paused)
    ended = [order(1000), order(1000, pairs, method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}})]
    jobs = [_ended(sdk, job) for job in ended]
    settings.TRAINER_SPEED = 1000
    return {
        "file": file,
        "spare": spare,
        "running": running,
        "paused": paused,
        "files": [file, pairs, spare, jobs[0].result_files[0]],
        "jobs": [running, paused, *ended, order(1000, fail_file(sdk))],
        "model": _warm(sdk, jobs[0]),
    }


def fail_file(sdk: OpenAI) -> str:
    """Too few examples: a job on it fails, with an error."""
    return sdk.files.create(file=("few.jsonl", io.BytesIO(chat_lines(3))), purpose="fine-tune").id


def _ended(sdk: OpenAI, job: str) -> FineTuningJob:
    return _until(lambda: sdk.fine_tuning.jobs.retrieve(job), lambda found: found.finished_at is not None)


def _warm(sdk: OpenAI, job: FineTuningJob) -> str:
    _until(sdk.models.list, lambda page: any(model.id == job.fine_tuned_model for model in page.data))
    return str(job.fine_tuned_model)


def _until[T](ask: Callable[[], T], happened: Callable[[T], bool]) -> T:
    deadline = time.monotonic() + 30
    while not happened(found := ask()):
        assert time.monotonic() < deadline, found
    return found


def path_parameters(path: str, seeds: Seeds) -> "st.SearchStrategy[Json] | None":
    """Ids of what is there, where the path has one."""
    if "{file_id}" in path:
        return st.fixed_dictionaries({"file_id": st.sampled_from(seeds["files"])})
    if "{fine_tuning_job_id}" in path:
        return st.fixed_dictionaries({"fine_tuning_job_id": st.sampled_from(seeds["jobs"])})
    if "{model}" in path:
        return st.fixed_dictionaries({"model": st.sampled_from([seeds["model"], "sim-small"])})
    return None


def refusal(case: Any, trainer: str) -> str:
    """Send the case; what is wrong with the answer, or nothing."""
    response = case.call(base_url=trainer, headers=KEY)
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as wrong:
        return "\n".join(f"{type(failure).__name__}: {failure.message}" for failure in wrong.exceptions)
    return ""


@pytest.mark.parametrize(("method", "path"), served())
def test_any_call_that_is_allowed(schema: Any, trainer: str, seeds: Seeds, method: str, path: str) -> None:
    operation = schema[path][method]
    strategies = [operation.as_strategy()]
    if (known := path_parameters(path, seeds)) is not None:
        strategies.append(known.flatmap(lambda ids: operation.as_strategy(path_parameters=ids)))

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(strategies))
    def ask(case: Any) -> None:
        assert refusal(case, trainer) == ""

    ask()


def message_of(answer: str) -> Json:
    return {"model": "sim-small", "messages": [{"role": "user", "content": answer}]}


# of each operation: ids and body of a call that must succeed
SUCCESSES: dict[tuple[str, str], Callable[[Seeds], Json]] = {
    ("get", "/files"): lambda seeds: {},
    ("post", "/files"): lambda seeds: {"body": {"file": chat_lines(12), "purpose": "user_data"}},
    ("get", "/files/{file_id}"): lambda seeds: {"path_parameters": {"file_id": seeds["file"]}},
    ("delete", "/files/{file_id}"): lambda seeds: {"path_parameters": {"file_id": seeds["spare"]}},
    ("get", "/files/{file_id}/content"): lambda seeds: {"path_parameters": {"file_id": seeds["files"][-1]}},
    ("get", "/fine_tuning/jobs"): lambda seeds: {},
    ("post", "/fine_tuning/jobs"): lambda seeds: {"body": {"model": "sim-small", "training_file": seeds["file"]}},
    ("get", JOB): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["jobs"][-1]}},
    ("post", f"{JOB}/cancel"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["running"]}},
    ("post", f"{JOB}/pause"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["running"]}},
    ("post", f"{JOB}/resume"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["paused"]}},
    ("get", f"{JOB}/events"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["jobs"][2]}},
    ("get", f"{JOB}/checkpoints"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["jobs"][2]}},
    ("get", "/models"): lambda seeds: {},
    ("get", "/models/{model}"): lambda seeds: {"path_parameters": {"model": seeds["model"]}},
    ("delete", "/models/{model}"): lambda seeds: {"path_parameters": {"model": seeds["model"]}},
    ("post", "/chat/completions"): lambda seeds: {"body": message_of("첫눈이 왔나요?")},
}


@pytest.mark.parametrize(("method", "path"), served())
def test_each_documented_success_is_reached(schema: Any, trainer: str, seeds: Seeds, method: str, path: str) -> None:
    case = schema[path][method].Case(**SUCCESSES[method, path](seeds))

    response = case.call(base_url=trainer, headers=KEY)

    assert response.status_code == 200, response.text
    case.validate_response(response, checks=CHECKS)
