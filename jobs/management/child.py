"""Runs a Python program that dies with its supervisor: `python -m jobs.management.child PID MODULE [ARGUMENT …]`.

With WARM_UP in the environment it imports the modules named there at once (of `module:function` it calls the function,
too), and runs the program when its standard input has ended: the site is loaded while the database is made ready.

Stopping is the supervisor's task; this is for the day when it is killed and can do nothing. Linux sends the child a
SIGKILL then (PR_SET_PDEATHSIG, set here, in the child, and counted from the thread that started it: the supervisor
starts children from its main thread only). Elsewhere a thread looks once a second whether the parent is still there.
"""

import ctypes
import importlib
import os
import runpy
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1


def watch(parent: int, seconds: float = 1.0) -> None:
    """Kill this process as soon as `parent` is not its parent any more."""
    while os.getppid() == parent:
        time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    else:
        threading.Thread(target=watch, args=(parent,), daemon=True).start()


def warm_up(names: str) -> None:
    for name in names.split():
        module, _colon, function = name.partition(":")
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    if "WARM_UP" in os.environ:
        warm_up(os.environ["WARM_UP"])
        sys.stdin.read()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
