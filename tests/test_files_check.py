"""The check in the worker: one at a time, by lease, and to the end whatever happens."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import FileFormat, FileState, Origin, TrainingFile
from jobs.pipeline import due, storing
from jobs.pipeline.checking import Lease, LeaseLostError, check
from jobs.training_data.converting import legacy_to_chat
from jobs.training_data.report import Progress
from tests.conftest import World
from tests.factories import chat_lines, make_file
from tests.training_cases import PAIR

LEGACY = "\n".join(PAIR.replace("첫눈", f"첫눈 {n}") for n in range(12)).encode() + b"\n"


def waiting(world: World, body: bytes, **fields: Any) -> TrainingFile:
    made = {"state": FileState.CHECKING, "format": FileFormat.UNKNOWN, "report": {}, "examples": 0, "tokens": 0}
    return make_file(world.team, body, check_due_at=timezone.now(), **{**made, **fields})


def legacy(world: World) -> TrainingFile:
    return make_file(world.team, LEGACY, name="old.jsonl", format=FileFormat.LEGACY)


def ordered(parent: TrainingFile, world: World, system_prompt: str = "") -> TrainingFile:
    return storing.order_conversion(parent, world.bob, system_prompt, also=lambda _row: None).file


def test_a_good_file_becomes_ready(world: World) -> None:
    body = chat_lines(12)
    file = waiting(world, body)

    check(file)

    file.refresh_from_db()
    assert (file.state, file.format, file.examples) == (FileState.READY, FileFormat.CHAT, 12)
    assert (file.checked_bytes, file.checked_lines, file.check_due_at) == (len(body), 12, None)
    assert file.tokens == file.report["tokens"] > 0
    assert list(TrainingFile.objects.usable()) == [file]


def test_a_file_with_faults_is_invalid(world: World) -> None:
    file = waiting(world, chat_lines(9))

    check(file)

    file.refresh_from_db()
    assert (file.state, file.check_due_at) == (FileState.INVALID, None)
    assert [fault["code"] for fault in file.report["faults"]] == ["too_few_examples"]
    assert list(TrainingFile.objects.usable()) == []


def test_a_legacy_file_is_ready_but_not_usable(world: World) -> None:
    file = waiting(world, LEGACY)

    check(file)

    file.refresh_from_db()
    assert (file.state, file.format) == (FileState.READY, FileFormat.LEGACY)
    assert list(TrainingFile.objects.usable()) == []


def test_a_file_that_another_worker_checks_is_left_alone(world: World) -> None:
    file = waiting(world, chat_lines(12))
    assert Lease(file).claim()
    held = TrainingFile.objects.values_list("check_due_at", flat=True).get()

    check(file)

    file.refresh_from_db()
    assert (file.state, file.check_due_at) == (FileState.CHECKING, held)
    assert due.files_to_check() == []


def test_a_file_that_was_checked_meanwhile_is_not_checked_again(world: World) -> None:
    """Whoever queued it twice: `check_due_at` of a file that is ready may lie in the past, as a trace of its lease."""
    file = waiting(world, chat_lines(12))
    past = timezone.now() - timedelta(minutes=5)
    TrainingFile.objects.filter(pk=file.pk).update(state=FileState.READY, report={"kept": True}, check_due_at=past)

    assert not Lease(file).claim()
    check(file)

    file.refresh_from_db()
    assert (file.state, file.report, file.check_due_at) == (FileState.READY, {"kept": True}, past)


def test_the_lease_of_a_killed_worker_runs_out(world: World) -> None:
    file = waiting(world, chat_lines(12))
    killed = Lease(file)
    killed.claim()
    TrainingFile.objects.update(check_due_at=timezone.now() - timedelta(seconds=1))

    assert due.files_to_check() == [file.pk]
    check(file)

    file.refresh_from_db()
    assert file.state == FileState.READY
    with pytest.raises(LeaseLostError):
        killed.write(state=FileState.INVALID)


def test_progress_is_stored_and_keeps_the_lease(world: World) -> None:
    file = waiting(world, chat_lines(12))
    lease = Lease(file)
    lease.claim()
    first = lease.until

    lease.progress(Progress(100, 1000, 3))
    lease.progress(Progress(200, 1000, 6))  # within the same second: not written

    file.refresh_from_db()
    assert (file.checked_bytes, file.checked_lines) == (100, 3)
    assert first
    assert file.check_due_at
    assert file.check_due_at > first


def test_a_file_deleted_while_it_is_checked_stays_deleted(world: World) -> None:
    file = waiting(world, chat_lines(12))
    lease = Lease(file)
    lease.claim()
    TrainingFile.objects.update(deleted_at=timezone.now())

    with pytest.raises(LeaseLostError):
        lease.progress(Progress(1, 2, 1))


def test_bytes_that_are_gone_are_a_fault(world: World) -> None:
    file = waiting(world, chat_lines(12))
    file.path.unlink()

    check(file)

    file.refresh_from_db()
    assert (file.state, file.check_due_at) == (FileState.INVALID, None)
    assert [fault["code"] for fault in file.report["faults"]] == ["bytes_missing"]


def test_a_conversion_is_made_and_checked(world: World) -> None:
    parent = legacy(world)
    file = ordered(parent, world, "짧게 답한다.")

    check(file)

    file.refresh_from_db()
    body = file.path.read_bytes()
    assert (file.state, file.format, file.examples, file.name) == (
        FileState.READY,
        FileFormat.CHAT,
        12,
        "old-chat.jsonl",
    )
    assert (file.size, file.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert json.loads(body.splitlines()[0]) == {
        "messages": [
            {"role": "system", "content": "짧게 답한다."},
            {"role": "user", "content": "첫눈 0"},
            {"role": "assistant", "content": "함박눈이 내렸다."},
        ]
    }
    assert (file.parent, file.origin, parent.path.read_bytes()) == (parent, Origin.CONVERTED, LEGACY)
    beside = {path.suffix for path in file.path.parent.glob(f"{file.uuid.hex}*")}
    assert beside == {".jsonl", ".findings", ".hashes", ".index"}


def test_a_conversion_ordered_twice_is_one(world: World) -> None:
    parent = legacy(world)

    first, second = ordered(parent, world), ordered(parent, world)
    check(first)
    third = ordered(parent, world)

    assert first == second == third
    assert ordered(parent, world, "다르게") != first


def test_a_conversion_to_bytes_that_are_there_points_to_them(world: World, tmp_path: Path) -> None:
    parent = legacy(world)
    legacy_to_chat(parent.path, tmp_path / "made.jsonl")
    there = make_file(world.team, (tmp_path / "made.jsonl").read_bytes())
    file = ordered(parent, world)

    check(file)

    file.refresh_from_db()
    assert (file.report, file.check_due_at) == ({"same_as": str(there.uuid)}, None)
    assert file.deleted_at
    assert not file.content


def test_a_conversion_whose_parent_is_gone_says_so(world: World) -> None:
    parent = legacy(world)
    file = ordered(parent, world)
    parent.path.unlink()

    check(file)

    file.refresh_from_db()
    assert file.state == FileState.INVALID
    assert file.report["fault_counts"] == {"bytes_missing": 1}


def test_who_waits_longest_is_checked_first(world: World) -> None:
    moments = [timezone.now() - timedelta(minutes=n) for n in (1, 3, 2)]
    files = [waiting(world, chat_lines(12, word=str(moment))) for moment in moments]
    for file, moment in zip(files, moments, strict=True):
        TrainingFile.objects.filter(pk=file.pk).update(check_due_at=moment)

    assert due.files_to_check() == [files[n].pk for n in (1, 2, 0)]
