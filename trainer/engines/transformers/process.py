"""What a child of the trainer does before it imports torch: end with its parent, give way, keep stdout for lines."""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, TextIO

PR_SET_PDEATHSIG = 1
NICE = 10
M_MMAP_THRESHOLD = -3
RETURNED_FROM = 2**18  # bytes
OOM_SCORE = 500  # the kernel ends this process before the portal where memory runs out


class Stop:
    """Whether SIGTERM has come."""

    wanted = False

    def __call__(self, *_signal: object) -> None:
        self.wanted = True


class Lines:
    """JSON lines for the parent. Whatever libraries print goes to stderr, so that it cannot break a line.

    Of several processes the first speaks; another does if it fails, since the first then only waits for it."""

    def __init__(self, out: TextIO, first: bool = True) -> None:
        self._out, self._first = out, first

    def emit(self, kind: str, **fields: Any) -> None:
        if not (self._first or kind == "failed"):
            return
        self._out.write(json.dumps({"kind": kind, **fields}, ensure_ascii=False, allow_nan=False) + "\n")
        self._out.flush()


stop = Stop()


def settle() -> Lines:
    """Call once, first thing. The parent's process id stands in PARENT_PID; without it the child is on its own."""
    end_with_parent()
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    if sys.platform == "linux":
        _prefer_as_victim()
    signal.signal(signal.SIGTERM, stop)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return Lines(out, first=os.environ.get("RANK", "0") == "0")  # of several that `accelerate launch` starts


def end_with_parent() -> None:
    parent = int(os.environ.get("PARENT_PID", "0"))
    if not parent or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    launched = "LOCAL_RANK" in os.environ  # `accelerate launch` stands between the parent and this process
    if os.getppid() != parent and not launched:
        sys.exit("The parent has ended already.")


def _prefer_as_victim() -> None:
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write(str(OOM_SCORE))


def return_memory() -> None:
    """Have what is freed go back to the system, at some speed: holes between what is kept were seen to take 600 MB."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):  # glibc's
        libc.mallopt(M_MMAP_THRESHOLD, RETURNED_FROM)


def peak_memory() -> int:
    """The most bytes of memory that this process has held so far."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/status", encoding="ascii") as status:  # getrusage begins with what the parent had
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
