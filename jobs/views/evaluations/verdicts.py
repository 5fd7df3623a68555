"""What the latest evaluation says of a model, for the pages of jobs and models."""

from collections.abc import Collection
from typing import Any, NamedTuple

from jobs.models import Candidate, Evaluation, FineTuneJob, PlannedEvaluation
from jobs.run_states import RunState
from jobs.verdict_words import in_order, sentence

MOVING = (RunState.NEW, RunState.PREPARING, RunState.RUNNING)
LATEST = 5  # evaluations of a job that its page names
MOST = 500  # candidates of one page of models


class Seen(NamedTuple):
    evaluation: Evaluation
    sentence: str  # empty where nothing was compared


def of_job(job: FineTuneJob) -> dict[str, Any]:
    """The newest evaluations with the sentence about the job's model, and the one that is to come."""
    rows = list(Evaluation.objects.filter(team=job.team_id, job=job).order_by("-created_at", "-pk")[:LATEST])
    planned = PlannedEvaluation.objects.select_related("question_set").filter(job=job).first()
    is_open = planned is not None and planned.ended_at is None
    return {
        "evaluations": [Seen(row, _about(row, 0)) for row in rows],
        "planned": planned,
        "evaluations_follow": is_open or any(row.state in MOVING or row.score_due_at for row in rows),
    }


def _about(row: Evaluation, tuned: int) -> str:
    """Of this tuned model; 0: of the first."""
    pairs = [pair for pair in in_order(row.verdict) if tuned in (0, pair.get("tuned"))]
    return sentence(pairs[0]) if pairs else ""


def of_candidate(candidate: Candidate) -> str:
    pairs = in_order(candidate.evaluation.verdict)
    return next((sentence(pair) for pair in pairs if pair["a"] == candidate.position), "")


def of_models(tuned: Collection[int]) -> dict[int, Seen]:
    """For each of these tuned models its latest evaluation that compared it with another, in one query."""
    rows = Candidate.objects.filter(tuned_model__in=tuned, evaluation__state=RunState.DONE)
    rows = rows.select_related("evaluation").order_by("-pk")
    found: dict[int, Seen] = {}
    for row in rows[:MOST]:
        seen = Seen(row.evaluation, _about(row.evaluation, row.tuned_model_id or 0))
        if seen.sentence:
            found.setdefault(row.tuned_model_id or 0, seen)
    return found
