"""Memory of the machine, or of the container where that is less. Imports nothing heavy."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
UNKNOWN = 8 * 1024**3  # bytes, where the machine does not say


def memory() -> tuple[int, int]:
    """(free, in all), in bytes."""
    free, total = _machine()
    limit, used = _container()
    return min(free, limit - used), min(total, limit)


def _machine() -> tuple[int, int]:
    if not MEMINFO.exists():
        return UNKNOWN, UNKNOWN
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines() if ":" in line)
    return tuple(int(lines[name].split()[0]) * 1024 for name in ("MemAvailable", "MemTotal"))  # type: ignore[return-value]


def _container() -> tuple[int, int]:
    """(limit, used) of the control group; a limit beyond any machine where there is none."""
    limit = CGROUP / "memory.max"
    if not limit.exists() or (text := limit.read_text().strip()) == "max":
        return 2**62, 0
    return int(text), int((CGROUP / "memory.current").read_text())
