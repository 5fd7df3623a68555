"""A check that a person stops or begins again, and what the page says while it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import AuditEntry, FileFormat, FileState, TrainingFile
from jobs.pipeline.checking import Lease, LeaseLostError, check
from jobs.training_data import apart
from jobs.training_data.estimating import About, Estimate
from jobs.training_data.report import Progress
from tests.conftest import World
from tests.factories import chat_lines, make_file
from tests.test_files_check import LEGACY, waiting
from tests.training_cases import PREFERENCE, QUESTION

type Login = Callable[..., Client]
ABOUT = Estimate(examples=About(1000, 900, 1100), tokens=About(2_000_000, 1_900_000, 2_100_000))


def row(file: TrainingFile) -> dict[str, Any]:
    return dict(TrainingFile.objects.values("state", "report", "check_due_at", "checked_bytes").get(pk=file.pk))


def url(world: World, file: TrainingFile, tail: str = "") -> str:
    return world.url(f"files/{file.uuid}/{tail}")


def test_a_stopped_check_says_so_and_its_worker_gives_up(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    lease = Lease(file)
    assert lease.claim()

    response = login(world.bob).post(url(world, file, "stop/"), follow=True)

    file.refresh_from_db()
    assert (file.state, file.check_due_at) == (FileState.INVALID, None)
    assert file.report["fault_counts"] == {"check_stopped": 1}
    assert "The check was stopped before its end" in response.content.decode()
    assert "Not checked" in response.content.decode()
    assert AuditEntry.objects.values_list("action", flat=True).get() == "file.check_stopped"
    with pytest.raises(LeaseLostError):
        lease.progress(Progress(1, 2, 1))


def test_a_check_that_is_over_cannot_be_stopped(world: World, login: Login) -> None:
    file = make_file(world.team)
    before = row(file)

    response = login(world.bob).post(url(world, file, "stop/"), follow=True)

    assert row(file) == before
    assert [str(message) for message in response.context["messages"]] == ["The check was over already."]
    assert not AuditEntry.objects.exists()


def test_a_file_is_checked_again_by_the_rules_of_today(world: World, login: Login) -> None:
    file = make_file(world.team, LEGACY, state=FileState.INVALID, format=FileFormat.UNKNOWN, report={"ok": False})

    login(world.bob).post(url(world, file, "check/"))

    assert row(file)["state"] == FileState.CHECKING
    assert row(file)["report"] == {}
    check(file)
    file.refresh_from_db()
    assert (file.state, file.format) == (FileState.READY, FileFormat.LEGACY)
    assert AuditEntry.objects.values_list("action", flat=True).get() == "file.checked_again"


@pytest.mark.parametrize("fields", [{"state": FileState.CHECKING}, {"deleted_at": timezone.now()}])
def test_a_file_under_check_or_deleted_is_not_checked_again(world: World, login: Login, fields: dict[str, Any]) -> None:
    file = make_file(world.team, **fields)
    before = row(file)

    login(world.bob).post(url(world, file, "check/"))

    assert row(file) == before
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("line", "kind"), [(PREFERENCE, "preference"), (QUESTION, "reinforcement")])
def test_other_formats_become_ready(world: World, login: Login, line: str, kind: str) -> None:
    file = waiting(world, "\n".join([line] * 12).encode())

    check(file)

    file.refresh_from_db()
    assert (file.state, file.format, file.examples) == (FileState.READY, kind, 12)
    assert file.tokens > 0
    assert login(world.carol).get(url(world, file)).status_code == 200


def test_the_page_of_a_running_check_shows_the_estimate_and_a_button(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    lease = Lease(file)
    lease.claim()
    lease.estimated(ABOUT)

    page = login(world.bob).get(url(world, file)).content.decode()
    news = login(world.bob).get(url(world, file, "poll/?since=1"), headers={"HX-Request": "true"}).content.decode()

    for shown in (page, news):
        assert "1,900,000 – 2,100,000" in shown
        assert "sim-large, 3 epochs" in shown
        assert "$28.50 – $31.50" in shown
        assert url(world, file, "stop/") in shown
    assert url(world, file, "stop/") not in login(world.carol).get(url(world, file)).content.decode()


def test_the_estimate_makes_room_for_the_report(world: World) -> None:
    file = waiting(world, chat_lines(12))
    lease = Lease(file)
    lease.claim()
    lease.estimated(ABOUT)
    TrainingFile.objects.update(check_due_at=timezone.now())

    check(file)

    assert "estimate" not in row(file)["report"]
    assert row(file)["report"]["examples"] == 12


def test_a_large_file_is_estimated_first(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(chat_lines(100) * (apart.ESTIMATE_FROM // len(chat_lines(100)) + 1))
    heard: list[Estimate | Progress] = []

    report = apart.check_apart(path, heard.append, heard.append)

    assert isinstance(heard[0], Estimate)
    assert heard[0].tokens.low <= report.tokens <= heard[0].tokens.high


def test_no_process_of_a_stopped_check_is_left(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(chat_lines(100) * 4_000)
    seen: list[psutil.Process] = []
    others = set(psutil.Process().children(recursive=True))  # of earlier tests: the trainer keeps one that counts

    def stopped(_done: Progress) -> None:
        seen.extend(set(psutil.Process().children(recursive=True)) - others)
        raise LeaseLostError

    with pytest.raises(LeaseLostError):
        apart.check_apart(path, stopped)

    gone, alive = psutil.wait_procs(seen, timeout=10)
    assert gone
    assert alive == []
