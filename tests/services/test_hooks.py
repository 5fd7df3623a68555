"""The trainer's webhook on PostgreSQL and Redis: sent once by a prefork worker at the end, or by the sweep."""

import pytest

from tests.services.conftest import Installation, wait_for

pytestmark = pytest.mark.services

TEST = """
from jobs.models import Connection
from jobs.pipeline import probe
probe.order(Connection.objects.get())
"""
SENT = "SELECT count(*) FROM trainer_delivery WHERE status = 204 AND due_at IS NULL"


@pytest.mark.parametrize("installation", [{"TRAINER_SPEED": "2"}], indirect=True)
def test_webhook_is_sent_once_whoever_is_killed(installation: Installation) -> None:
    installation.manage("shell", "--no-imports", "-c", TEST)
    wait_for(lambda: installation.ask("SELECT sealed_hook_secret FROM jobs_connection WHERE state = 'works'"))
    installation.sign_in()

    installation.order()
    wait_for(lambda: installation.ask(SENT) == 1)
    told = installation.ask("SELECT hook_type FROM jobs_connection")
    installation.order()
    wait_for(lambda: installation.ask("SELECT state FROM jobs_finetunejob ORDER BY id DESC") == "running")
    installation.kill("worker")  # and the message that it kept until the job's end
    installation.start("worker")
    wait_for(lambda: installation.ask(SENT) == 2)

    assert told == "fine_tuning.job.succeeded"
    wait_for(lambda: installation.ask("SELECT count(*) FROM jobs_finetunejob WHERE state = 'succeeded'") == 2)
    assert installation.ask("SELECT max(tries) FROM trainer_delivery") <= 2
