"""The chat process: `python -m trainer.engines.transformers.serve SOCKET [--until-stdin-closes]`.

SOCKET is a path, `unix:PATH` or `tcp://HOST:PORT`. It loads models from below TRAINER_DIR and answers questions that
come over the socket: a line of JSON each, in chat/orders.py; the answer is lines too:
{"queue": n}, {"text": "…"}, and {"end": …} or {"error": …} as the last.

It ends by itself TRAINER_CHAT_IDLE seconds after the last question (0: never), and with --until-stdin-closes as soon
as nobody is being answered after whoever started it has gone. "ready" on stdout means that it listens.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import torch
from transformers.utils import logging as transformers_logging

from trainer.engines.transformers.chat.server import MOST_LINE, Server
from trainer.engines.transformers.process import OOM_SCORE

NICE = 5  # after the pages, before a training
IDLE_SECONDS = 600.0


async def serve(address: str, root: Path, idle: float, until_stdin_closes: bool) -> None:
    server, ended = Server(root), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    deserted = asyncio.Event()
    if until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), _read_stdin, deserted)
    listening = _listening(address)
    accepting = await asyncio.start_server(server, sock=listening, limit=MOST_LINE)
    print("ready", flush=True)
    watching = asyncio.ensure_future(_watch(server, idle, deserted, ended))
    await ended.wait()
    watching.cancel()
    if listening.family == socket.AF_UNIX:
        Path(listening.getsockname()).unlink(missing_ok=True)  # first: who comes now finds nobody, and starts another
    accepting.close()


def _read_stdin(deserted: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        deserted.set()


async def _watch(server: Server, idle: float, deserted: asyncio.Event, ended: asyncio.Event) -> None:
    """End when nobody has come for `idle` seconds, or nobody is left."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(deserted.wait(), 1.0) if not deserted.is_set() else await asyncio.sleep(0.1)
        rested = time.monotonic() - server.quiet_since
        if not server.open and (deserted.is_set() or (idle and rested >= idle)):
            ended.set()


def _listening(address: str) -> socket.socket:
    if address.startswith("tcp://"):
        parts = urlsplit(address)
        return socket.create_server((parts.hostname or "127.0.0.1", parts.port or 0))
    path = address.removeprefix("unix:")
    Path(path).unlink(missing_ok=True)  # left by one that was killed: its starter has seen that nobody answers
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(path)
    unix.listen(64)
    return unix


def main() -> int:
    options = argparse.ArgumentParser(prog="serve")
    options.add_argument("socket")
    options.add_argument("--until-stdin-closes", action="store_true")
    given = options.parse_args()
    os.umask(0o077)  # the socket is for this user alone
    os.nice(NICE)
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS") or (os.cpu_count() or 2) - 1)))
    idle = float(os.environ.get("TRAINER_CHAT_IDLE") or IDLE_SECONDS)
    root = Path(os.environ["TRAINER_DIR"])
    asyncio.run(serve(given.socket, root, idle, given.until_stdin_closes))
    os._exit(0)  # the thread may be in the midst of an answer that nobody waits for


if __name__ == "__main__":
    sys.exit(main())
