"""The archive of a rescue opens in a browser without the portal, whole, without keys, and runs nothing."""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, sync_playwright

from jobs.models import Answer, Candidate, Evaluation, RemoteModel
from jobs.pipeline.rescue.book import Book
from tests.browser.conftest import ARGUMENTS
from tests.conftest import World
from tests.evaluating import make_questions
from tests.factories import make_file, make_job
from tests.needs import CHROMIUM
from tests.test_access import Login

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'


def make_recorded(world: World, name: str, answer: str, question: str = "첫눈, 골목") -> RemoteModel:
    """A model with job, events, figures, checkpoint, training file and one recorded answer."""
    file = make_file(world.team, name=f"{name[:20]}.jsonl")
    job = make_job(
        world.team, connection=world.connection, training_file=file, state="succeeded", name=name,
        collected_at=timezone.now(), result_csv="step,train_loss\n1,2.5\n", fine_tuned_model=name,
    )  # fmt: skip
    job.events.create(remote_id="ev-1", message=f"Step 1/3 {name}", level="info", created_at=timezone.now())
    job.metrics.create(step=1, values={"train_loss": 2.5})
    job.checkpoints.create(remote_id="ckpt-1", step=1, model=f"{name}:ckpt", metrics={}, created_at=timezone.now())
    questions = make_questions(world.team, question)
    evaluation = Evaluation.objects.create(team=world.team, name="기록", kind="recording", state="done")
    candidate = Candidate.objects.create(
        evaluation=evaluation, position=0, kind="tuned", connection=world.connection, model=name, question_set=questions
    )
    Answer.objects.create(
        evaluation=evaluation, candidate=candidate, question=questions.questions.get(), position=0, state="done",
        answer=answer, answered_at=timezone.now(),
    )  # fmt: skip
    about: dict[str, Any] = {"base": "gpt-4o-mini", "job": job, "recording": candidate, "raw": {"model": {"id": name}}}
    return RemoteModel.objects.create(team=world.team, connection=world.connection, name=name, **about)


def zipped(world: World) -> ZipFile:
    return ZipFile(io.BytesIO(b"".join(Book(world.team).chunks())))


def test_every_file_is_in_the_manifest_with_its_digest(world: World) -> None:
    make_recorded(world, "ft:one", "발자국이 하나 남았다.")

    book = zipped(world)

    manifest = json.loads(book.read("manifest.json"))
    assert {one["path"] for one in manifest["files"]} == set(book.namelist()) - {"manifest.json"}
    for one in manifest["files"]:
        data = book.read(one["path"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"])
    assert manifest["missing"] == []


def test_it_holds_what_is_known_of_a_model(world: World) -> None:
    model = make_recorded(world, "ft:one", "발자국이 하나 남았다.")

    book = zipped(world)

    lines = {
        name: book.read(f"models/0001/{name}.jsonl").decode().splitlines() for name in ("events", "metrics", "answers")
    }
    assert json.loads(lines["events"][0])["message"] == "Step 1/3 ft:one"
    assert json.loads(lines["metrics"][0]) == {"step": 1, "values": {"train_loss": 2.5}}
    assert json.loads(lines["answers"][1])["answer"] == "발자국이 하나 남았다."
    assert book.read("models/0001/results.csv").decode().startswith("step,train_loss")
    file = model.job.training_file  # type: ignore[union-attr]
    assert file
    [path] = [name for name in book.namelist() if name.startswith("training_files/")]
    assert hashlib.sha256(book.read(path)).hexdigest() == file.sha256
    assert "발자국이 하나 남았다." in book.read("ko/model-0001.html").decode()
    assert "Recorded answers" in book.read("en/model-0001.html").decode()


def test_no_key_is_in_it(world: World) -> None:
    make_recorded(world, "ft:one", "답")
    world.connection.set_key("sk-secret-of-the-team-0123456789")
    world.connection.save()

    book = zipped(world)

    found = [name for name in book.namelist() if b"sk-secret" in book.read(name) or b"sealed" in book.read(name)]
    assert found == []


def test_a_file_that_is_gone_from_the_disk_is_named(world: World) -> None:
    model = make_recorded(world, "ft:one", "답")
    file = model.job.training_file  # type: ignore[union-attr]
    assert file
    file.path.unlink()

    book = zipped(world)

    assert [one["reason"] for one in json.loads(book.read("manifest.json"))["missing"]] == ["bytes_gone"]


def test_a_model_that_nothing_is_known_of_has_its_page(world: World) -> None:
    RemoteModel.objects.create(team=world.team, connection=world.connection, name="ft:bare")

    assert "ft:bare" in zipped(world).read("en/model-0001.html").decode()


def test_a_viewer_may_not_download_it(world: World, login: Login) -> None:
    assert login(world.carol).post(world.url("rescue/download/")).status_code == 403
    assert login(world.bob).post(world.url("rescue/download/")).headers["Content-Type"] == "application/zip"


@pytest.fixture
def chromium() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.mark.browser
def test_it_opens_from_a_folder_and_runs_nothing(world: World, tmp_path: Path, chromium: Browser) -> None:
    make_recorded(world, f"ft:a{EVIL}", f"</pre>{EVIL}", question=f"</title>{EVIL}")
    make_recorded(world, "ft:b", "둘째 답")
    zipped(world).extractall(tmp_path)
    page = chromium.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    page.goto(f"file://{tmp_path}/index.html")
    page.get_by_role("link", name="한국어로 읽기").click()
    assert page.get_by_role("row").count() == 3
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "960px"
    page.get_by_role("row").nth(1).get_by_role("link").click()
    assert EVIL in page.inner_text("h1")
    assert EVIL in page.inner_text("article")
    page.get_by_role("link", name="English").click()
    assert page.title().startswith("ft:a")
    assert page.locator("script, img").count() == 0
    links = page.locator("a").evaluate_all("all => all.map(one => one.href)")

    assert all(Path(link.removeprefix("file://")).exists() for link in links)
    assert all(url.startswith("file://") for url in requests)
