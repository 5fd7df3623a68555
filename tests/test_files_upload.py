"""An upload: refused early, stored once, or not at all."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import AuditEntry, FileState, TrainingFile
from jobs.pipeline.storing import clean_name
from tests.conftest import World
from tests.factories import chat_lines, make_file

Login = Callable[..., Client]
CUT = "The upload was cut off, so nothing was stored. Please send the file again."
TWICE = "The team has exactly these bytes already. This is the file that is there."


@pytest.fixture(autouse=True)
def temp_dir(settings: Any, tmp_path: Path) -> Path:
    directory = tmp_path / "temp"
    directory.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = directory
    return directory


def send(client: Client, world: World, body: bytes, name: str = "winter.jsonl", **headers: str) -> Any:
    return client.post(world.url("files/new/"), {"upload": SimpleUploadedFile(name, body)}, headers=headers)


def stored_bytes(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_an_upload_becomes_a_file_that_is_due(world: World, login: Login, temp_dir: Path) -> None:
    body = chat_lines(12)

    response = send(login(world.bob), world, body)

    file = TrainingFile.objects.get()
    assert (response.status_code, response.url) == (302, world.url(f"files/{file.uuid}/"))
    assert (file.name, file.size, file.sha256) == ("winter.jsonl", len(body), hashlib.sha256(body).hexdigest())
    assert (file.state, file.uploaded_by, file.team) == (FileState.CHECKING, world.bob, world.team)
    assert file.check_due_at
    assert file.path.read_bytes() == body
    assert list(temp_dir.iterdir()) == []
    assert AuditEntry.objects.get().action == "file.uploaded"


def test_a_script_is_told_where_to_go(world: World, login: Login) -> None:
    response = send(login(world.bob), world, chat_lines(12), **{"X-Requested-With": "upload"})

    assert response.json() == {"url": world.url(f"files/{TrainingFile.objects.get().uuid}/")}


def test_the_same_bytes_twice_lead_to_the_first_file(world: World, login: Login, settings: Any, temp_dir: Path) -> None:
    there = make_file(world.team, chat_lines(12), name="first.jsonl")

    response = login(world.bob).post(
        world.url("files/new/"), {"upload": SimpleUploadedFile("second.jsonl", chat_lines(12))}, follow=True
    )

    assert response.redirect_chain == [(world.url(f"files/{there.uuid}/"), 302)]
    assert [str(message) for message in response.context["messages"]] == [TWICE]
    assert list(TrainingFile.objects.values_list("name", flat=True)) == ["first.jsonl"]
    assert stored_bytes(settings) == [there.path]
    assert list(temp_dir.iterdir()) == []


def test_a_deleted_file_does_not_stand_in_the_way(world: World, login: Login) -> None:
    old = make_file(world.team, chat_lines(12))
    TrainingFile.objects.filter(pk=old.pk).update(deleted_at=old.created_at)

    send(login(world.bob), world, chat_lines(12))

    assert TrainingFile.objects.alive().count() == 1


@pytest.mark.parametrize(
    ("name", "body", "status", "message"),
    [
        ("winter.jsonl", b"", 422, "The file is empty. Choose the file again; perhaps saving it went wrong."),
        (
            "winter.hwp",
            b"a,b",
            422,
            "Only files whose name ends in .jsonl, .json, .csv, .tsv or .xlsx can be uploaded. "
            "Save the data as one of these. Name: winter.hwp",
        ),
        (
            "winter.jsonl",
            b"x" * 2001,
            413,
            "The file is larger than 2.0\N{NO-BREAK SPACE}KB. "
            "Split it, or ask whoever runs this portal for a higher limit.",
        ),
    ],
)
def test_what_is_no_jsonl_is_refused(
    world: World, login: Login, settings: Any, name: str, body: bytes, status: int, message: str
) -> None:
    settings.UPLOAD_LIMIT = 2000

    scripted = send(login(world.bob), world, body, name, **{"X-Requested-With": "upload"})
    plain = send(login(world.bob), world, body, name)

    assert (scripted.status_code, scripted.json()) == (status, {"error": message})
    assert (plain.status_code, plain.context["form"].errors) == (status, {"upload": [message]})
    assert TrainingFile.objects.count() == 0
    assert stored_bytes(settings) == []


def test_nothing_chosen_is_said(world: World, login: Login) -> None:
    response = login(world.bob).post(world.url("files/new/"))

    assert response.status_code == 422
    assert response.context["form"].errors == {"upload": ["Choose a file first."]}


class Unreadable:
    """A body that must not be read."""

    def read(self, *_args: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def test_a_body_over_the_limit_is_refused_before_it_is_read(world: World, login: Login, settings: Any) -> None:
    settings.BODY_LIMIT = 1000
    settings.UPLOAD_LIMIT = 1000

    response = login(world.bob).generic(
        "POST",
        world.url("files/new/"),
        content_type="multipart/form-data; boundary=b",
        headers={"X-Requested-With": "upload", "Content-Length": "1001"},
        **{"wsgi.input": Unreadable(), "CONTENT_LENGTH": "1001"},  # type: ignore[arg-type]
    )

    assert (response.status_code, response.json()) == (
        413,
        {
            "error": "The file is larger than 1000\N{NO-BREAK SPACE}bytes. "
            "Split it, or ask whoever runs this portal for a higher limit."
        },
    )


@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_an_upload_cut_in_half_stores_nothing(
    world: World, login: Login, settings: Any, temp_dir: Path, kept: float
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="upload"; filename="winter.jsonl"\r\n\r\n'
        + chat_lines(60)
        + b"\r\n--b--\r\n"
    )

    response = login(world.bob).generic(
        "POST",
        world.url("files/new/"),
        body[: int(len(body) * kept)],
        "multipart/form-data; boundary=b",
        headers={"X-Requested-With": "upload"},
    )

    assert (response.status_code, response.json()) == (422, {"error": CUT})
    assert TrainingFile.objects.count() == 0
    assert stored_bytes(settings) == []
    assert list(temp_dir.iterdir()) == []


def test_a_viewer_may_not_upload(world: World, login: Login) -> None:
    assert send(login(world.carol), world, chat_lines(12)).status_code == 403
    assert send(login(world.mallory), world, chat_lines(12)).status_code == 404
    assert TrainingFile.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\data\\겨울.jsonl", "겨울.jsonl"),
        ("../../etc/winter.jsonl", "winter.jsonl"),
        ("\u1100\u1167\u110b\u116e\u11af.jsonl", "겨울.jsonl"),
        ("a\u202eb\x07.jsonl", "ab.jsonl"),
        ("눈" * 300 + ".jsonl", "눈" * 180 + ".jsonl"),
        ("눈" * 300 + ".csv", "눈" * 180 + ".csv"),
        ("", "file.jsonl"),
    ],
)
def test_names_are_cleaned(given: str, kept: str) -> None:
    assert clean_name(given) == kept
