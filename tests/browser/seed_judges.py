"""A judge that is done, one that its cap stopped, and the form that orders one."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from jobs.models import Connection, Evaluation, Judging, Judgment, Side, Team
from jobs.pipeline.judging import ordering
from jobs.run_states import ChunkState, RunState

MODEL = "gpt-4.1-mini-2025-04-14"


def judges(team: Team, connection: Connection) -> dict[str, str]:
    """Needs the evaluations of `seed_evaluations`."""
    evaluation = Evaluation.objects.filter(team=team, state=RunState.DONE, name__endswith="done").earliest("pk")
    places = {"judge form": reverse("judging-new", args=[team.slug, evaluation.uuid])}
    for state, replies in ((RunState.DONE, 14), (RunState.CAPPED, 5)):
        row = _judging(evaluation, connection, f"{MODEL}-{state.value}", state, replies)
        places[f"judge {state.value}"] = reverse("judging-detail", args=[team.slug, evaluation.uuid, row.uuid])
    return places


def _judging(evaluation: Evaluation, connection: Connection, model: str, state: RunState, replies: int) -> Judging:
    row = Judging(evaluation=evaluation, connection=connection, model=model, cap_nano=30_000_000)
    row.estimate, row.created_by = {"usd": "0.03"}, evaluation.created_by
    ordering.place(row)
    first, second = (list(one.answers.order_by("position")) for one in evaluation.candidates.order_by("position"))
    pairs = [(a, b, in_reverse) for a, b in zip(first, second, strict=True) for in_reverse in (False, True)]
    for place, (a, b, in_reverse) in enumerate(pairs):
        about = {"judging": row, "a": a, "b": b, "position": place, "in_reverse": in_reverse}
        if place < replies:
            vote = Side.SECOND if in_reverse else Side.FIRST
            about |= {"state": ChunkState.DONE, "vote": vote, "answer": "B" if in_reverse else "A", "tries": 1}
            about |= {"answered_at": timezone.now() + timedelta(seconds=1), "prompt_tokens": 300, "seconds": 0.8}
        Judgment.objects.create(**about)
    done = min(replies, len(pairs))
    Judging.objects.filter(pk=row.pk).update(
        state=state, due_at=None, total=len(pairs), done=done, spent_nano=4_000_000, finished_at=timezone.now()
    )
    return row
