"""A job's JSON as people have it, read by manage.py read_job: what an import would store, or a refusal that helps."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from tests.running import ROOT

type Json = dict[str, Any]

HERE = Path(__file__).parent
JOB: Json = {
    "object": "fine_tuning.job",
    "id": "ftjob-abcDEF123",
    "model": "gpt-4o-mini-2024-07-18",
    "created_at": 1715967591,
    "finished_at": 1715971191,
    "status": "succeeded",
    "fine_tuned_model": "ft:gpt-4o-mini-2024-07-18:bomnal::Bq7Yt2Lm",
    "training_file": "file-abc",
    "result_files": ["file-res"],
    "trained_tokens": 9696,
    "error": {},
}
ORDERED, ENDED = "2024-05-17T17:39:51Z", "2024-05-17T18:39:51Z"


def asked(path: Path) -> tuple[Json, int]:
    """The command's JSON, and its exit status."""
    out = StringIO()
    try:
        call_command("read_job", str(path), "--json", stdout=out)
    except SystemExit as left:
        return json.loads(out.getvalue()), int(left.code or 0)
    return json.loads(out.getvalue()), 0


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """What the command says of these bytes, of this text, or of this object."""

    def of(given: bytes | str | Json | list[Any]) -> Json:
        path = tmp_path / "job.json"
        content = (
            given if isinstance(given, bytes) else (given if isinstance(given, str) else json.dumps(given)).encode()
        )
        path.write_bytes(content)
        said, status = asked(path)
        assert status == (1 if said["refused"] else 0)
        return said

    return of


def codes(said: Json) -> list[str]:
    return [note["code"] for note in said["notes"]]


# --- cases --------------------------------------------------------------------------------------------


def test_26a_iso_times_are_stored_as_they_are() -> None:
    said, status = asked(HERE / "26a-job-iso-times.json")

    assert (said["created_at"], said["finished_at"]) == ("2024-05-17T17:39:51Z", "2024-05-17T09:39:51Z")
    assert (said["state"], codes(said), status) == ("succeeded", ["ends_before"], 0)


def test_26c_a_reason_that_is_a_text_is_kept() -> None:
    said, _ = asked(HERE / "26c-job-error-text.json")

    assert said["error"] == {"message": "Out of memory on node 3"}
    assert (said["state"], said["created_at"], said["finished_at"]) == ("failed", "2024-09-10T15:52:12Z", None)


def test_26e_a_job_that_python_printed_is_read_and_that_is_said() -> None:
    said, _ = asked(HERE / "26e-job-printed-by-python.txt")

    assert (said["id"], said["status"], said["state"]) == ("ftjob-abc123", "validating_files", "running")
    assert (said["model"], said["created_at"]) == ("gpt-4o-mini-2024-07-18", "2024-09-10T15:52:12Z")
    assert (said["error"], codes(said)) == (None, ["printed"])


# --- the command --------------------------------------------------------------------------------------


def test_a_path_is_the_callers_and_stdout_holds_json_alone(tmp_path: Path) -> None:
    (tmp_path / "눈.json").write_text(json.dumps(JOB | {"status": "끝남"}))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "VAR_DIR": str(tmp_path / "var")}

    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "read_job", "눈.json", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("utf-8"))["status"] == "끝남"


def test_a_file_that_is_not_there_is_refused_as_json_too(tmp_path: Path) -> None:
    said, status = asked(tmp_path / "none.json")

    assert (said["refused"]["code"], status) == ("unreadable", 1)
    assert "none.json" in said["refused"]["message"]


def test_without_json_it_prints_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("read_job", str(HERE / "26c-job-error-text.json"))

    said = capsys.readouterr().out
    assert "id: ftjob-abcDEF123" in said
    assert 'error: {"message": "Out of memory on node 3"}' in said


# --- times --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [1715967591, 1715967591000, "1715967591", "1715967591.0", "2024-05-17T17:39:51Z", "2024-05-17T17:39:51.123456789Z",
     "2024-05-17 17:39:51", "2024-05-18T02:39:51+09:00", "Fri, 17 May 2024 17:39:51 GMT", {"seconds": 1715967591}],
    ids=str,
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(read: Any, written: object) -> None:
    said = read(JOB | {"created_at": written})

    assert said["created_at"][:19] == ORDERED[:19]
    assert said["notes"] == []


@pytest.mark.parametrize("zero", [0, "0", "", None, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"], ids=repr)
def test_the_zero_of_a_language_is_no_time(read: Any, zero: object) -> None:
    said = read(JOB | {"status": "baking", "fine_tuned_model": None, "finished_at": zero})

    assert (said["state"], said["finished_at"], codes(said)) == ("running", None, ["unknown_status"])


@pytest.mark.parametrize("when", ["yesterday", -1, True, 4000000000, 10**40, "2024-02-30"], ids=repr)
def test_a_time_that_cannot_be_is_now_and_that_is_said(read: Any, when: object) -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
        said = read(JOB | {"created_at": when, "finished_at": None, "status": "running"})

    assert (said["created_at"], codes(said)) == ("2026-11-22T10:00:00Z", ["odd_time"])


# --- reasons ------------------------------------------------------------------------------------------

REASON = "Out of memory on node 3"


@pytest.mark.parametrize(
    "shape",
    [
        {"error": REASON},
        {"error": {"message": REASON}},
        {"error": {"error": {"message": REASON}}},
        {"error": {"error": REASON}},
        {"error": [{"message": REASON}]},
        {"error": [REASON]},
        {"error": {"detail": REASON}},
        {"error": {"detail": [{"msg": REASON}]}},
        {"error": {"errors": [{"message": REASON}]}},
        {"error": {"message": None, "innererror": {"message": REASON}}},
        {"error": {"reason": REASON}},
        {"error": {"title": REASON}},
        {"error": json.dumps({"error": {"message": REASON}})},
        {"error": None, "failure_reason": REASON},
        {"error": None, "failureReason": REASON},
        {"error": {}, "status_details": REASON},
        {"error": {}, "status_details": {"message": REASON}},
        {"error": {"message": None, "code": None, "param": None}, "statusDetail": {"error": REASON}},
        {"failureMessage": REASON},
        {"errors": [{"error": {"msg": REASON}}]},
        {"last_error": {"message": REASON}},
        {"status_message": REASON},
        {"detail": REASON},
        {"message": REASON},
    ],
    ids=json.dumps,
)
def test_a_reason_is_found_wherever_it_stands(read: Any, shape: Json) -> None:
    said = read({key: value for key, value in JOB.items() if key != "error"} | {"status": "failed"} | shape)

    assert said["error"]["message"] == REASON


def test_code_and_field_are_kept_without_a_message(read: Any) -> None:
    said = read(JOB | {"status": "failed", "error": {"code": "invalid_n_examples", "message": None, "param": "x"}})

    assert said["error"] == {"code": "invalid_n_examples", "param": "x"}


def test_several_reasons_are_all_kept(read: Any) -> None:
    said = read(JOB | {"status": "failed", "error": [{"code": "a", "message": "one"}, "two", 7, None]})

    assert said["error"] == {"code": "a", "message": "one; two"}


@pytest.mark.parametrize(
    "error", [None, {}, [], "", 0, {"message": None, "code": None}, {"code": "OK"}, "none"], ids=repr
)
def test_no_reason_is_none(read: Any, error: object) -> None:
    assert read(JOB | {"error": error})["error"] is None


def test_what_is_said_of_a_success_is_no_reason(read: Any) -> None:
    said = read(JOB | {"status_message": "Training completed", "message": "ok"})

    assert (said["state"], said["error"]) == ("succeeded", None)


# --- words --------------------------------------------------------------------------------------------

ENDS = {
    "succeeded": ["succeeded", "Succeeded", "completed", "Completed", "COMPLETED", "SUCCESS", "success",
                  "JOB_STATE_COMPLETED", "JOB_STATE_SUCCEEDED", "FinetuneJobStatus.STATUS_COMPLETED",
                  "EARLY_STOPPED", " succeeded "],
    "failed": ["failed", "Failed", "error", "user_error", "userError", "FAILED_VALIDATION", "expired",
               "JOB_STATE_EXPIRED", "STATUS_FAILED", "Timed out"],
    "cancelled": ["cancelled", "canceled", "Canceled", "JOB_STATE_CANCELLED", "Stopped", "deleted"],
    "running": ["validating_files", "queued", "running", "paused", "Running", "InProgress", "compressing", "uploading",
                "cancel_requested", "JOB_STATE_WRITING_RESULTS", "CANCELLATION_REQUESTED", "notRunning", "STARTED"],
}  # fmt: skip


@pytest.mark.parametrize(("state", "word"), [(state, word) for state, words in ENDS.items() for word in words])
def test_a_word_of_a_service_is_known(read: Any, state: str, word: str) -> None:
    said = read(JOB | {"status": word, "finished_at": None if state == "running" else 1715971191})

    assert (said["state"], said["status"], codes(said)) == (state, word, [])


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "succeeded"),
        ({"error": {"message": "x"}}, "succeeded"),
        ({"fine_tuned_model": None, "error": {"message": "x"}}, "failed"),
        ({"fine_tuned_model": None, "error": None}, "failed"),
        ({"fine_tuned_model": None, "error": None, "output_name": "me/model"}, "succeeded"),
        ({"finished_at": None}, "running"),
        ({"finished_at": 4000000000}, "running"),
    ],
    ids=str,
)
def test_an_unknown_word_is_an_end_where_the_time_of_it_is_told(read: Any, changes: Json, state: str) -> None:
    said = read(JOB | {"status": "wound_up"} | changes)

    assert (said["state"], said["status"]) == (state, "wound_up")
    assert ("ended_by_time" in codes(said)) == (state != "running")
    assert "unknown_status" in codes(said)


# --- other services -----------------------------------------------------------------------------------


def test_a_job_of_together(read: Any) -> None:
    said = read(
        {
            "id": "ft-4b8e0b5e-1c5a-4f7e-9d55-0a6f4a3a9f11",
            "status": "completed",
            "created_at": "2024-05-17T17:39:51.102Z",
            "updated_at": "2024-05-17T18:39:51.250Z",
            "model": "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference",
            "output_name": "bomnal/Meta-Llama-3.1-8B-Instruct-winter-1a2b3c",
            "training_file": "file-1c2d",
            "token_count": 850000,
            "total_price": 1500000000,
            "n_epochs": 3,
            "training_method": {"method": "sft"},
            "events": [{"object": "fine-tune-event", "created_at": "2024-05-17T18:00:00Z", "message": "Epoch 1"}],
        }
    )

    assert (said["state"], said["trained_tokens"]) == ("succeeded", 850000)
    assert said["fine_tuned_model"] == "bomnal/Meta-Llama-3.1-8B-Instruct-winter-1a2b3c"
    assert (said["created_at"], said["finished_at"]) == ("2024-05-17T17:39:51.102000Z", "2024-05-17T18:39:51.250000Z")


def test_a_model_that_was_only_promised_is_not_named(read: Any) -> None:
    said = read({"id": "ft-1", "status": "error", "model": "m", "output_name": "me/m", "error": "no memory"})

    assert (said["state"], said["fine_tuned_model"], said["error"]["message"]) == ("failed", None, "no memory")


def test_a_job_of_mistral(read: Any) -> None:
    said = read(
        {
            "id": "52f77a52-d383-41df-afec-516320b0c211",
            "object": "job",
            "job_type": "completion",
            "status": "SUCCESS",
            "model": "open-mistral-7b",
            "fine_tuned_model": "ft:open-mistral-7b:bomnal:20240517:1a2b3c",
            "created_at": 1715967591,
            "modified_at": 1715971191,
            "training_files": ["b420447a-b462-4c0b-bcc4-5945370c1849"],
            "trained_tokens": 12345,
            "hyperparameters": {"training_steps": 100, "learning_rate": 0.0001},
            "checkpoints": [],
            "events": [{"name": "status-updated", "data": {"status": "SUCCESS"}, "created_at": 1715971191}],
        }
    )

    assert (said["state"], said["finished_at"], said["trained_tokens"]) == ("succeeded", ENDED, 12345)
    assert codes(said) == ["other_object"]


def test_a_job_of_fireworks(read: Any) -> None:
    said = read(
        {
            "name": "accounts/bomnal/supervisedFineTuningJobs/winter1",
            "displayName": "winter",
            "createTime": "2024-05-17T17:39:51.000000Z",
            "completedTime": "2024-05-17T18:39:51.000000Z",
            "state": "JOB_STATE_FAILED",
            "status": {"code": "INVALID_ARGUMENT", "message": "line 3 is not a chat"},
            "baseModel": "accounts/fireworks/models/llama-v3p1-8b-instruct",
            "outputModel": "accounts/bomnal/models/winter1",
            "dataset": "accounts/bomnal/datasets/winter",
            "epochs": 3,
        }
    )

    assert (said["id"], said["status"], said["state"]) == ("winter1", "JOB_STATE_FAILED", "failed")
    assert (said["created_at"], said["finished_at"], said["fine_tuned_model"]) == (ORDERED, ENDED, None)
    assert said["error"] == {"code": "INVALID_ARGUMENT", "message": "line 3 is not a chat"}
    assert said["model"] == "accounts/fireworks/models/llama-v3p1-8b-instruct"


def test_a_word_under_another_name_that_goes_on_is_no_end(read: Any) -> None:
    said = read(
        {
            "name": "projects/1/locations/x/tuningJobs/77",
            "state": "JOB_STATE_PAUSED",
            "baseModel": "gemini-2.5-flash",
            "tunedModel": {"model": "projects/1/models/9"},
            "endTime": "2024-05-17T18:39:51Z",
        }
    )

    assert (said["id"], said["state"], said["finished_at"], codes(said)) == ("77", "running", None, [])


def test_a_job_of_azure(read: Any) -> None:
    said = read(
        JOB | {"object": "fine_tuning.job", "status": "canceled", "fine_tuned_model": None, "updated_at": 1715971191}
    )

    assert (said["state"], said["finished_at"]) == ("cancelled", ENDED)


@pytest.mark.parametrize(
    ("written", "tokens"), [("9696", 9696), (9696.0, 9696), ("9,696", 9696), ("many", None), (-1, None)]
)
def test_a_bill_is_a_count_however_it_is_written(read: Any, written: object, tokens: int | None) -> None:
    assert read(JOB | {"trained_tokens": written})["trained_tokens"] == tokens


# --- what lies around it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (json.dumps(JOB).encode("utf-8-sig"), []),
        (json.dumps(JOB).encode("utf-16"), ["utf16"]),
        (json.dumps(JOB | {"note": "봄날"}, ensure_ascii=False).encode("cp949"), ["cp949"]),
        (b"HTTP/2 200 \r\ncontent-type: text/x\r\nx: {y}\r\n\r\n" + json.dumps(JOB).encode(), ["text_left_out"]),
        (b"* Connected\n< HTTP/1.1 200 OK\n{ [5 bytes data]\n" + json.dumps(JOB, indent=1).encode() + b"\n* Closed",
         ["text_left_out"]),
        (b"```json\n" + json.dumps(JOB, indent=2).encode() + b"\n```\n", ["text_left_out"]),
        (b"$ curl x\n" + json.dumps(JOB).encode() + b"\n$ ", ["text_left_out"]),
        (b"[INFO] got it\n" + json.dumps(JOB).encode(), ["text_left_out"]),
        (json.dumps({"job": JOB}).encode(), ["unwrapped"]),
        (json.dumps({"code": 0, "data": {"job": JOB}}).encode(), ["unwrapped"]),
        (json.dumps({"request_id": "r", "output": {"job_id": JOB["id"], "status": "SUCCEEDED", "base_model": "q",
                     "finetuned_output": JOB["fine_tuned_model"], "create_time": "2024-05-17 17:39:51", "usage": 9696,
                     "end_time": "2024-05-17 18:39:51"}}).encode(), ["unwrapped"]),
        (repr(JOB).encode(), ["printed"]),
    ],
    ids=["bom", "utf16", "cp949", "curl -i", "curl -v", "markdown", "prompt", "log", "job", "data", "output", "dict"],
)  # fmt: skip
def test_the_job_is_found_in_what_lies_around_it(read: Any, content: bytes, note: list[str]) -> None:
    said = read(content)

    assert (said["id"], said["state"], said["trained_tokens"]) == (JOB["id"], "succeeded", 9696)
    assert (said["created_at"], said["finished_at"]) == (ORDERED, ENDED)
    assert codes(said) == note


@pytest.mark.parametrize(
    "printed",
    [
        "FineTuningJob(id='ftjob-1', created_at=1715967591, error=Error(code=None), hyperparameters=Hyperparameters("
        "n_epochs='auto', batch_size=1), result_files=[], status='failed', metadata={'a': \"it's\"}, seed=42)",
        "{'id': 'ftjob-1', 'created_at': 1715967591, 'error': None, 'status': 'failed', 'ok': True, 'x': (1, 2.5, -7)}",
        "{ id: 'ftjob-1', created_at: 1715967591, error: null, method: [Object], status: 'failed', a: undefined }",
        "FinetuneResponse(id='ftjob-1', status=<FinetuneJobStatus.STATUS_FAILED: 'failed'>, "
        "created_at=datetime.datetime(2024, 5, 17, 17, 39, 51, tzinfo=datetime.timezone.utc))",
        "Job(id='ftjob-1', status='failed', created_at=datetime.datetime(2024, 5, 18, 2, 39, 51, "
        "tzinfo=datetime.timezone(datetime.timedelta(seconds=32400))))",
        '{"id"=>"ftjob-1", "created_at"=>1715967591, "status"=>"failed", "error"=>nil}',
        "FineTuningJob { id: \"ftjob-1\", created_at: 1715967591, status: Failed, model: Some(\"m\"), error: None }",
        "{'id': 'ftjob-'\n       '1',\n 'created_at': 1_715_967_591,\n 'status': 'failed'}",
        "<Job>".replace("<Job>", "jobs.FineTuningJob[Any](id='ftjob-1', status='failed', created_at=1715967591)"),
    ],
    ids=["openai", "dict", "node", "together", "zone", "ruby", "rust", "pprint", "generic"],
)  # fmt: skip
def test_a_printed_job_is_read(read: Any, printed: str) -> None:
    said = read(printed)

    assert (said["id"], said["state"], said["created_at"]) == ("ftjob-1", "failed", ORDERED)
    assert codes(said) == ["printed"]


@pytest.mark.parametrize(
    ("written", "held"),
    [(r"'it\'s'", "it's"), (r'"a\"b"', 'a"b'), (r"'\ub208\u0020\x41\U0001f600'", "눈 A😀"),
     (r"'C:\\new\d'", "C:\\new\\d"), (r"'a\tb\nc'", "a\tb\nc"), (r"'\U99999999'", r"\U99999999"), ("u'눈'", "눈"),
     ("b'x'", "x"), ("'ru' 'bb'", "rubb")],
)  # fmt: skip
def test_a_printed_text_holds_what_it_was_printed_from(read: Any, written: str, held: str) -> None:
    assert read("{'id': 'ftjob-1', 'status': 'failed', 'error': " + written + "}")["error"] == {"message": held}


@pytest.mark.parametrize(
    ("given", "code", "line"),
    [
        ("", "empty", None),
        ("nonsense", "not_json", 1),
        ('{"id": "ftjob-1",\n "status": oops}', "not_json", 2),
        ('{"id": "ftjob-1", "error": None}', "not_json", 1),
        ("FineTuningJob(id=ftjob-1)", "printed", 1),
        ("FineTuningJob(id='ftjob-1',\n  created_at=)", "printed", 2),
        ("{'id': " + "[" * 40, "printed", 1),
        ("__import__('os').system('true')", "printed", 1),
        ([JOB], "list", None),
        ({"object": "list", "data": [JOB, JOB | {"id": "ftjob-2"}], "has_more": False}, "list", None),
        ({"data": [JOB]}, "list", None),
        ({"object": "list", "data": [{"object": "fine_tuning.job.event", "id": "e", "message": "m"}]}, "events", None),
        ({"data": [{"object": "fine_tuning.job.checkpoint", "id": "c"}], "object": "list"}, "checkpoints", None),
        (json.dumps(JOB) + "\n" + json.dumps(JOB | {"id": "ftjob-2"}), "several", 2),
        (json.dumps(JOB, indent=1) + "\n" + json.dumps(JOB), "several", 16),
        ({"error": {"message": "Incorrect API key", "type": "invalid_request_error"}}, "error_answer", None),
        ('HTTP/1.1 404 Not Found\n\n{"error": {"message": "No such job"}}', "error_answer", None),
        ("<!DOCTYPE html>\n<html><body>{}</body></html>", "web_page", None),
        ({"object": "file", "id": "file-1", "status": "processed"}, "other_object", None),
        ({"object": "batch", "id": "batch_1", "status": "completed", "model": "m"}, "other_object", None),
        ({"object": "texthelper.order", "id": "x"}, "order", None),
        ({"object": "fine_tuning.job"}, "no_id", None),
        (JOB | {"id": "../files"}, "id_unfit", None),
        (JOB | {"id": "ft:gpt:x"}, "other_id", None),
        ("글 \udcff".encode("utf-8", "surrogateescape"), "not_utf8", None),
        ("{'id': 'a\\x00b'}", "nul", None),
        (json.dumps(JOB | {"note": "a\0"}), "nul", None),
    ],
    ids=range(27),
)  # fmt: skip
def test_what_is_no_job_is_refused_by_name_with_a_remedy(read: Any, given: Any, code: str, line: int | None) -> None:
    said = read(given)

    refused = said["refused"]
    assert (refused["code"], refused["line"]) == (code, line)
    assert refused["message"]
    assert said["id"] is None


def test_a_list_names_the_jobs_that_are_in_it(read: Any) -> None:
    said = read({"object": "list", "data": [JOB | {"id": f"ftjob-{n}"} for n in range(7)]})

    assert "ftjob-0, ftjob-1, ftjob-2, ftjob-3, ftjob-4, …" in said["refused"]["remedy"]


def test_an_error_answer_says_what_the_service_said(read: Any) -> None:
    assert "Incorrect API key" in read({"error": {"message": "Incorrect API key"}})["refused"]["message"]


@pytest.mark.parametrize(
    "unit", ["FineTuningJob(", "{'a':", "[", "<a:", "'", "a.", "{a=>", "+'a'", "a[", "`", "-", "1_"]
)
def test_a_large_printed_text_is_refused_in_no_time(read: Any, unit: str) -> None:
    """A megabyte of it: quadratic reading would take minutes, nesting would end the process."""
    said = read("Job(id='ftjob-1', x=" + unit * (1_000_000 // len(unit)))

    assert said["refused"]["code"] == "printed"
