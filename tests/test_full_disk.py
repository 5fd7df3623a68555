"""A disk without room: the page says so, reading goes on, and nothing is left that keeps it full."""

import asyncio
import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from ftsite.asgi import OneThread
from ftsite.outages import AWAY, FULL, status_of
from jobs import tasks
from jobs.models import TrainingFile
from jobs.pipeline import sweeping
from jobs.uploads import HashedFile
from tests.conftest import World
from tests.factories import chat_lines, make_job

type Login = Callable[..., Client]

WORDS = {"en": "disk is full, so nothing new can be stored", "ko": "디스크가 가득 차서 새로 저장할 수 없습니다"}
ROOM = 512 * 1024


@pytest.fixture
def small_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """The folder of uploads on a disk of half a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a tmpfs here")
    settings.FILE_UPLOAD_TEMP_DIR = folder
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def send(client: Client, world: World, body: bytes, **headers: str) -> Any:
    client.raise_request_exception = False
    upload = SimpleUploadedFile("winter.jsonl", body)
    return client.post(world.url("files/new/"), {"upload": upload}, headers=headers)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_an_upload_that_finds_no_room_is_named_and_leaves_nothing(
    world: World, login: Login, small_disk: Path, language: str
) -> None:
    client = login(world.bob, language)

    page = send(client, world, b"x" * 2 * ROOM)
    script = send(client, world, b"x" * 2 * ROOM, **{"X-Requested-With": "upload"})

    assert (page.status_code, script.status_code) == (507, 507)
    assert WORDS[language] in page.content.decode().replace("&#x27;", "'")
    assert WORDS[language] in script.json()["error"]
    assert list(small_disk.iterdir()) == []
    assert client.get(world.url("files/")).status_code == 200
    assert send(client, world, chat_lines(60)).status_code == 302
    assert TrainingFile.objects.count() == 1


def test_a_half_that_cannot_be_closed_is_deleted(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """Wherever nothing can be mounted, too: closing writes the rest, fails again, and kept the file."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    half = HashedFile("a.jsonl", "a/b", 0, None)
    path = Path(half.temporary_file_path())
    assert path.exists()

    def fails() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(half.file, "close", fails)
    with pytest.raises(OSError, match="No space"):
        half.close()

    assert not path.exists()


def test_a_body_that_finds_no_room_is_named(db: None, small_disk: Path) -> None:
    """Before Django sees it."""
    sent: list[Any] = []
    pieces = iter([b"x" * 1024 * 1024] * 8)

    async def receive() -> Any:
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"accept-language", b"ko"), (b"content-length", b"8388608")]
    scope = {"type": "http", "method": "POST", "path": "/t/a/files/new/", "query_string": b"", "headers": headers}
    asyncio.run(OneThread().handle(scope, receive, send))

    assert sent[0]["status"] == 507
    assert WORDS["ko"] in b"".join(message.get("body", b"") for message in sent).decode()
    assert os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize == ROOM


def caused(error: BaseException, by: BaseException) -> BaseException:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FULL),
        (caused(RuntimeError("x"), OSError(errno.ENOSPC, "")), FULL),
        (OperationalError("database or disk is full"), FULL),
        (caused(OperationalError("x"), psycopg.errors.DiskFull("x")), FULL),
        (OperationalError("database is locked"), AWAY),
        (OperationalError("no such table: jobs_team"), None),
        (OSError(errno.EACCES, "Permission denied"), None),
        (ValueError("disk is full"), None),
        (None, None),
    ],
    ids=repr,
)
def test_only_a_full_disk_is_called_full(error: BaseException | None, status: int | None) -> None:
    assert status_of(error) == status


# --- what killed processes leave --------------------------------------------------------------------------


def made(path: Path, age: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"text of somebody")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_halves_are_swept_and_what_is_written_to_stays(settings: Any, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "tmp"
    old, running = sweeping.UPLOAD_SECONDS + 5, sweeping.UPLOAD_SECONDS - 60
    gone = [made(tmp_path / "tmp/tmpabc.upload.jsonl", old), made(tmp_path / "files/1/x.7.part", 86_400 + 5)]
    kept = [
        made(tmp_path / "tmp/tmpdef.upload.jsonl", running),
        made(tmp_path / "tmp/somebody's", old),
        made(tmp_path / "files/1/x.jsonl", 10**6),
        made(tmp_path / "files/1/y.8.part", 86_400 - 60),
    ]
    (tmp_path / "tmp/tmplink").symlink_to(kept[2])

    tasks.sweep_halves()

    assert [path.exists() for path in gone] == [False, False]
    assert [path.exists() for path in kept] == [True] * 4
    assert (tmp_path / "tmp/tmplink").is_symlink()


def test_beat_sends_for_it(settings: Any) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["halves"]

    assert (entry["task"], entry["schedule"].seconds) == ("jobs.tasks.sweep_halves", 900)


def test_reading_needs_no_room(world: World, login: Login, small_disk: Path) -> None:
    (small_disk / "all").write_bytes(b"x" * ROOM)
    job = make_job(world.team)
    client = login(world.carol)

    pages = [client.get(world.url(path)).status_code for path in ("jobs/", f"jobs/{job.uuid}/", "files/", "team/")]

    assert pages == [200] * 4
