"""Commands that tidy up when they are stopped from outside, as they do for Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ends_at_a_signal() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP raise SystemExit, so that every `finally` has its turn."""
    if threading.current_thread() is not threading.main_thread():  # a signal is never delivered to another one
        yield
        return
    before = {number: signal.signal(number, _end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
