"""Everything, from a fresh clone to a running portal, in one command: `make up` calls this."""

import fcntl
import hashlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jobs.demo import make_demo, sign_in_line
from jobs.management.child import die_with
from jobs.management.commands.compile_translations import compile_catalogues
from jobs.pipeline.sweeping import sweep

TAKEN = (
    "포트 {port}은(는) 이미 쓰이고 있습니다. 다른 포트로 시작하십시오: PORT={other} make up\n"
    "Port {port} is taken. Start on another one: PORT={other} make up"
)
RUNNING = (
    "이 폴더의 글도우미는 이미 실행 중입니다: {var}\n"
    "TextHelper already runs on this data: {var}. Stop it first, or set VAR_DIR to another folder."
)
UNMADE = (
    "번역이나 정적 파일을 만들지 못했습니다. 까닭은 위에 있습니다.\n"
    "Translations or static files could not be made. The reason stands above."
)
BANNER = """
  글도우미 파인튜닝 · TextHelper
  주소 Address   http://127.0.0.1:{port}/
  로그인 Log in  {login}
  끝내기 Stop    Ctrl-C
"""


def refuse_taken_port(port: int) -> None:
    """Raise CommandError (exit code 2) unless this machine lets us listen on `port`."""
    if not 0 < port < 65536:
        raise CommandError(f"PORT={port}: 1 … 65535", returncode=2)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CommandError(f"PORT={port}: permission denied; take one above 1023", returncode=2) from None
        except OSError:
            raise CommandError(
                TAKEN.format(port=port, other=port + 1 if port < 65535 else 8000), returncode=2
            ) from None


def lock(folder: Path) -> None:
    """Hold `folder` until this process ends, whatever it becomes. Two beats on one database would only compete."""
    descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(RUNNING.format(var=folder), returncode=2) from None
    os.set_inheritable(descriptor, True)


def static_fingerprint() -> str:
    """Return a digest of every static file's name, size and time of change."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static() -> None:
    """Gather, hash and compress static files; nothing to do where none has changed since the last time."""
    stamp, now = settings.VAR_DIR / "static.stamp", static_fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(now)


class Command(BaseCommand):
    help = "Make everything ready and run web, worker, beat and train until Ctrl-C."
    requires_system_checks = []  # they import every page, which takes seconds; `make lint` and the tests run them

    def handle(self, *_args: Any, **_options: Any) -> None:
        os.umask(0o077)  # var/ holds keys and other people's text
        refuse_taken_port(settings.PORT)
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        lock(settings.VAR_DIR)
        self.stdout.write("· 시작합니다 Starting …")
        self.stdout.flush()
        told, telling = os.pipe()
        if preparing := os.fork():
            self.become_supervisor(preparing, told)  # which loads the site meanwhile
        os.setsid()  # Ctrl-C is the supervisor's to pass on
        die_with(os.getppid())
        files = get_context("fork").Process(target=self.make_files)  # on the second core, if there is one
        files.start()
        sweep(upload_seconds=0)  # nothing else runs on this folder: whatever lies there was left
        with self.step("데이터베이스 Database"):
            call_command("migrate", interactive=False, verbosity=0)
        with self.step("연습 자료 Demo data"):
            login = sign_in_line(made=make_demo())
        files.join()
        if files.exitcode:
            raise CommandError(UNMADE)
        os.write(telling, BANNER.format(port=settings.PORT, login=login).encode())

    def make_files(self) -> None:
        die_with(os.getppid())
        with self.step("번역과 정적 파일 Translations, static files"):
            compile_catalogues()
            collect_static()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.stdout.write(f"· {name} ({time.monotonic() - began:.1f} s)")

    def become_supervisor(self, preparing: int, told: int) -> None:
        """Replace this process, so that `make`, a terminal or a service manager goes on speaking to the same pid.

        `preparing` is the process that makes files and database ready; `told` the pipe it writes the last words of the
        start to: how to log in is for this terminal only, and an argument is for all to see.
        """
        os.environ["PORT"] = str(settings.PORT)  # the trainer's address follows from it
        os.environ["TRAINER_PYTHON"] = settings.TRAINER_PYTHON  # where it works, a child more
        os.environ["PYTHONUNBUFFERED"] = "1"
        os.environ["CELERY_SKIP_CHECKS"] = "1"  # for the same reason
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        os.environ.setdefault("PYTHONWARNINGS", "ignore:You're running the worker")  # as root, in a container
        os.chdir(settings.BASE_DIR)
        os.set_inheritable(told, True)
        os.execv(sys.executable, [sys.executable, "-m", "jobs.management.supervisor", str(preparing), str(told)])  # noqa: S606
