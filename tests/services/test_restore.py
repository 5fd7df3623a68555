"""The same on PostgreSQL, by the commands of docs/operations.md: a `docker` of the test's own runs them here."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from cryptography.fernet import Fernet

from tests.restoring import attempt, inside, run
from tests.running import ROOT
from tests.services.conftest import COMMANDS, Installation, wait_for

pytestmark = pytest.mark.services

KEY = Fernet.generate_key().decode()
# What Docker would run in a container runs in this machine's shell; starting and stopping is the test's part.
DOCKER = """#!/bin/sh
[ "$1" = compose ] || exit 64
verb=$2; shift 2
case "$verb" in up|stop) exit 0 ;; exec|run) ;; *) exit 64 ;; esac
while [ "${1#-}" != "$1" ]; do shift; done
service=$1; shift
[ "$service" = setup ] && exec python manage.py migrate --noinput
exec "$@"
"""


def as_in_containers(portal: Installation, tmp_path: Path) -> dict[str, str]:
    """The variables that the containers have, and the tools of the newest PostgreSQL found here."""
    address = urlsplit(portal.database)
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1:]
    folders = [str(tmp_path / "bin"), *map(str, newest), str(ROOT / ".venv/bin"), os.environ["PATH"]]
    given = {
        "PATH": os.pathsep.join(folders),
        "BACKUP": str(tmp_path / "backup"),
        "POSTGRES_USER": address.username or "",
        "POSTGRES_DB": address.path.lstrip("/"),
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port or 5432),
        "PGPASSWORD": address.password or "",
    }
    return {**portal.environment, **{name: value for name, value in given.items() if value}}


def count_ended(portal: Installation) -> int:
    return int(
        portal.ask("SELECT count(*) FROM jobs_finetunejob WHERE state = 'succeeded' AND collected_at IS NOT NULL")
    )


@pytest.mark.parametrize("installation", [{"FIELD_KEYS": KEY, "TRAINER_SPEED": "3"}], indirect=True)
def test_a_team_with_jobs_comes_back_and_its_running_job_is_followed_to_the_end(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    old = as_in_containers(installation, tmp_path)
    inside(old, "order('done')")
    wait_for(lambda: count_ended(installation) == 1)
    inside(old, "evaluate('done')")
    inside(old, "order('running')")
    wait_for(lambda: installation.ask("SELECT state FROM jobs_finetunejob WHERE name = 'running'") == "running")

    run("backup postgres", old)
    before = inside(old, "told()")
    for process in list(installation.running):
        installation.kill(process)
    shutil.rmtree(tmp_path / "var")

    database = urlunsplit(urlsplit(installation.database)._replace(path=f"/restored_{uuid4().hex[:12]}"))
    (tmp_path / "new/var").mkdir(parents=True)
    restored = Installation(tmp_path / "new", database, FIELD_KEYS=KEY, TRAINER_SPEED="3")
    new = as_in_containers(restored, tmp_path)
    try:
        assert attempt("restore postgres", {**new, "FIELD_KEYS": Fernet.generate_key().decode()}).returncode == 1
        shutil.rmtree(tmp_path / "new/var/files")
        assert "all of them open" in run("restore postgres", new)

        after = inside(new, "told()")
        assert (after["keys"], after["files"]) == (before["keys"], before["files"])
        assert after["evaluations"] == before["evaluations"]
        assert all(after["evaluations"].values())
        assert {stored == found for stored, found in after["files"].values()} == {True}
        assert after["jobs"]["done"] == before["jobs"]["done"]
        for process in COMMANDS:
            restored.start(process)
        wait_for(lambda: count_ended(restored) == 2)
        ended = inside(new, "told()")["jobs"]
        path = before["jobs"]["running"]["path"]
        assert ended["running"]["path"][: len(path)] == path
        assert ended["done"] == before["jobs"]["done"]
    finally:
        for process in list(restored.running):
            restored.kill(process)
        with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {urlsplit(database).path[1:]} WITH (FORCE)")
