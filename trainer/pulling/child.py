"""A process in .venv-trainer that fetches, converts or describes a base."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings

from trainer.base_folders import BadBaseError

type Json = dict[str, Any]

MODULE = "trainer.engines.transformers.bases"
# what a fetch needs of the surroundings; no secret of the portal is among them
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "HF_TOKEN", "HF_ENDPOINT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "LD_LIBRARY_PATH")


def run(command: str, *arguments: str | Path, online: bool = False) -> Json:
    """Its last line. What libraries print meanwhile, progress bars among it, goes to this process's stderr."""
    if not Path(settings.TRAINER_PYTHON).exists():
        raise BadBaseError("Real training is not installed: `make trainer` first.")
    line = [settings.TRAINER_PYTHON, "-m", MODULE, command, *map(str, arguments)]
    ended = subprocess.run(line, cwd=settings.BASE_DIR, env=_environment(online), stdout=subprocess.PIPE, check=False)  # noqa: S603
    lines = ended.stdout.decode().splitlines()
    if ended.returncode or not lines:
        raise BadBaseError(f"The process that was to {command} the base broke (exit {ended.returncode}): see above.")
    last: Json = json.loads(lines[-1])
    if last["kind"] == "refused":
        raise BadBaseError(last["message"])
    return last


def _environment(online: bool) -> dict[str, str]:
    kept = {name: os.environ[name] for name in (*KEPT, *CERTIFICATES) if name in os.environ}
    offline = {} if online else {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    threads = str(max(1, (os.cpu_count() or 2) - 1))
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": threads}
    return {**kept, **offline, **quiet, "OMP_WAIT_POLICY": "passive", "PARENT_PID": str(os.getpid())}
