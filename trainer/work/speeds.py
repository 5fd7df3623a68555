"""How fast a base trains on this worker, measured: what the estimate before an order goes by."""

from trainer.models import Job, Step, Worker

LATEST = 50  # steps
LEAST_SECONDS = 0.001


def measure(job: Job) -> float | None:
    """Tokens a second over the job's latest steps; None where it has made none."""
    found = Step.objects.filter(job=job).order_by("-step").values_list("data", flat=True)[:LATEST]
    steps = [(float(data.get("tokens", 0)), float(data.get("seconds", 0.0))) for data in found]
    tokens, seconds = (sum(column) for column in zip(*steps, strict=True)) if steps else (0.0, 0.0)
    return tokens / max(LEAST_SECONDS, seconds) if tokens else None


def keep(owner: str, job: Job) -> None:
    """Write it into the worker's row."""
    speed, worker = measure(job), Worker.objects.filter(name=owner).first()
    if worker and speed:
        worker.speeds = worker.speeds | {job.base: round(speed, 1)}
        worker.save(update_fields=["speeds"])
