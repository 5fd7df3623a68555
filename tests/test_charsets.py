"""A form in another character set than UTF-8 is refused with a page; what is no form is read as it always is."""

import asyncio
from typing import Any

import pytest
from django.test import Client, RequestFactory

from ftsite.asgi import guarded
from ftsite.wsgi import application
from jobs import sealing
from tests.conftest import World
from tests.hooking import SECRET, event, send, signed

PAGE = {"en": "This request cannot be read", "ko": "요청을 읽을 수 없습니다"}
ODD = [
    *("utf-16", "UTF-16LE", "utf-32", "utf-7", "utf-8-sig", "cp949", "euc-kr", "shift_jis", "latin-1", "iso-8859-1"),
    *("hex", "base64", "rot13", "zlib", "idna", "punycode", "unicode_escape", "undefined", "mbcs", "no-such-thing"),
    *("\x7f", "é", '"utf-16"', "'", "x" * 5000),
]
FORMS = {
    "application/x-www-form-urlencoded": b"language=ko&next=/",
    "multipart/form-data; boundary=b": b'--b\r\nContent-Disposition: form-data; name="language"\r\n\r\nko\r\n--b--\r\n',
}


def post(client: Client, path: str, form: str, charset: str) -> Any:
    return client.generic("POST", path, FORMS[form], content_type=f"{form}; charset={charset}")


@pytest.mark.parametrize("charset", ODD, ids=lambda name: ascii(name)[:20])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", ["/language/", "/accounts/login/"])
def test_a_form_in_another_character_set_is_refused(db: None, path: str, form: str, charset: str) -> None:
    response = post(Client(headers={"accept-language": "en"}), path, form, charset)

    assert response.status_code == 400
    assert PAGE["en"] in response.content.decode()


@pytest.mark.parametrize("path", ["team/rename/", "jobs/import/", "files/new/"])
def test_so_it_is_for_a_person_who_is_signed_in(world: World, login: Any, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    response = post(login(world.alice, "ko"), world.url(path), form, "hex")

    assert response.status_code == 400
    assert PAGE["ko"] in response.content.decode()


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "us-ascii", '"utf-8"', ""])
@pytest.mark.parametrize("form", FORMS)
def test_other_names_of_utf8_are_read(db: None, form: str, charset: str) -> None:
    response = post(Client(), "/language/", form, charset)

    assert response.status_code == 302
    assert response.cookies["django_language"].value == "ko"


@pytest.mark.parametrize("charset", ODD, ids=lambda name: ascii(name)[:20])
def test_no_codec_that_decodes_no_text_reaches_django(db: None, charset: str) -> None:
    """Django breaks on `hex` before its first middleware, by WSGI and by ASGI."""
    environ = RequestFactory().get("/accounts/login/?next=/t/%EB%B4%84/", headers={"host": "localhost"}).environ
    started: list[str] = []

    body = application(
        environ | {"CONTENT_TYPE": f"text/plain; charset={charset}"}, lambda status, _headers: started.append(status)
    )

    assert started == ["200 OK"]
    assert "/t/봄/" in b"".join(body).decode()
    sent = f"text/plain; charset={charset}".encode("latin-1", "replace")
    assert seen_by_asgi(sent) == b"text/plain; charset=not-utf-8"


def seen_by_asgi(content_type: bytes) -> bytes:
    seen: list[bytes] = []

    async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        seen.extend(value for name, value in scope["headers"] if name == b"content-type")

    scope = {"type": "http", "path": "/", "headers": [(b"host", b"localhost"), (b"content-type", content_type)]}
    asyncio.run(guarded(app)(scope, None, None))  # type: ignore[arg-type]
    return seen[0]


def test_the_bytes_of_a_webhook_are_what_is_signed(world: World) -> None:
    world.connection.sealed_hook_secret = sealing.seal(SECRET)
    world.connection.save()

    assert send(world.connection, event(), signed(event()), content_type="application/json; charset=latin-1") == 204


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/x; b=\xe9"]
)
def test_a_form_without_its_boundary_is_refused(db: None, content_type: str) -> None:
    response = Client(headers={"accept-language": "en"}).generic(
        "POST", "/language/", b"--x", content_type=content_type
    )

    assert response.status_code in (302, 400)  # what is no form has no fields
