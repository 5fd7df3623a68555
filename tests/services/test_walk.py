"""The same walk on PostgreSQL and Redis, with a real prefork worker and beat, killed workers included."""

import pytest

from tests.services.conftest import Installation, wait_for

pytestmark = pytest.mark.services

STATE = "SELECT state FROM jobs_finetunejob"
RE_KEY = """
from jobs.models import Connection
connection = Connection.objects.get()
connection.set_key("trainer-fault.slow=2-services-test")
connection.save()
"""
IMPATIENT = {"CLAIM_SECONDS": "15", "UNSURE_SECONDS": "5"}  # a push takes two slow answers, on a busy machine more


def test_from_the_order_to_a_model_that_answers(installation: Installation) -> None:
    installation.sign_in()

    job = installation.order()
    wait_for(lambda: installation.ask(STATE) == "succeeded")
    wait_for(lambda: installation.ask("SELECT collected_at FROM jobs_finetunejob"))

    told = installation.http.get(f"{job}job.json").json()
    assert told["status"] == "succeeded"
    assert told["fine_tuned_model"] == installation.ask("SELECT name FROM jobs_tunedmodel WHERE step IS NULL")
    assert installation.ask("SELECT count(*) FROM jobs_metric") == installation.ask(
        "SELECT total_steps FROM jobs_finetunejob"
    )


@pytest.mark.parametrize("installation", [IMPATIENT], indirect=True)
@pytest.mark.parametrize("claim", ["pushing", "submitting"])
def test_a_worker_killed_in_a_claim_loses_nothing_and_starts_nothing_twice(
    installation: Installation, claim: str
) -> None:
    installation.manage("shell", "--no-imports", "-c", RE_KEY)  # every answer takes two seconds: time for the kill
    installation.sign_in()
    installation.order()

    wait_for(lambda: installation.ask(STATE) == claim)
    installation.kill("worker")
    assert installation.ask(STATE) == claim
    installation.start("worker")
    wait_for(lambda: installation.ask(STATE) == "succeeded")

    assert installation.ask("SELECT count(*) FROM trainer_job") == 1
    assert installation.ask("SELECT count(*) FROM trainer_file WHERE purpose = 'fine-tune'") == 1
    assert installation.ask(f"SELECT count(*) FROM jobs_transition WHERE after = '{claim}'") >= 1
