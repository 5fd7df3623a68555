"""What beat and worker would do with recipe runs, step by step in the test's own thread."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
import time_machine
from django.utils import timezone

from jobs.models import Chunk, Connection, Run, Source, Team, TrainingFile
from jobs.pipeline import checking
from jobs.pipeline.calls import record
from jobs.pipeline.runs import working
from jobs.pipeline.runs.paid import CHUNKS
from jobs.run_states import RunState
from jobs.training_data.recipes.pieces import Piece
from jobs.training_data.recipes.recipe import Recipe
from tests.factories import make_source
from trainer.models import FaultUse

LARGE = "sim-large-2026-06-01"  # at a practice price
SENTENCES = (
    "겨울 아침 골목에 눈이 내려 발소리가 작아졌다.",
    "할머니는 부엌에서 된장찌개를 끓이며 라디오를 들었다.",
    "시장 상인들은 천막을 걷고 생선 상자를 나란히 놓았다.",
    "버스 정류장 앞 서점 주인은 새로 들어온 시집을 창가에 세웠다.",
    "아이들은 운동장에서 눈사람을 만들고 목도리를 둘러 주었다.",
)


def long_text(sentences: int) -> str:
    """Korean prose: five different sentences, each with its number, so that none is the same."""
    return " ".join(SENTENCES[n % 5].replace("다.", f"다 그날은 {n}번째 날이었다.") for n in range(sentences))


def make_run(team: Team, *sources: Source, recipe: Recipe | None = None, cap: str | None = None, **fields: Any) -> Run:
    """An order that nobody has looked at yet."""
    recipe = recipe or Recipe()
    if not recipe.is_free:
        fields = {"connection": team.connections.first(), "model": LARGE, "estimate": {"usd": "1"}} | fields
    run = Run(team=team, recipe=recipe.as_json(), **{"name": "겨울 자료", **fields})
    run.cap_nano = None if cap is None else int(Decimal(cap) * 10**9)
    return record.place(run, lambda row: row.sources.set(list(sources)))


SUMMARY = Recipe(kind="summary", size=120, max_tokens=300)


def make_cut_run(team: Team, count: int = 10, recipe: Recipe = SUMMARY, **fields: Any) -> Run:
    """A paid run whose text has been cut: the next look asks the model."""
    text = long_text(count)
    run = make_run(team, make_source(team, text), recipe=recipe, **{"cap": "1", **fields})
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, total=count)
    pieces = [Piece(*found.span(), found[0]) for found in re.finditer(r"\S.*?\.", text)]
    rows = [Chunk(run=run, position=n, source=run.sources.get(), **piece._asdict()) for n, piece in enumerate(pieces)]
    for row in rows:
        row.most_prompt_tokens, row.bound_nano = 100, 100 * 800 + recipe.max_tokens * 3200
    Chunk.objects.bulk_create(rows)
    return fresh(run)


def fresh(run: Run) -> Run:
    return Run.objects.select_related("connection", "team", "created_by", "training_file").get(pk=run.pk)


def step(run: Run) -> Run:
    """One look at the run, if the tick would look."""
    CHUNKS.sweep()
    if run.pk in working.due():
        working.work(fresh(run))
    return fresh(run)


def walk(run: Run, *until: str, most: int = 40) -> Run:
    """Step until the run is in one of these states, moving the clock to whenever it is due next."""
    run = fresh(run)
    for _ in range(most):
        if run.state in until:
            return run
        if run.due_at is None or run.due_at <= timezone.now():
            run = step(run)
        else:
            with time_machine.travel(run.due_at + timedelta(seconds=0.01), tick=True):
                run = step(run)
    raise AssertionError(f"still {run.state} ({run.trouble!r}) after {most} steps")


def ordered(run: Run) -> TrainingFile:
    """The file that the run ordered when it ended."""
    assert run.training_file
    return run.training_file


def example_of(file: TrainingFile, chunk: Chunk) -> dict[str, Any]:
    """The example that was made of a chunk."""
    assert chunk.line
    found: dict[str, Any] = orjson.loads(file.path.read_bytes().splitlines()[chunk.line - 1])
    return found


def file_of(run: Run) -> TrainingFile:
    """The run's file, made and checked."""
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        checking.check(ordered(run))
    return TrainingFile.objects.get(pk=ordered(run).pk)


def asked() -> int:
    """How many whole answers the far side has made for keys with faults: the bill."""
    return sum(FaultUse.objects.filter(name="chat").values_list("calls", flat=True))


def faulty(team: Team, *faults: str) -> Connection:
    """The team's connection with a key that meets `faults`; its calls are counted."""
    connection = team.connections.get()
    connection.set_key(f"trainer-fault.{'.'.join(faults)}-{uuid4().hex}")
    connection.save()
    return connection
