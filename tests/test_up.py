"""`manage.py up`: one command starts everything, one signal ends everything, and nothing is left behind."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.running import CHILDREN, PATIENCE, ROOT, Up, free_port, role


def gone(processes: list[psutil.Process]) -> bool:
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def starter(port: int | None = None, var: str = "var") -> Up:
        started.append(Up(tmp_path / var, port or free_port()))
        return started[-1]

    yield starter
    for up in started:
        up.end()


def test_first_page_log_in_and_one_signal_for_all(start: Callable[..., Up]) -> None:
    up = start()
    up.wait_until_ready()
    children = up.children()
    roles = [role(child) for child in children]
    page = urllib.request.urlopen(f"http://127.0.0.1:{up.port}/").read().decode()

    up.process.terminate()
    code = up.process.wait(PATIENCE)

    assert "<form" in page
    assert "demo@example.com / texthelper-demo" in up.said()
    assert f"http://127.0.0.1:{up.port}/" in up.said()
    assert roles == CHILDREN
    assert code == 0
    assert gone(children)


def test_second_start_keeps_the_data(start: Callable[..., Up]) -> None:
    first = start()
    first.wait_until_ready()
    first.process.terminate()
    first.process.wait(PATIENCE)
    kept = {path.name: path.read_bytes() for path in (first.var / "files").rglob("*.jsonl")}
    secret = (first.var / "secret_key").read_text()

    second = start()
    second.wait_until_ready()

    assert kept
    assert {path.name: path.read_bytes() for path in (second.var / "files").rglob("*.jsonl")} == kept
    assert (second.var / "secret_key").read_text() == secret


def test_killed_supervisor_leaves_no_orphan(start: Callable[..., Up]) -> None:
    up = start()
    up.wait_until_ready()
    children = up.children()

    up.process.kill()

    up.wait_for(lambda: gone(children))
    assert len(children) == len(CHILDREN)


def test_dead_worker_is_replaced_and_dead_web_ends_all(start: Callable[..., Up]) -> None:
    up = start()
    up.wait_until_ready()
    beat, web, worker = up.children()

    worker.kill()
    up.wait_for(lambda: len(up.children()) == len(CHILDREN) and worker not in up.children())
    children = up.children()
    web.kill()
    code = up.process.wait(PATIENCE)

    assert code == 1
    assert beat in children
    assert gone(children)
    assert "worker ended (-9); it starts again in 1 s." in up.said()
    assert "The web server ended (-9): stopping everything." in up.said()


def test_database_that_cannot_be_made_ready_ends_all(start: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "db.sqlite3").write_bytes(b"no database at all " * 100)

    up = start()
    code = up.process.wait(PATIENCE)

    assert code == 1
    assert "file is not a database" in up.said()
    assert "Log in" not in up.said()
    assert up.said().endswith("Everything has stopped.\n")


def test_static_files_that_cannot_be_made_end_all(start: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "static").write_text("no folder")

    up = start()
    code = up.process.wait(PATIENCE)

    assert code == 1
    assert "Not a directory" in up.said()
    assert "Translations or static files could not be made." in up.said()
    assert "Log in" not in up.said()
    assert up.said().endswith("Everything has stopped.\n")


def test_stopped_while_it_makes_the_database_ready(start: Callable[..., Up]) -> None:
    up = start()
    up.wait_for(lambda: "uvicorn" in map(role, up.children()))  # which is being loaded
    children = up.process.children(recursive=True)

    up.process.terminate()

    assert up.process.wait(PATIENCE) == 0
    assert len(children) in (2, 3)  # web, the process that makes things ready, and perhaps the one that makes files
    assert gone(children)
    assert "Log in" not in up.said()


def test_what_web_loads_meanwhile_reads_nothing_that_is_still_being_made(tmp_path: Path) -> None:
    program = (
        "from jobs.management.child import warm_up; from jobs.management.supervisor import WARM_UP; warm_up(WARM_UP);"
        "from django.contrib.staticfiles.storage import staticfiles_storage; from django.utils.functional import empty;"
        "from django.utils.translation import trans_real; import sys;"
        "print('jobs.views.files' in sys.modules);"
        "print('ko' in trans_real._translations, staticfiles_storage._wrapped is not empty)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "ftsite.settings", "VAR_DIR": str(tmp_path)}

    said = subprocess.check_output(
        [sys.executable, "-W", "error:No directory at", "-c", program],  # WhiteNoise, where it looks for static files
        cwd=ROOT,
        env=environment,
        text=True,
    )

    assert said.split() == ["True", "False", "False"]  # the site is loaded; no catalogue and no file's name is kept
    assert not (tmp_path / "db.sqlite3").exists()


def test_taken_port_is_refused_before_anything_is_made(start: Callable[..., Up]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        up = start(port)
        code = up.process.wait(PATIENCE)

    assert code == 2
    assert up.said().splitlines()[-1] == f"Port {port} is taken. Start on another one: PORT={port + 1} make up"
    assert not (up.var / "db.sqlite3").exists()


def test_second_one_on_the_same_data_is_refused(start: Callable[..., Up]) -> None:
    first = start()
    first.wait_until_ready()

    second = start()

    assert second.process.wait(PATIENCE) == 2
    assert "TextHelper already runs on this data" in second.said()
    assert first.process.is_running()


@pytest.mark.parametrize("port", [70000, -1])
def test_impossible_port_is_refused(start: Callable[..., Up], port: int) -> None:
    up = start(port)

    assert up.process.wait(PATIENCE) == 2
    assert up.said().strip().endswith(f"PORT={port}: 1 … 65535")


def test_watching_the_parent_works_where_the_kernel_does_not(tmp_path: Path) -> None:
    """What macOS runs: a child that polls for its parent ends soon after it."""
    child = "import sys; from jobs.management.child import watch; watch(int(sys.argv[1]), 0.05)"
    program = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())])\n"
        "time.sleep(600)"
    )
    parent = psutil.Popen([sys.executable, "-c", program], cwd=ROOT)
    deadline = time.monotonic() + PATIENCE
    while not (children := parent.children()) and time.monotonic() < deadline:
        time.sleep(0.05)

    parent.kill()
    parent.wait(PATIENCE)

    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert len(children) == 1
    assert alive == []
