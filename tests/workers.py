"""Worker processes of their own on a test's database: tests/killed_worker.py, started, raced, or killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.running import ROOT

PATIENCE = 240  # seconds
AHEAD = 600  # seconds: claims and leases of one that was killed have run out


def database_url() -> str:
    """Where another process finds this test's rows. On SQLite they must be in a file: `transaction=True`."""
    about = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{about['NAME']}"
    user, password = quote(about["USER"], safe=""), quote(about["PASSWORD"], safe="")
    return f"postgres://{user}{password and ':'}{password}@{about['HOST']}:{about['PORT']}/{about['NAME']}"


class Workers:
    """Each later one's clock is further ahead, as it is after a crash in the night; those of a race have the same."""

    def __init__(self, trainer: str) -> None:
        self.ahead = 0
        self.environment = os.environ | {"DATABASE_URL": database_url(), "TRAINER_URL": trainer, "LOG_LEVEL": "ERROR"}

    def start(self, what: str) -> "subprocess.Popen[bytes]":
        self.ahead += AHEAD
        return self._start(what)

    def _start(self, what: str) -> "subprocess.Popen[bytes]":
        line = [sys.executable, "-m", "tests.killed_worker", str(settings.MEDIA_ROOT), str(self.ahead), what]
        return subprocess.Popen(line, cwd=ROOT, env=self.environment)

    def run(self, what: str) -> None:
        assert self.start(what).wait(PATIENCE) == 0

    def race(self, what: str, count: int) -> None:
        """So many at once, on time that passes as it does: none takes another for dead."""
        self.ahead += AHEAD
        racing = [self._start(f"{what} at once") for _number in range(count)]
        assert [worker.wait(PATIENCE) for worker in racing] == [0] * count

    def run_until(self, what: str, happened: Callable[[], bool]) -> None:
        """SIGKILL it at that moment."""
        worker = self.start(what)
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert worker.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        worker.kill()
        worker.wait()
