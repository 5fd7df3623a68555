"""Memory of this machine: how much is free, and whether the kernel has ended processes for lack of it."""

import re
from pathlib import Path
from typing import Any

from trainer.models import Training

COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))
COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
MEMINFO = Path("/proc/meminfo")
GB = 1024**3


def kills() -> int:
    """How often the kernel has ended a process for lack of memory; only the difference of two answers says anything."""
    return sum(int(found[1]) for path in COUNTERS if path.exists() and (found := COUNT.search(path.read_text())))


def total() -> int:
    return _line("MemTotal")


def free() -> int:
    """Bytes that can be had without swapping; 0 where the machine does not say."""
    return _line("MemAvailable")


def _line(name: str) -> int:
    if not MEMINFO.exists():
        return 0
    found = re.search(rf"^{name}: +(\d+) kB$", MEMINFO.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def error(training: Training, certain: bool) -> dict[str, Any]:
    """What the owner of a job reads whose process was killed."""
    how = "was ended for lack of memory" if certain else "was killed again and again, most likely for lack of memory"
    need = training.report.get("memory_bytes", 0)
    figures = f" It needs about {need / GB:.1f} GB." if need else ""
    ways = "A smaller batch_size, shorter examples or a smaller base need less."
    return {"code": "out_of_memory", "message": f"The training process {how}.{figures} {ways}", "param": None}
