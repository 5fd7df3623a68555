"""Recipe runs in the states that their page can show."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jobs.models import Chunk, Connection, Run, SavedRecipe, Source, Team, User
from jobs.models.paid import NANO
from jobs.pipeline import checking
from jobs.pipeline.calls import record
from jobs.pipeline.runs import working
from jobs.run_states import ChunkState, RunState
from jobs.training_data.recipes.recipe import Recipe

PIECE = "첫눈은 늘 예고 없이 온다. 아침 창문을 열자 마당의 장독대가 하얗게 부풀어 있었다."
CHUNKS: tuple[tuple[ChunkState, dict[str, Any]], ...] = (
    (ChunkState.DONE, {"answer": "(시뮬레이션 요약) 첫눈은 늘 예고 없이 온다."}),
    (ChunkState.DONE, {"answer": PIECE, "flags": ["copy"], "odd": True}),
    (ChunkState.FAILED, {"trouble": "The server had an error while processing your request.", "odd": True, "tries": 1}),
    (ChunkState.UNSURE, {"trouble": "The service did not answer in time.", "odd": True, "tries": 1}),
    (ChunkState.WAITING, {}),
)


def runs(team: Team, owner: User) -> dict[str, str]:
    source = Source.objects.get(team=team, name="겨울 노트.txt")
    free = _made(team, owner, source)
    paid = Run.objects.create(
        team=team,
        created_by=owner,
        name="요약에서 글로",
        recipe=Recipe(kind="summary").as_json(),
        connection=Connection.objects.filter(team=team, profile="trainer").first(),
        model="sim-large-2026-06-01",
        estimate={"usd": "0.06", "practice": True},
        cap_nano=int(Decimal("0.06") * NANO),
        spent_nano=int(Decimal("0.012") * NANO),
        held_nano=int(Decimal("0.001") * NANO),
        prompt_tokens=1_240,
        completion_tokens=310,
        total=5,
        done=2,
        failed=1,
        unsure=1,
        flagged=1,
    )
    paid.sources.add(source)
    for position, (state, told) in enumerate(CHUNKS):
        at = position * 100
        Chunk.objects.create(
            run=paid, position=position, source=source, start=at, end=at + 60, state=state, text=PIECE, **told
        )
    Run.objects.filter(pk=paid.pk).update(state=RunState.PAUSED, due_at=None, started_at=timezone.now())
    SavedRecipe.objects.create(team=team, created_by=owner, name="겨울 글", recipe=Recipe().as_json())
    return {
        f"run {name}": reverse("run-detail", args=[team.slug, run.uuid])
        for name, run in (("done", free), ("paused", paid))
    }


def _made(team: Team, owner: User, source: Source) -> Run:
    """A free run, with all that a worker makes of it."""
    ordered = Run(team=team, created_by=owner, name="낱말로 쓰기", recipe=Recipe().as_json())
    run = record.place(ordered, lambda row: row.sources.set([source]))
    working.work(run)
    run.refresh_from_db()
    assert run.training_file is not None
    checking.check(run.training_file)
    return run
