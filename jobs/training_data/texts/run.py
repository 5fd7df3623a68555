"""Reads a text: `python -m jobs.training_data.texts.run PATH KIND TARGET [ENCODING]`. Use it through `texts.apart`."""

import hashlib
import os
import resource
import sys
import threading
import time
from pathlib import Path

from jobs.training_data.apart import tell
from jobs.training_data.recipes.pieces import sentences
from jobs.training_data.texts.codes import TextCode, TextFaultError
from jobs.training_data.texts.found import BOUNDS, Bounds, Found, Said
from jobs.training_data.texts.reading import read

MEMORY = 3 * 1024**3  # bytes of address space: a bomb of a kind nobody thought of ends this process, not the machine
CPU_SECONDS = 300  # then the system ends it, even within a library that never comes back
TICK = 1.0  # seconds


class Clock:
    """Says every second that the work goes on, and ends the process when it takes too long.

    A thread of its own: while a library works that is not Python, no signal reaches us.
    """

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.pages = self.of = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)
        self.thread.start()

    def page_read(self, pages: int, of: int) -> None:
        self.pages, self.of = pages, of

    def stop(self) -> None:
        self.done.set()
        self.thread.join()

    def _tick(self) -> None:
        while not self.done.wait(TICK):
            if time.monotonic() > self.until:
                tell(Said(found=Found(fault=TextCode.TOO_SLOW.value)))
                os._exit(0)
            tell(Said(pages=self.pages, of=self.of))


def run(path: Path, kind: str, target: Path, encoding: str = "", bounds: Bounds = BOUNDS) -> Found:
    clock = Clock(bounds.seconds)
    try:
        return _found(path, kind, target, encoding, bounds, clock)
    except TextFaultError as fault:
        return Found(fault=fault.code.value, params=fault.params, encoding=encoding)
    except FileNotFoundError:
        return Found(fault=TextCode.BYTES_MISSING.value)
    except MemoryError:
        return Found(fault=TextCode.BOMB.value, params={"limit": bounds.text_bytes // 1024 // 1024})
    finally:
        clock.stop()


def _found(path: Path, kind: str, target: Path, encoding: str, bounds: Bounds, clock: Clock) -> Found:
    text = read(path, kind, encoding, bounds, clock.page_read)
    raw = text.text.encode()
    target.write_bytes(raw)
    return Found(
        encoding=text.encoding,
        notes=text.notes,
        headings=text.headings,
        characters=len(text.text),
        sentences=sum(1 for _ in sentences(text.text)),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    tell(Said(found=run(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4] if sys.argv[4:] else "")))
