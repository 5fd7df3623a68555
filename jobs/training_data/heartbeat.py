"""A sign of life now and then, from a process that somebody waits for: his lease lives on it."""

import time
from collections.abc import Callable

SECONDS = 0.5


class Heartbeat:
    """Call it as often as you like; it passes the call on about twice a second."""

    def __init__(self, beat: Callable[[], object]) -> None:
        self.beat = beat
        self.last = time.monotonic()

    def __call__(self) -> None:
        if (now := time.monotonic()) - self.last >= SECONDS:
            self.last = now
            self.beat()
