"""OpenAI's description of its API: what it lets a client send, and whether an answer fits it.

The description is not in this repository (marker `spec`): a reduced copy of openai/openai-openapi lies beside it in CI.
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response

from tests.factories import chat_lines
from tests.needs import OPENAI_SPEC

CHECKS = [checks.not_a_server_error, checks.content_type_conformance, checks.response_schema_conformance]
NOT_SERVED = {("get", "/chat/completions")}  # and no path below /uploads
PREFIX = "/trainer/v1"
CHUNK = "#/components/schemas/CreateChatCompletionStreamResponse"
JOB = "/fine_tuning/jobs/{fine_tuning_job_id}"

type Json = dict[str, Any]
type Seeds = dict[str, Any]


def described() -> Json:
    """The description, widened by what the real service was seen to send beside it (tests/test_trainer_contract.py)."""
    description: Json = json.loads(OPENAI_SPEC.read_text())
    job = description["components"]["schemas"]["FineTuningJob"]["properties"]
    job["status"]["enum"].append("paused")
    job["error"]["anyOf"].append({"type": "object", "maxProperties": 0})
    job["hyperparameters"] = {"anyOf": [job["hyperparameters"], {"type": "null"}]}
    event = description["components"]["schemas"]["FineTuningJobEvent"]["properties"]
    event["type"]["enum"].append("moderation_checks")
    event["data"] = {"type": ["object", "null"]}  # as the SDK has it
    description["components"]["schemas"]["OpenAIFile"]["properties"]["purpose"]["enum"].append("evals")
    content = description["paths"]["/files/{file_id}/content"]["get"]["responses"]["200"]["content"]
    content["application/octet-stream"] = {}
    return description


def served() -> list[tuple[str, str]]:
    paths = json.loads(OPENAI_SPEC.read_text())["paths"] if OPENAI_SPEC.is_file() else {}
    found = [(method, path) for path, methods in paths.items() for method in methods if not path.startswith("/uploads")]
    return [operation for operation in found if operation not in NOT_SERVED]


def _known_fields(path: str, seeds: Seeds) -> Json:
    """What a body must hold to get as far as the model; its answer is kept short."""
    about = {"/chat/completions": {"model": seeds["answers"], "max_tokens": 5, "max_completion_tokens": 5}}
    about["/fine_tuning/jobs"] = {"model": seeds["base"], "training_file": seeds["file"]}
    return about.get(path, {})


def _with_fields(case: Any, fields: Json) -> Any:
    if isinstance(case.body, dict):
        case.body = case.body | fields
    return case


def successes() -> list[tuple[str, str]]:
    """Every operation, in the order of SUCCESSES."""
    return sorted(served(), key=list(SUCCESSES).index)


class Description:
    """The widened description, as judge of a trainer's answers to one key. `seeds` are ids of what is there."""

    def __init__(self, key: str = "", base: str = "") -> None:
        description = described()
        self.schema: Any = schemathesis.openapi.from_dict(description)
        components = nulls_allowed(description["components"])
        self.chunks = validator_for({"$ref": CHUNK, "components": components})
        self.headers, self.base = {"Authorization": f"Bearer {key}"}, base

    def ask_anything(self, url: str, method: str, path: str, seeds: Seeds, examples: int) -> None:
        """Send that many calls that the description allows, to ids that are there among them."""
        operation = self.schema[path][method]
        strategies = [operation.as_strategy()]
        if (known := self._path_parameters(path, seeds)) is not None:
            strategies.append(known.flatmap(lambda ids: operation.as_strategy(path_parameters=ids)))
        if method == "post" and (fields := _known_fields(path, seeds)):
            strategies.append(operation.as_strategy().map(lambda case: _with_fields(case, fields)))

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(strategies))
        def ask(case: Any) -> None:
            wrong = self._refusal(url, case)
            assert not wrong, wrong

        ask()

    def _path_parameters(self, path: str, seeds: Seeds) -> "st.SearchStrategy[Json] | None":
        """Ids of what is there, where the path has one."""
        if "{file_id}" in path:
            return st.fixed_dictionaries({"file_id": st.sampled_from(seeds["files"])})
        if "{fine_tuning_job_id}" in path:
            return st.fixed_dictionaries({"fine_tuning_job_id": st.sampled_from(seeds["jobs"])})
        if "{model}" in path:
            return st.fixed_dictionaries({"model": st.sampled_from([seeds["model"], self.base])})
        return None

    def _refusal(self, url: str, case: Any) -> str:
        """Send the case; what is wrong with the answer, or nothing."""
        response = case.call(base_url=url, headers=self.headers)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as wrong:
            return "\n".join(f"{type(failure).__name__}: {failure.message}" for failure in wrong.exceptions)
        return ""

    def reach_success(self, url: str, method: str, path: str, seeds: Seeds) -> None:
        """Send the call that must succeed."""
        case = self.schema[path][method].Case(**SUCCESSES[method, path](seeds))
        response = case.call(base_url=url, headers=self.headers)
        assert response.status_code == 200, response.text
        case.validate_response(response, checks=CHECKS)

    def judge(self, method: str, url: str, status: int, content: str, body: str) -> None:
        """Fail unless an answer that anyone got fits what is written of the call; of a stream each chunk."""
        operation = self._operation(method.lower(), urlsplit(url).path)
        if content.startswith("text/event-stream"):
            self._judge_chunks(body)
            return
        request = requests.Request(method, url).prepare()
        operation.validate_response(
            Response(status, {"content-type": [content]}, body.encode(), request, elapsed=0, verify=True)
        )

    def _operation(self, method: str, address: str) -> Any:
        for path in (path for verb, path in served() if verb == method):
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(PREFIX + path)), address):
                return self.schema[path][method]
        raise AssertionError(f"{method} {address} is in no description")

    def _judge_chunks(self, stream: str) -> None:
        lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
        assert lines[-1] == "[DONE]"
        for line in lines[:-1]:
            self.chunks.validate(json.loads(line))


def nulls_allowed(schema: Any) -> Any:
    """Write `nullable` of OpenAPI 3.0, which the description of a stream's chunks uses, as 3.1 has it."""
    if isinstance(schema, list):
        return [nulls_allowed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: nulls_allowed(each) for name, each in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def message_of(seeds: Seeds) -> Json:
    return {"model": seeds["answers"], "messages": [{"role": "user", "content": "첫눈이 왔나요?"}], "max_tokens": 20}


# of each operation: ids and body of a call that must succeed, in an order in which each can
SUCCESSES: dict[tuple[str, str], Callable[[Seeds], Json]] = {
    ("get", "/files"): lambda seeds: {},
    ("post", "/files"): lambda seeds: {"body": {"file": chat_lines(12), "purpose": "user_data"}},
    ("get", "/files/{file_id}"): lambda seeds: {"path_parameters": {"file_id": seeds["file"]}},
    ("get", "/files/{file_id}/content"): lambda seeds: {"path_parameters": {"file_id": seeds["files"][-1]}},
    ("get", "/fine_tuning/jobs"): lambda seeds: {},
    ("post", "/fine_tuning/jobs"): lambda seeds: {"body": {"model": seeds["base"], "training_file": seeds["file"]}},
    ("get", JOB): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["jobs"][-1]}},
    ("post", f"{JOB}/pause"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["running"]}},
    ("post", f"{JOB}/resume"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["paused"]}},
    ("get", f"{JOB}/events"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["jobs"][2]}},
    ("get", f"{JOB}/checkpoints"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["jobs"][2]}},
    ("get", "/models"): lambda seeds: {},
    ("get", "/models/{model}"): lambda seeds: {"path_parameters": {"model": seeds["model"]}},
    ("post", "/chat/completions"): lambda seeds: {"body": message_of(seeds)},
    ("post", f"{JOB}/cancel"): lambda seeds: {"path_parameters": {"fine_tuning_job_id": seeds["running"]}},
    ("delete", "/files/{file_id}"): lambda seeds: {"path_parameters": {"file_id": seeds["spare"]}},
    ("delete", "/models/{model}"): lambda seeds: {"path_parameters": {"model": seeds["doomed"]}},
}
