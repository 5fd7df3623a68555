"""What the trainer refuses, and how: always OpenAI's envelope, always the parameter."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from trainer.models import File, Job

KEY = {"authorization": "Bearer trainer-refusals"}
OTHER = {"authorization": "Bearer trainer-other-one"}
LINE = {"messages": [{"role": "user", "content": "봄"}, {"role": "assistant", "content": "꽃"}]}
ROOT = "/trainer/v1/"
JOBS = f"{ROOT}fine_tuning/jobs"

pytestmark = pytest.mark.django_db


def upload(client: Client, data: bytes, name: str = "a.jsonl", purpose: str = "fine-tune") -> Any:
    form = {"file": SimpleUploadedFile(name, data), "purpose": purpose}
    return client.post(f"{ROOT}files", form, headers=KEY)


def jsonl(count: int = 12, line: object = LINE) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for _ in range(count)).encode()


def order(client: Client, **body: Any) -> Any:
    if "training_file" not in body:
        body["training_file"] = upload(client, jsonl()).json()["id"]
    return client.post(JOBS, {"model": "sim-small", **body}, content_type="application/json", headers=KEY)


def dpo(**settings: Any) -> dict[str, Any]:
    return {"method": {"type": "dpo", "dpo": {"hyperparameters": settings}}}


def refused(answer: Any) -> tuple[int, str | None]:
    """Status and parameter, once the envelope has been seen to be whole."""
    error = answer.json()["error"]
    assert sorted(error) == ["code", "message", "param", "type"]
    assert error["message"]
    return answer.status_code, error["param"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic abc"}, {"authorization": "Bearer "}])
def test_no_key(client: Client, headers: dict[str, str]) -> None:
    answer = client.get(f"{ROOT}models", headers=headers)
    assert refused(answer) == (401, None)
    assert answer.json()["error"]["message"].startswith("You didn't provide an API key.")


@pytest.mark.parametrize("key", ["sk-abcdefghijkl", "trainer", "trainer-", "trainer-a b", "Trainer-abcdef"])
def test_a_wrong_key(client: Client, key: str) -> None:
    answer = client.get(f"{ROOT}models", headers={"authorization": f"Bearer {key}"})
    assert refused(answer) == (401, None)
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert "abcdefgh" not in answer.content.decode()


def test_unknown_addresses_and_methods(client: Client) -> None:
    for path in ("", "nonsense", "files/", "fine_tuning/jobs/", "fine_tuning/jobs/a/b"):
        assert refused(client.get(ROOT + path, headers=KEY))[0] == 404
    answer = client.put(f"{ROOT}files", headers=KEY)
    assert refused(answer) == (405, None)
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("body", ["{", "[]", "NaN", '{"a": NaN}', "[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object(client: Client, body: str | bytes) -> None:
    assert refused(client.post(JOBS, body, content_type="application/json", headers=KEY)) == (400, None)


def test_a_body_that_is_too_large(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = client.post(JOBS, {"model": "x" * 200}, content_type="application/json", headers=KEY)
    assert refused(answer) == (413, None)


def test_uploads(client: Client, settings: Any) -> None:
    assert refused(upload(client, b"")) == (400, "file")
    assert refused(upload(client, jsonl(), name="a.txt")) == (400, "file")
    assert refused(upload(client, jsonl(), purpose="nonsense")) == (400, "purpose")
    assert refused(client.post(f"{ROOT}files", {"purpose": "fine-tune"}, headers=KEY)) == (400, "file")
    broken = client.post(f"{ROOT}files", b"--x", content_type="multipart/form-data", headers=KEY)
    assert refused(broken) == (400, None)
    settings.UPLOAD_LIMIT = 50
    assert refused(upload(client, jsonl())) == (413, None)
    settings.UPLOAD_LIMIT = -64 * 1024
    assert refused(upload(client, jsonl())) == (413, None)
    assert File.objects.count() == 0


BAD_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"model": 7}, "model"),
    ({"model": "gpt-4o-mini"}, "model"),
    ({"model": "ft:sim-small-2026-06-01:simulated::abcdefgh"}, "model"),
    ({"training_file": None}, "training_file"),
    ({"training_file": "file-nope"}, "training_file"),
    ({"validation_file": "file-nope"}, "validation_file"),
    ({"suffix": "x" * 65}, "suffix"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**31}, "seed"),
    ({"seed": "7"}, "seed"),
    ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"n_epochs": True}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size"),
    (
        {"method": {"type": "supervised", "supervised": {"hyperparameters": {"learning_rate_multiplier": 0}}}},
        "method.supervised.hyperparameters.learning_rate_multiplier",
    ),
    ({"method": {"type": "reinforcement"}}, "method.type"),
    ({"method": {"type": ["dpo"]}}, "method.type"),
    ({"method": {"type": "dpo", "dpo": 3}}, "dpo"),
    (dpo(beta=0), "method.dpo.hyperparameters.beta"),
    (dpo(beta=2.1), "method.dpo.hyperparameters.beta"),
    (dpo(beta=True), "method.dpo.hyperparameters.beta"),
    (dpo(beta="strong"), "method.dpo.hyperparameters.beta"),
    (dpo(n_epochs=51), "method.dpo.hyperparameters.n_epochs"),
    (dpo(learning_rate_multiplier=0), "method.dpo.hyperparameters.learning_rate_multiplier"),
    ({"method": []}, "method"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    ({"metadata": {"a": "x" * 513}}, "metadata.a"),
    ({"metadata": "x"}, "metadata"),
    ({"metadata": {"a": "\x00"}}, "metadata"),
    ({"model": "\x00"}, "model"),
    ({"suffix": "\ud800"}, "suffix"),
]


@pytest.mark.parametrize(("body", "param"), BAD_ORDERS)
def test_orders(client: Client, body: dict[str, Any], param: str) -> None:
    assert refused(order(client, **body)) == (400, param)
    assert Job.objects.count() == 0


def test_a_file_of_another_purpose(client: Client) -> None:
    uid = upload(client, b"hello", purpose="user_data").json()["id"]
    assert refused(order(client, training_file=uid)) == (400, "training_file")


def test_other_organizations_see_nothing(client: Client) -> None:
    job = order(client).json()
    paths = [f"files/{job['training_file']}", f"files/{job['training_file']}/content"]
    paths += [f"fine_tuning/jobs/{job['id']}{tail}" for tail in ("", "/events", "/checkpoints")]
    for path in paths:
        assert client.get(ROOT + path, headers=KEY).status_code == 200
        assert refused(client.get(ROOT + path, headers=OTHER))[0] == 404
    for act in ("cancel", "pause", "resume"):
        assert refused(client.post(f"{JOBS}/{job['id']}/{act}", headers=OTHER)) == (404, "fine_tuning_job_id")
    assert refused(client.delete(f"{ROOT}files/{job['training_file']}", headers=OTHER))[0] == 404
    for path in ("files", "fine_tuning/jobs"):
        assert client.get(ROOT + path, headers=OTHER).json()["data"] == []
    other = client.post(
        JOBS, {"model": "sim-small", "training_file": job["training_file"]}, "application/json", headers=OTHER
    )
    assert refused(other) == (400, "training_file")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=ftjob-nope"])
def test_pages(client: Client, query: str) -> None:
    assert refused(client.get(f"{JOBS}?{query}", headers=KEY)) == (400, query.partition("=")[0])


BAD_CHATS: list[tuple[dict[str, Any], str, int]] = [
    ({}, "messages", 400),
    ({"messages": []}, "messages", 400),
    ({"messages": ["hi"]}, "messages[0].role", 400),
    ({"messages": [{"role": "usr", "content": "hi"}]}, "messages[0].role", 400),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", 400),
    ({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 0}, "max_tokens", 400),
    ({"messages": [{"role": "user", "content": "hi"}], "temperature": 3}, "temperature", 400),
    ({"messages": [{"role": "user", "content": "hi"}], "stream_options": 7}, "stream_options", 400),
    ({"messages": [{"role": "user", "content": "hi"}], "model": ""}, "model", 400),
    ({"messages": [{"role": "user", "content": "hi"}], "model": "gpt-5"}, "model", 404),
]


@pytest.mark.parametrize(("body", "param", "status"), BAD_CHATS)
def test_chat(client: Client, body: dict[str, Any], param: str, status: int) -> None:
    body = {"model": "sim-small", **body}
    answer = client.post(f"{ROOT}chat/completions", body, content_type="application/json", headers=KEY)
    assert refused(answer) == (status, param)


@pytest.mark.parametrize("path", ["files/%00", "models/%00", "fine_tuning/jobs?after=%00", "files?%00=1"])
def test_addresses_that_no_database_can_look_up(client: Client, path: str) -> None:
    assert refused(client.get(ROOT + path, headers=KEY)) == (400, None)


def test_a_trained_file_may_be_deleted_and_is_kept(client: Client) -> None:
    used = order(client).json()["training_file"]
    unused = upload(client, jsonl()).json()["id"]
    for uid in (used, unused):
        assert client.delete(f"{ROOT}files/{uid}", headers=KEY).json()["deleted"] is True
        assert refused(client.get(f"{ROOT}files/{uid}", headers=KEY)) == (404, "id")
    assert [File.objects.get(uid=uid).path.exists() for uid in (used, unused)] == [True, False]
