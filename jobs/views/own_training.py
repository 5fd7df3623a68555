"""What the page of a job on our own trainer says beside what every job's page says. The trainer's events carry it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.engines import Engine
from jobs.models import Checkpoint, FineTuneJob
from jobs.states import State

KEYS = ("place", "lines", "peak_memory_bytes")  # of the events' data; each is looked for in the newest that has it
MOST_LINES = 20


@dataclass(frozen=True)
class OwnTraining:
    """`best_step`: of the checkpoint with the lowest validation loss; None where there is none, or no such loss."""

    place: int | None = None  # in the queue; None once it trains
    is_paused: bool = False
    lacks_worker: bool = False  # it waits, and nothing runs that could train it
    cut_lines: list[int] = field(default_factory=list)
    cut_count: int = 0
    peak_memory: int | None = None  # bytes
    best_step: int | None = None
    deleted: frozenset[str] = frozenset()  # names of its models whose weights are gone, or are just going
    model_step: int | None = None  # that the finished model is of, where it is not the last


def own_training(job: FineTuneJob, checkpoints: Iterable[Checkpoint]) -> OwnTraining | None:
    """None for a job that our own machine does not train."""
    if job.engine != Engine.TRANSFORMERS:
        return None
    rows = job.events.filter(data__has_any_keys=KEYS).order_by("created_at", "pk")
    found: dict[str, Any] = {}
    for data in rows.values_list("data", flat=True):
        found |= data if isinstance(data, dict) else {}
    best = _whole(found, "best_step") or _lowest(checkpoints)
    model_step = _whole(found, "step")
    return OwnTraining(
        place=_whole(found, "place") if job.remote_status == "queued" else None,
        is_paused=job.state == State.RUNNING and job.remote_status == "paused",
        lacks_worker=job.remote_status == "queued" and job.remote.get("has_worker") is False,
        cut_lines=[line for line in _list(found, "lines") if isinstance(line, int)][:MOST_LINES],
        cut_count=_whole(found, "count") or 0,
        peak_memory=_whole(found, "peak_memory_bytes"),
        best_step=best,
        deleted=frozenset(job.tuned_models.gone().values_list("name", flat=True)) if job.is_final else frozenset(),
        model_step=model_step if model_step != job.total_steps else None,
    )


def _lowest(checkpoints: Iterable[Checkpoint]) -> int | None:
    """The step of the lowest loss on the whole validation file."""
    measured = [(loss, point.step) for point in checkpoints if (loss := _loss(point.metrics)) is not None]
    return min(measured)[1] if measured else None


def _loss(metrics: Mapping[str, Any]) -> float | None:
    loss = metrics.get("full_valid_loss")
    return float(loss) if isinstance(loss, int | float) and not isinstance(loss, bool) else None


def _whole(found: Mapping[str, Any], name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    return value if isinstance(value, list) else []
