"""What was measured, on what, when; and the processes' use of memory and processor."""

import os
import platform
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
MB = 1024 * 1024


def git(*line: str) -> str:
    return subprocess.run(["git", *line], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def commit() -> str:
    """The commit that was run; "+" where files differ from it."""
    changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    return f"{git('rev-parse', '--short=10', 'HEAD')}{changed}"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def about() -> str:
    """One line that every section of the README begins with."""
    memory = psutil.virtual_memory().total / 1024 / MB
    return (
        f"Commit {commit()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} × {processor()}, "
        f"{memory:.0f} GB, {platform.system()}, Python {sys.version.split()[0]}, load before {os.getloadavg()[0]:.1f}"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident(process: psutil.Process) -> float:
    """MB of memory that the process holds, shared pages counted in full."""
    return float(process.memory_info().rss) / MB


def proportional(process: psutil.Process) -> float:
    """MB of memory, each shared page divided by those who share it."""
    return float(process.memory_full_info().pss) / MB


def seconds_used(process: psutil.Process) -> float:
    """Processor time so far, of the process and of its threads."""
    times = process.cpu_times()
    return float(times.user + times.system)


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]
