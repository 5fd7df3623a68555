"""The process that answers for real models: started by the first question on a machine, found by all others.

It listens on a socket in TRAINER_DIR. It ends when nobody has come for TRAINER_CHAT_IDLE seconds, or after the web
process that started it has gone; the next question starts another. It is given no secrets.
"""

import fcntl
import hashlib
import os
import select
import socket
import subprocess
import tempfile
import threading
from contextlib import closing, suppress
from pathlib import Path

from django.conf import settings

from trainer.work.child import environment
from wire.errors import WireError

START_SECONDS = 120.0  # to import torch, on a machine that is busy
CONNECT_SECONDS = 5.0
LONGEST_PATH = 100  # bytes; the kernel takes 107
NOT_INSTALLED = "Real models cannot answer on this server: their environment is not installed (`make trainer`)."
DOES_NOT_START = "Real models cannot answer at present: their process does not start (chat.log in TRAINER_DIR)."

_started: list["subprocess.Popen[bytes]"] = []  # the pipe to its stdin lives as long as this process


def unavailable(message: str) -> WireError:
    return WireError(503, message, "service_unavailable", type="service_unavailable_error")


def socket_path() -> Path:
    """In TRAINER_DIR; in a private folder below /tmp where that path is too long for a socket."""
    path = Path(settings.TRAINER_DIR).resolve() / "chat.sock"
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"texthelper-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if about.st_uid != os.getuid() or about.st_mode & 0o077 or folder.is_symlink():
        raise unavailable(DOES_NOT_START)
    return folder / "chat.sock"


def start() -> None:
    """Start it unless it answers; return when it does. 503 in plain words where it cannot. Blocks for seconds."""
    folder = Path(settings.TRAINER_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "chat.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _answers():  # another process was quicker
            return
        if not Path(settings.TRAINER_PYTHON).exists():
            raise unavailable(NOT_INSTALLED)
        _wait_until_ready(_spawn(folder))


def _answers() -> bool:
    with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.settimeout(CONNECT_SECONDS)
        probe.connect(str(socket_path()))
        return True
    return False


def _spawn(folder: Path) -> "subprocess.Popen[bytes]":
    line = [settings.TRAINER_PYTHON, "-m", "trainer.engines.transformers.serve", f"unix:{socket_path()}"]
    with (folder / "chat.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own code
            [*line, "--until-stdin-closes"],
            cwd=settings.BASE_DIR,
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    _started[:] = [process]
    threading.Thread(target=process.wait, daemon=True).start()  # it must not linger once it has ended
    return process


def _environment(folder: Path) -> dict[str, str]:
    return environment() | {
        "TRAINER_DIR": str(folder.resolve()),
        "TRAINER_CHAT_IDLE": str(settings.TRAINER_CHAT_IDLE),
    }


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout
    readable = select.select([process.stdout], [], [], START_SECONDS)[0]
    if not readable or process.stdout.readline() != b"ready\n":
        process.kill()
        raise unavailable(DOES_NOT_START)
