"""Ends as other services tell them, against a far side of its own: real worker, beat, PostgreSQL and Redis."""

import base64

import pytest

from tests.lean_side import MADE, a_list, lean_side
from tests.running import free_port
from tests.services.conftest import Installation, wait_for

pytestmark = pytest.mark.services

PORT = free_port()  # known before the installation starts: its operator allows the host
CONNECT = f"""
from jobs.models import Connection, Team
connection = Connection(team=Team.objects.get(slug="bomnal"), name="far", profile="custom", base_url="http://127.0.0.1:{PORT}/v1")
connection.set_key("sk-services-test-key")
connection.save()
"""
END = {"finished_at": MADE + 1000, "trained_tokens": 100}
CSV = b"step,train_loss,train_accuracy,valid_loss\n1,1.5,0.5,\n2,1.2,0.6,1.3\n"
WORDS = {"completed": "succeeded", "Succeeded": "succeeded", "canceled": "cancelled", "user_error": "failed"}


@pytest.mark.parametrize("installation", [{"UPSTREAM_HOSTS": f"127.0.0.1:{PORT}"}], indirect=True)
def test_imported_jobs_end_as_their_service_says_with_bill_reason_and_curve(installation: Installation) -> None:
    with lean_side(PORT) as far:
        for n in range(1, 8):  # 27a
            far.job(f"ftjob-done{n}", status="succeeded", fine_tuned_model=f"ft:d{n}", **END)
            far.listed[f"ftjob-done{n}"] = {"id": f"ftjob-done{n}", "status": "succeeded", "created_at": MADE}
        for word in WORDS:  # 27b
            made = f"ft:{word}" if WORDS[word] == "succeeded" else None
            far.job(f"ftjob-{word}", status=word, fine_tuned_model=made, error={"message": "malformed"}, **END)
        far.job("ftjob-unknown", status="wound_up", finished_at="2026-11-06T22:00:00Z", fine_tuned_model="ft:u")
        far.job("ftjob-downloading", status="model_downloading")
        far.events["ftjob-downloading"] = a_list([{"id": f"e{n}", "message": "m"} for n in range(5)]) | {
            "has_more": True
        }
        far.job("ftjob-ok", status="succeeded", fine_tuned_model="ft:ok", result_files=["file-res"], **END)  # 27c
        far.files["file-res"] = base64.b64encode(CSV)
        installation.manage("shell", "--no-imports", "-c", CONNECT)
        installation.sign_in()

        pages = {name: installation.post("/t/bomnal/jobs/import/", {"remote_id": name}).url.path for name in far.jobs}
        ended = "SELECT count(*) FROM jobs_finetunejob WHERE origin = 'imported' AND collected_at IS NOT NULL"
        wait_for(lambda: installation.ask(ended) == 13)

        def row(remote_id: str, column: str) -> object:
            return installation.ask(f"SELECT {column} FROM jobs_finetunejob WHERE remote_id = '{remote_id}'")

        assert {(row(f"ftjob-done{n}", "state"), row(f"ftjob-done{n}", "trained_tokens")) for n in range(1, 8)} == {
            ("succeeded", 100)
        }
        assert {word: row(f"ftjob-{word}", "state") for word in WORDS} == WORDS
        assert row("ftjob-user_error", "error->>'message'") == "malformed"
        assert row("ftjob-unknown", "state") == "succeeded"
        assert "wound_up" in installation.http.get(pages["ftjob-unknown"]).text
        wait_for(lambda: row("ftjob-downloading", "remote_status") == "model_downloading")
        going_on = installation.http.get(pages["ftjob-downloading"]).text
        assert ('id="odd-word"' in going_on, "model_downloading" in going_on) == (True, True)
        assert installation.ask(f"SELECT count(*) FROM jobs_metric WHERE job_id = {row('ftjob-ok', 'id')}") == 2
        assert 'id="no-loss"' not in installation.http.get(pages["ftjob-ok"]).text
