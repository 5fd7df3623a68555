"""A worker that is killed in the middle of a long operation is replaced: nothing is doubled, and no half is left.

Of the others: the check and the look (test_files_check, test_findings_page), paid runs (test_summary_runs), searching
and forgetting (test_passages), jobs (test_launch, tests/services, make chaos).
"""

import os
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from jobs.models import FileFormat, FileState, Origin, Source, SourceState, TrainingFile
from jobs.models.training_file import stored_name
from jobs.pipeline import due, making, sources, storing
from jobs.pipeline.calls import record
from jobs.pipeline.checking import Lease, LeaseLostError, check
from jobs.pipeline.runs.writing import kept_examples
from jobs.run_states import RunState
from jobs.training_data.tables import asking
from jobs.training_data.tables.shapes import Mapping, Way
from tests.conftest import World
from tests.factories import chat_lines, make_file, make_preferences, make_source
from tests.running_recipes import SUMMARY, long_text, make_run, ordered, walk
from tests.test_change_page import PAIRS
from tests.test_files_check import LEGACY
from tests.test_tables import csv_bytes
from tests.training_cases import GOOD_BYTES, answer, line, user

pytestmark = pytest.mark.django_db(transaction=True)

type Order = Callable[[World], TrainingFile]


def version(world: World, parent: TrainingFile, origin: Origin, **options: Any) -> TrainingFile:
    return storing.order_version(parent, world.bob, origin, options, name="v.jsonl", also=lambda _row: None).file


def chats(world: World) -> TrainingFile:
    return make_file(world.team, chat_lines(60))


def merged(world: World) -> TrainingFile:
    return version(world, chats(world), Origin.MERGED, **{"with": [str(make_file(world.team).uuid)]})


def mapped(world: World) -> TrainingFile:
    body = csv_bytes(["질문", "답변"], *([f"{n}번째 눈은?", f"{n}번째 답"] for n in range(12)))
    table = make_file(world.team, body, name="t.csv", state=FileState.INVALID, format=FileFormat.UNKNOWN)
    way = msgspec.to_builtins(msgspec.structs.replace(asking.look(table.path, table.name, Way()).way, kind=""))
    mapping = msgspec.to_builtins(Mapping(user="질문", assistant="답변"))
    return version(world, table, Origin.MAPPED, way=way, mapping=mapping)


def masked(world: World) -> TrainingFile:
    told = "".join(line(user(f"누구 {n}?"), answer(f"010-1234-{n:04}")) + "\n" for n in range(12))
    return version(world, make_file(world.team, told.encode()), Origin.MASKED, kinds=["phone"], language="ko")


def reduced(world: World) -> TrainingFile:
    return version(world, make_file(world.team, GOOD_BYTES * 2), Origin.REDUCED, drop=["exact_duplicates"])


def repaired(world: World) -> TrainingFile:
    broken = make_file(world.team, GOOD_BYTES.decode().encode("cp949"), state=FileState.INVALID)
    return version(world, broken, Origin.REPAIRED, encoding="cp949")


def from_keywords(world: World) -> TrainingFile:
    return ordered(walk(make_run(world.team, make_source(world.team, long_text(60))), RunState.DONE))


OPERATIONS: dict[str, Order] = {
    "split": lambda world: version(world, chats(world), Origin.SPLIT, ratio=0.8, seed=7, part="training"),
    "sample": lambda world: version(world, chats(world), Origin.SAMPLED, count=20, seed=3),
    "shuffle": lambda world: version(world, chats(world), Origin.SHUFFLED, seed=3),
    "merge": merged,
    "to chat": lambda world: version(
        world, make_file(world.team, LEGACY, format=FileFormat.LEGACY), Origin.CONVERTED, system_prompt="짧게 답한다."
    ),
    "to legacy": lambda world: version(world, make_file(world.team, PAIRS), Origin.CONVERTED, to="legacy"),
    "to preferred": lambda world: version(world, make_preferences(world.team), Origin.CONVERTED, to="preferred"),
    "system prompt": lambda world: version(world, chats(world), Origin.PROMPTED, system_prompt="짧게 답한다."),
    "mask": masked,
    "leave duplicates out": reduced,
    "leave lines out": lambda world: version(world, chats(world), Origin.REDUCED, lines=[2, 4]),
    "repair": repaired,
    "map a table": mapped,
    "write a run's examples": from_keywords,
}


def killed(file: TrainingFile, *, whole: bool) -> tuple[Lease, bytes]:
    """What a worker leaves that was killed while it made `file`, or once it had and before it could say so."""
    lease = Lease(file)
    assert lease.claim()
    target = Path(settings.MEDIA_ROOT) / stored_name(file, "")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".99999.part")
    making.OPERATIONS[file.origin](file, making.sources_of(file), part, lambda: None)
    made = part.read_bytes()
    if whole:
        part.replace(target)
    else:
        part.write_bytes(made[: len(made) // 2])
    return lease, made


@pytest.mark.parametrize(
    ("operation", "whole"),
    [*((name, False) for name in OPERATIONS), ("shuffle", True), ("write a run's examples", True)],
)
def test_a_version_is_made_by_the_next_worker(world: World, operation: str, whole: bool) -> None:
    file = OPERATIONS[operation](world)
    rows = TrainingFile.objects.count()
    dead, made = killed(file, whole=whole)
    check(file)  # the lease holds: nobody else makes it
    assert (due.files_to_check(), TrainingFile.objects.get(pk=file.pk).state) == ([], FileState.CHECKING)

    TrainingFile.objects.filter(pk=file.pk).update(check_due_at=timezone.now() - timedelta(seconds=1))
    assert due.files_to_check() == [file.pk]
    check(file)

    file.refresh_from_db()
    assert (file.state, file.check_due_at, file.path.read_bytes()) == (FileState.READY, None, made)
    assert file.examples == made.count(b"\n")
    assert (TrainingFile.objects.count(), [*file.path.parent.glob("*.part")]) == (rows, [])
    with pytest.raises(LeaseLostError):
        dead.write(state=FileState.INVALID)


def test_a_paid_runs_file_is_written_anew_and_nothing_is_asked_again(world: World, trainer: str) -> None:
    source = make_source(world.team, long_text(40))
    run = walk(make_run(world.team, source, recipe=SUMMARY, cap="1"), RunState.DONE)
    file, spent = ordered(run), run.spent_nano
    _dead, made = killed(file, whole=False)
    run.chunks.filter(position__gte=3).update(line=None)  # it was at the fourth

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        check(file)

    file.refresh_from_db()
    run.refresh_from_db()
    assert (file.state, file.path.read_bytes()) == (FileState.READY, made)
    assert (run.spent_nano, set(run.chunks.values_list("tries", flat=True))) == (spent, {1})
    assert list(run.chunks.values_list("line", flat=True)) == list(range(1, run.total + 1))


def test_a_text_is_read_by_the_next_worker(world: World) -> None:
    source = make_source(world.team, long_text(9), state=SourceState.CHECKING, text_sha256="", due_at=timezone.now())
    dead = sources.Lease(source)
    assert dead.claim()
    source.path.with_name(f"{source.path.name}.120000.part").write_text("half a te")
    sources.read(source)
    assert (sources.due(), Source.objects.get().state) == ([], SourceState.CHECKING)

    with time_machine.travel(timezone.now() + sources.LEASE * 1.5, tick=True):
        assert sources.due() == [source.pk]
        sources.read(source)

    source = Source.objects.get()
    assert (source.state, source.due_at, source.characters) == (SourceState.READY, None, len(long_text(9)))
    assert source.text_file.read_text(encoding="utf-8") == long_text(9)
    assert sorted(source.path.parent.iterdir()) == sorted([source.path, source.text_file])
    with pytest.raises(sources.LeaseLostError):
        dead.write(state=SourceState.INVALID)


def test_a_keyword_run_leaves_no_halves(world: World) -> None:
    run = make_run(world.team, make_source(world.team, long_text(60)))
    record.move(run, RunState.MAKING)
    target = kept_examples(run)
    target.parent.mkdir(parents=True)
    for half in (".99999.part", ".99999.places.part"):
        target.with_suffix(half).write_bytes(b'{"half')

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        run = walk(run, RunState.DONE)

    assert run.done == run.chunks.count() == target.read_bytes().count(b"\n")
    assert [*target.parent.iterdir()] == [target]


def test_an_export_is_not_kept_from_its_name_by_the_half_of_a_killed_one(world: World, tmp_path: Path) -> None:
    make_file(world.team)
    half = tmp_path / f".team.zip.{os.getpid()}.part"  # in a container every process has the same number
    half.write_bytes(b"PK half")
    out = StringIO()

    call_command("export_team", world.team.slug, "--output", str(tmp_path / "team.zip"), stdout=out)
    call_command("verify_export", str(tmp_path / "team.zip"), stdout=out)

    assert "files as the manifest says" in out.getvalue()
    assert sorted(path.name for path in tmp_path.glob("*team.zip*")) == [half.name, "team.zip"]
