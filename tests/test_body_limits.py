"""How much of a body is taken in, by the address it is sent to: a file only where a file belongs."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from jobs.body_limits import body_limit
from tests.conftest import World
from tests.test_access import patterns
from tests.test_asgi import drive
from tests.test_files_upload import Unreadable

MB = 1024 * 1024
TAKE_FILES = {"file-new", "source-new", "files"}  # the last one is the trainer's


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/accounts/login/", 64 * 1024),
        ("/accounts/signup/", 64 * 1024),
        ("/accounts/password/reset/", 64 * 1024),
        ("/language/", 64 * 1024),
        ("/join/abc/", 64 * 1024),
        ("/hooks/1/", 64 * 1024),
        ("/", 64 * 1024),
        ("/nothing/of/ours/", 64 * 1024),
        ("/t/a/files/new", 3 * MB),  # nothing is there: the slash is missing
        ("/t/a/team/rename/", 3 * MB),
        ("/t/a/runs/new/", 3 * MB),
        ("/t/a/b/files/new/", 3 * MB),
        ("/admin/jobs/team/1/", 3 * MB),
        ("/t/a/jobs/import/", 2 * MB),
        ("/trainer/v1/chat/completions", 3 * MB),
        ("/trainer/v1/files", 513 * MB),
        ("/t/a/files/new/", 513 * MB),
        ("/t/a/sources/new/", 513 * MB),
    ],
)
def test_only_where_a_file_belongs_a_body_may_be_large(settings: Any, path: str, most: int) -> None:
    settings.TRAINER_ENABLED = True

    assert body_limit(path) == most
    settings.BODY_LIMIT = 100
    assert body_limit(path) == 100


def test_a_trainer_that_is_off_takes_no_files(settings: Any) -> None:
    settings.TRAINER_ENABLED = False

    assert body_limit("/trainer/v1/files") == 3 * MB
    assert drive({b"transfer-encoding": b"chunked"}, "/trainer/v1/files")[1][0]["status"] == 411


def test_every_address_of_ours_but_three_is_small() -> None:
    paths = {name: "/" + re.sub(r"<[^>]+>", "a", path) for name, path in patterns(get_resolver())}

    large = {name for name, path in paths.items() if body_limit(path) > 3 * MB}

    assert large == TAKE_FILES


# --- refused before a byte is read, whoever serves --------------------------------------------------------


def send(client: Client, path: str, size: int, **headers: str) -> Any:
    return client.generic(
        "POST",
        path,
        content_type="multipart/form-data; boundary=b",
        headers=headers,
        **{"wsgi.input": Unreadable(), "CONTENT_LENGTH": str(size)},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("path", ["/accounts/login/", "/language/", "/join/abc/", "/accounts/signup/"])
@pytest.mark.parametrize("size", [64 * 1024 + 1, 60 * MB, 10**12])
def test_nobody_fills_the_disk_through_an_open_form(client: Client, db: None, path: str, size: int) -> None:
    response = send(client, path, size)

    assert response.status_code == 413
    assert "What was sent is larger than 64.0" in response.content.decode()


def test_a_form_of_a_team_takes_no_file(world: World, login: Any) -> None:
    assert send(login(world.alice), world.url("team/rename/"), 4 * MB).status_code == 413


@pytest.mark.parametrize("page", ["files/new/", "sources/new/"])
def test_a_file_of_somebody_signed_out_is_not_read(world: World, client: Client, page: str) -> None:
    by_form = send(client, world.url(page), 60 * MB)
    by_script = send(client, world.url(page), 60 * MB, **{"X-Requested-With": "upload", "Accept-Language": "ko"})

    assert (by_form.status_code, by_form.headers["Location"]) == (302, f"/accounts/login/?next={world.url(page)}")
    assert by_script.status_code == 403
    assert by_script.json() == {"error": "로그아웃되었습니다. 다른 창에서 로그인한 뒤 다시 보내세요."}


@pytest.mark.parametrize(
    ("cookie", "received"),
    [
        (b"", [b""]),
        (b"csrftoken=abc", [b""]),
        (b"xsessionid=abc", [b""]),
        (b"csrftoken=abc; sessionid=def", [b"a" * 10, b"b" * 10]),
        (b"sessionid=def", [b"a" * 10, b"b" * 10]),
    ],
)
def test_without_a_session_a_file_is_not_written_to_disk(cookie: bytes, received: list[bytes]) -> None:
    headers = {b"content-length": b"60000000", b"cookie": cookie}

    assert drive(headers, "/t/a/files/new/") == (received, [])
    assert drive({**headers, b"content-length": b"20"}, "/t/a/files/new/") == ([b"a" * 10, b"b" * 10], [])
