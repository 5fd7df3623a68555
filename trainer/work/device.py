"""The device that this worker trains on, found without torch: the portal's environment has none."""

import json
import platform
import shutil
import subprocess
from functools import lru_cache
from typing import Any

from django.conf import settings

from trainer.work import memory

type Json = dict[str, Any]

PACKAGES = ("torch", "transformers", "peft", "accelerate", "safetensors")
VERSIONS = (
    "import json, platform; from importlib.metadata import version; "
    f"print(json.dumps({{'python': platform.python_version()}} | {{name: version(name) for name in {PACKAGES}}}))"
)
PATIENCE = 60  # seconds; the first start after an installation reads much from the disk
MEBIBYTE = 1024**2


@lru_cache(maxsize=1)
def versions() -> Json:
    """Versions of what trains; empty where it cannot run."""
    line = [settings.TRAINER_PYTHON, "-c", VERSIONS]
    try:
        done = subprocess.run(line, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, json.JSONDecodeError):
        return {}


def name() -> str:
    """As people call it: the GPU's name, or the processor's architecture."""
    gpu = _gpu()
    return gpu[0] if gpu else f"CPU ({platform.machine()})"


def total_memory() -> int:
    gpu = _gpu()
    return gpu[1] if gpu else memory.total()


def free_memory() -> int | None:
    """Bytes; None where nobody knows."""
    gpu = _gpu()
    return (gpu[2] if gpu else memory.free()) or None


def memory_each() -> int | None:
    """Of it, what each process of a training may take: a GPU each, or its share of the machine."""
    free = free_memory()
    return free // settings.TRAINER_PROCESSES if free and not _gpu() else free


def _gpu() -> tuple[str, int, int] | None:
    """Name, total and free bytes of the GPU that this worker uses; None where it trains on the processor."""
    kind, _colon, numbers = settings.TRAINER_DEVICE.partition(":")
    tool = shutil.which("nvidia-smi")
    if kind == "cpu" or tool is None or "+cpu" in versions().get("torch", "+cpu"):
        return None
    fields = "--query-gpu=name,memory.total,memory.free"
    line = [tool, fields, "--format=csv,noheader,nounits", f"--id={numbers.partition(',')[0] or 0}"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=True)  # noqa: S603
        title, total, free = done.stdout.splitlines()[0].split(", ")
        return title, int(total) * MEBIBYTE, int(free) * MEBIBYTE
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
