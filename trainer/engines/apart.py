"""What needs the tokenizer, done in a process of its own that ends when nobody has asked for a while.

The tokenizer takes 65 MB that Python never gives back, and the bundled trainer lives in the portal's web process. The
other process is started at the first question; it ends by itself after REST seconds, and with the one that asks.
"""

import select
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from trainer.engines import reading, tokens

ROOT = Path(__file__).resolve().parents[2]
REST = 20  # seconds


def count(text: str) -> int:
    return int(_counting.ask("count", _sendable(text)))


def pieces(text: str, size: int) -> list[str]:
    return list(_counting.ask("pieces", _sendable(text), size))


def first(text: str, limit: int) -> str:
    return str(_counting.ask("first", _sendable(text), limit))


def facts(path: Path) -> reading.Facts:
    return reading.Facts(**_counting.ask("facts", str(path)))


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # JSON has no lone surrogates


class Counting:
    """The other process. One question at a time; a thread waits until the one before it is answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def ask(self, what: str, *about: object) -> Any:
        """The answer of the function `what`; RuntimeError where there is none."""
        question = orjson.dumps([what, *about]) + b"\n"
        with self._lock:
            answer = self._answer(question) or self._answer(question)  # it may just have ended, having rested enough
        if not answer:
            raise RuntimeError(f"nothing counts: {what}")
        return orjson.loads(answer)

    def _answer(self, question: bytes) -> bytes:
        """The line that comes back; empty where the process has ended."""
        process = self._alive()
        assert process.stdin
        assert process.stdout
        with suppress(BrokenPipeError):
            process.stdin.write(question)
            process.stdin.flush()
            if answer := process.stdout.readline():
                return answer
        self._process = None
        return b""

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            line = [sys.executable, "-m", __name__]
            self._process = subprocess.Popen(  # noqa: S603 - our own code
                line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            threading.Thread(target=self._process.wait, daemon=True).start()  # whoever has ended must not linger
        return self._process


_counting = Counting()


# --- in the other process -----------------------------------------------------------------------------

ANSWERS: dict[str, Callable[..., Any]] = {
    "count": tokens.count,
    "pieces": tokens.pieces,
    "first": tokens.first,
    "facts": lambda path: asdict(reading.facts(Path(path))),
}


def serve() -> None:
    """Answer line by line until nobody asks any more."""
    while select.select([sys.stdin], [], [], REST)[0] and (question := sys.stdin.buffer.readline()):
        what, *about = orjson.loads(question)
        sys.stdout.buffer.write(orjson.dumps(ANSWERS[what](*about)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
