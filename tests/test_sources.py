"""Texts that come in: stored once, read in a process of its own under a lease, shown, read anew, deleted."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from jobs.models import AuditEntry, Source, SourceState
from jobs.pipeline import sources
from jobs.tasks import read_source
from jobs.training_data.texts.found import PUT_RIGHT
from tests.cases import path_of
from tests.conftest import World
from tests.documents import docx
from tests.factories import make_source

Login = Callable[..., Client]
PROSE = "첫눈이 왔다. 골목이 하얗다. 누가 먼저 걸었을까? 발자국이 하나 남았다.\r\n"
TWICE = "The team has exactly these bytes already. This is the text that is there."


def send(client: Client, world: World, body: bytes, name: str = "겨울.txt", **headers: str) -> Any:
    return client.post(world.url("sources/new/"), {"upload": SimpleUploadedFile(name, body)}, headers=headers)


def uploaded(world: World, login: Login, body: bytes, name: str = "겨울.txt") -> Source:
    send(login(world.bob), world, body, name)
    return Source.objects.latest("pk")


def bytes_on_disk(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


# --- the upload ---------------------------------------------------------------------------------------


def test_an_upload_becomes_a_text_that_is_due(world: World, login: Login) -> None:
    body = PROSE.encode("cp949")

    response = send(login(world.bob), world, body)

    source = Source.objects.get()
    assert (response.status_code, response.url) == (302, world.url(f"sources/{source.uuid}/"))
    assert (source.name, source.kind, source.size) == ("겨울.txt", "txt", len(body))
    assert (source.sha256, source.state) == (hashlib.sha256(body).hexdigest(), SourceState.CHECKING)
    assert (source.uploaded_by, source.path.read_bytes()) == (world.bob, body)
    assert sources.due() == [source.pk]
    assert AuditEntry.objects.get().action == "source.uploaded"


def test_the_same_bytes_twice_lead_to_the_first_text(world: World, login: Login, settings: Any) -> None:
    there = uploaded(world, login, PROSE.encode())

    response = login(world.bob).post(
        world.url("sources/new/"), {"upload": SimpleUploadedFile("b.txt", PROSE.encode())}, follow=True
    )

    assert response.redirect_chain == [(world.url(f"sources/{there.uuid}/"), 302)]
    assert [str(message) for message in response.context["messages"]] == [TWICE]
    assert bytes_on_disk(settings) == [there.path]


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("a.txt", b"", "The file is empty. Choose the file again; perhaps saving it went wrong."),
        ("a.exe", b"MZ", "Only .txt, .md, .docx, .hwpx and .pdf can be read. Name: a.exe"),
        (
            "a.hwp",
            b"\xd0\xcf",
            "The document is of an old format (.doc, .hwp), or protected by a password. "
            "Save it as .docx or .hwpx without a password and upload that.",
        ),
    ],
)
def test_what_is_no_text_is_refused(world: World, login: Login, name: str, body: bytes, message: str) -> None:
    scripted = send(login(world.bob), world, body, name, **{"X-Requested-With": "upload"})
    plain = send(login(world.bob), world, body, name)

    assert (scripted.status_code, scripted.json()) == (422, {"error": message})
    assert (plain.status_code, plain.context["form"].errors) == (422, {"upload": [message]})
    assert Source.objects.count() == 0


def test_too_large_is_413(world: World, login: Login, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 10

    assert send(login(world.bob), world, b"x" * 11).status_code == 413
    assert Source.objects.count() == 0


def test_a_long_name_keeps_its_ending(world: World, login: Login) -> None:
    assert uploaded(world, login, b"x. y.", "눈" * 300 + ".MD").name == "눈" * 180 + ".md"


# --- reading ------------------------------------------------------------------------------------------


def test_the_worker_reads_it_and_says_what_it_found(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode("cp949"))

    read_source(source.pk)

    source.refresh_from_db()
    assert (source.state, source.encoding, source.due_at) == (SourceState.READY, "cp949", None)
    assert (source.characters, source.sentences, source.notes) == (len(PROSE) - 1, 4, {"crlf": 1})
    assert source.text_file.read_text(encoding="utf-8") == PROSE.replace("\r", "")
    assert source.text_sha256 == hashlib.sha256(source.text_file.read_bytes()).hexdigest()
    assert [path.suffix for path in source.path.parent.iterdir() if path.suffix == ".part"] == []


def test_what_cannot_be_read_is_said_with_the_remedy(world: World, login: Login) -> None:
    source = uploaded(world, login, b"PK no zip", "글.docx")

    read_source(source.pk)

    source.refresh_from_db()
    page = login(world.carol).get(world.url(f"sources/{source.uuid}/"))
    assert (source.state, source.fault, source.text_path) == (SourceState.INVALID, "broken", "")
    assert page.context["fault"][0] == "The file is damaged and cannot be read."
    assert page.context["fault"][1] in page.content.decode()


def test_bytes_that_are_gone_are_said(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode())
    source.path.unlink()

    read_source(source.pk)

    source.refresh_from_db()
    assert (source.state, source.fault) == (SourceState.INVALID, "bytes_missing")


def test_a_text_is_read_by_one_worker_at_a_time(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode())
    first, second = sources.Lease(source), sources.Lease(source)

    assert (first.claim(), second.claim()) == (True, False)
    Source.objects.filter(pk=source.pk).update(due_at=timezone.now() - timedelta(seconds=1))  # its worker died
    assert second.claim()
    with pytest.raises(sources.LeaseLostError):
        first.write(characters=1)


def test_a_text_deleted_while_it_is_read_stays_deleted(world: World, login: Login, settings: Any) -> None:
    source = uploaded(world, login, PROSE.encode())
    lease = sources.Lease(source)
    lease.claim()

    sources.delete(source, lambda: None)

    with pytest.raises(sources.LeaseLostError):
        lease.write(state=SourceState.READY)


# --- pages --------------------------------------------------------------------------------------------


def test_the_page_shows_encoding_counts_and_how_it_begins(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode("cp949"))
    read_source(source.pk)

    page = login(world.carol).get(world.url(f"sources/{source.uuid}/"))

    assert page.context["encoding"] == "CP949 (EUC-KR), Korean Windows"
    assert page.context["notes"] == ["Line breaks of Windows were made plain: 1"]
    assert page.context["excerpt"] == PROSE.replace("\r", "")


def test_the_encoding_can_be_chosen_and_taken_back(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode("cp949"))
    read_source(source.pk)
    url, client = world.url(f"sources/{source.uuid}/encoding/"), login(world.bob)

    client.post(url, {"encoding": "utf-8"})
    read_source(source.pk)
    source.refresh_from_db()
    wrong = (source.state, source.fault, source.chosen_encoding)
    client.post(url, {"encoding": ""})
    read_source(source.pk)

    source.refresh_from_db()
    assert wrong == (SourceState.INVALID, "wrong_encoding", "utf-8")
    assert (source.state, source.encoding) == (SourceState.READY, "cp949")
    assert AuditEntry.objects.filter(action="source.encoding").count() == 2


def test_garbled_lines_are_put_right_on_one_click(world: World, login: Login) -> None:
    """Its signs would become spaces and line breaks, were they not put right before."""
    source = uploaded(world, login, path_of("25b").read_bytes(), "깨진 글.txt")
    read_source(source.pk)
    url, client = world.url(f"sources/{source.uuid}/"), login(world.bob)
    garbled = client.get(url)

    client.post(f"{url}encoding/", {"encoding": garbled.context["put_right"]})
    read_source(source.pk)
    right = client.get(url)

    assert [words for words, _remedy in garbled.context["doubts"]] == [
        "Lines that look as if they were read in a wrong encoding (mojibake): 2"
    ]
    assert "Put the garbled lines right" in garbled.text
    assert (right.context["doubts"], right.context["put_right"]) == ([], "")
    assert "Garbled lines (mojibake) were put right: 2" in right.context["notes"]
    assert "할머니는 마루에 앉아 콩을 고르셨다." in right.context["excerpt"]
    assert "Put the garbled lines right" not in right.text


def test_what_is_not_certainly_garbled_stays_as_it_is(world: World, login: Login) -> None:
    mixed = path_of("25b").read_bytes().split(b"\n")[0] + "\nCafé – ça va\n봄비가 왔다.\n".encode()
    source = uploaded(world, login, mixed)
    read_source(source.pk)
    login(world.bob).post(world.url(f"sources/{source.uuid}/encoding/"), {"encoding": PUT_RIGHT})
    read_source(source.pk)

    source.refresh_from_db()
    assert source.text_file.read_text(encoding="utf-8").endswith("고르셨다.\nCafé – ça va\n봄비가 왔다.\n")
    assert source.notes["put_right"] == 1


def test_a_document_can_be_read_again_but_has_no_encoding(world: World, login: Login) -> None:
    source = uploaded(world, login, docx("눈이 왔다."), "겨울.docx")
    sources.read(source)
    url, client = world.url(f"sources/{source.uuid}/encoding/"), login(world.bob)
    Source.objects.update(text_sha256="0" * 64)  # as an older reader left it

    client.post(url, {"encoding": "cp949"})
    source.refresh_from_db()
    refused = source.state
    client.post(url)
    sources.read(source)

    source.refresh_from_db()
    assert (refused, source.state) == (SourceState.READY, SourceState.READY)
    assert source.text_sha256 == hashlib.sha256("눈이 왔다.".encode()).hexdigest()
    assert "Read it again" in client.get(world.url(f"sources/{source.uuid}/")).content.decode()


def test_the_page_says_what_the_command_says(world: World, login: Login, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(
        docx(body="<w:p><w:r><w:t>보인다.</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>숨긴 글</w:t></w:r></w:p>")
    )
    source = uploaded(world, login, path.read_bytes(), "a.docx")
    sources.read(source)
    out = io.StringIO()

    call_command("read_text", str(path), "--json", stdout=out)

    said = json.loads(out.getvalue())
    page = login(world.carol).get(world.url(f"sources/{source.uuid}/"))
    assert (
        page.context["notes"] == [note["message"] for note in said["notes"]] == ["Hidden text was left out, places: 1"]
    )
    assert page.context["excerpt"] == said["text"]


def test_an_encoding_nobody_offered_changes_nothing(world: World, login: Login) -> None:
    source = make_source(world.team)

    login(world.bob).post(world.url(f"sources/{source.uuid}/encoding/"), {"encoding": "rot13"})

    source.refresh_from_db()
    assert source.state == SourceState.READY


def test_an_open_page_gets_204_until_there_is_news(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode())
    client, url = login(world.carol), world.url(f"sources/{source.uuid}/poll/?since=0")

    waiting = client.get(url, headers={"HX-Request": "true"})
    read_source(source.pk)
    done = client.get(url, headers={"HX-Request": "true"})

    assert (waiting.status_code, done.status_code) == (204, 200)
    assert done["HX-Retarget"] == "#main"
    assert "source-poll" not in done.content.decode()


def test_bytes_and_text_can_be_downloaded(world: World, login: Login) -> None:
    source = uploaded(world, login, PROSE.encode("cp949"))
    read_source(source.pk)
    client, url = login(world.carol), world.url(f"sources/{source.uuid}/download/")

    got = {mark: b"".join(client.get(url + mark).streaming_content) for mark in ("", "?text")}  # type: ignore[attr-defined,unused-ignore]

    assert got == {"": PROSE.encode("cp949"), "?text": PROSE.replace("\r", "").encode()}
    assert AuditEntry.objects.filter(action="source.downloaded").count() == 2


def test_a_deleted_text_leaves_its_row_alone(
    world: World,
    login: Login,
    settings: Any,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    source = uploaded(world, login, PROSE.encode())
    read_source(source.pk)
    client, url = login(world.bob), world.url(f"sources/{source.uuid}/")

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}delete/")

    source.refresh_from_db()
    assert (bool(source.deleted_at), bytes_on_disk(settings)) == (True, [])
    assert [client.get(url).status_code, client.get(f"{url}download/").status_code] == [200, 410]
    assert [client.post(f"{url}delete/").status_code, client.post(f"{url}encoding/").status_code] == [404, 404]
    assert AuditEntry.objects.filter(action="source.deleted").count() == 1


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_takes_the_same_queries_however_long(
    world: World, login: Login, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for _ in range(count):
        make_source(world.team, uploaded_by=world.bob)
    client = login(world.carol)
    client.get(world.url("sources/"))

    with django_assert_num_queries(6):
        page = client.get(world.url("sources/"))

    assert len(page.context["page"]) == min(count, 25)


def test_the_list_leads_on_once_a_text_is_ready(world: World, login: Login) -> None:
    make_source(world.team, state=SourceState.CHECKING)
    client, way_on = login(world.bob), f'href="{world.url("runs/new/")}"'
    before = client.get(world.url("sources/")).content.decode()

    make_source(world.team)

    assert way_on not in before
    assert way_on in client.get(world.url("sources/")).content.decode()
    assert way_on not in login(world.carol).get(world.url("sources/")).content.decode()


def test_the_list_is_live_while_a_text_is_read(world: World, login: Login) -> None:
    source = make_source(world.team, state=SourceState.CHECKING)
    client, url = login(world.bob), world.url("sources/")
    asked = {"HX-Request": "true", "X-Since": client.get(url).context["seen"]}

    unchanged = client.get(url, headers=asked)
    Source.objects.filter(pk=source.pk).update(state=SourceState.READY)
    changed = client.get(url, headers=asked)

    assert (unchanged.status_code, changed.status_code) == (204, 200)
    assert "hx-trigger" not in changed.text
    assert world.url("runs/new/") in changed.text


def test_the_list_is_searched_by_name(world: World, login: Login) -> None:
    make_source(world.team, name="겨울 수필.txt")
    make_source(world.team, name="여름.md", kind="md")

    found = login(world.carol).get(world.url("sources/"), {"q": "수필\0"}).context["page"]

    assert [source.name for source in found] == ["겨울 수필.txt"]
