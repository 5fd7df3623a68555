"""What a resumed job goes on from: trained weights, the optimizer's memory and the counters, in one file, so whole."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from trainer.engines.transformers import files

MOMENTS = ("exp_avg", "exp_avg_sq")
PATH = "state/state.safetensors"


@dataclass
class Progress:
    """`unreported` holds the figures of a step that is done but for its validation, its checkpoint and its line."""

    step: int = 0
    seconds: float = 0.0
    trained_tokens: int = 0
    first_loss: float | None = None
    loud_steps: int = 0
    kept: list[int] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)  # full validation loss by the step of a checkpoint
    unreported: dict[str, Any] | None = None

    @property
    def best(self) -> int | None:
        """The checkpoint of the lowest validation loss; the earlier of two equal ones."""
        ranked = sorted((loss, int(step)) for step, loss in self.losses.items())
        return ranked[0][1] if ranked else None


def save(run: Path, progress: Progress, parameters: dict[str, Any], optimizer: Any) -> None:
    tensors = {f"weights/{name}": value.detach().cpu().contiguous() for name, value in parameters.items()}
    for name, value in parameters.items():
        kept = optimizer.state.get(value, {})
        tensors |= {f"{moment}/{name}": kept[moment].cpu().contiguous() for moment in MOMENTS if moment in kept}
    path = run / PATH
    path.parent.mkdir(exist_ok=True)
    files.write_tensors(path, tensors, {"progress": json.dumps(asdict(progress))})


def step_of(run: Path) -> int:
    """How far the saved state is."""
    if not (run / PATH).exists():
        return 0
    with safe_open(run / PATH, framework="pt") as kept:
        return int(json.loads(kept.metadata()["progress"])["step"])


def load(run: Path, parameters: dict[str, Any], optimizer: Any) -> Progress:
    """Where there is no state yet: the beginning."""
    path = run / PATH
    if not path.exists():
        return Progress()
    with safe_open(path, framework="pt") as kept, torch.no_grad():
        progress = Progress(**json.loads(kept.metadata()["progress"]))
        names = set(kept.keys())
        for name, value in parameters.items():
            value.copy_(kept.get_tensor(f"weights/{name}"))
            if f"{MOMENTS[0]}/{name}" in names:
                moments = {moment: kept.get_tensor(f"{moment}/{name}").to(value.device) for moment in MOMENTS}
                optimizer.state[value] = {"step": torch.tensor(float(progress.step)), **moments}
    return progress
