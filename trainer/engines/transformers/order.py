"""What is to be trained (order.json), on which base (base.json), and what `auto` comes to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.engines.transformers.outcomes import Refused

AUTO = "auto"
FULL_RATE, LORA_RATE = 1e-3, 2e-4
LORA_R, LORA_ALPHA, BETA = 16, 32, 0.1
FULL_EXAMPLES, MOST_PASSES = 2500, 35  # full weights from scratch: as many learn 72 essays by heart (loss 0.06)
FEW = 100  # examples
LARGEST_RATE = 1e36  # ten times that is still a number of 32 bits


@dataclass(frozen=True)
class Base:
    """A base's folder and the parts of base.json that training needs."""

    folder: Path
    name: str
    context: int
    full: bool
    auto: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Base":
        try:
            facts = json.loads((folder / "base.json").read_text(encoding="utf-8"))
            auto = facts.get("auto") or {}
            return cls(folder, str(facts["name"]), int(facts["context"]), facts["kind"] == "full", auto)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused("invalid_base", f"The base {folder.name} cannot be read: {error}.", "model") from error

    @property
    def from_scratch(self) -> bool:
        """`tiny` has no weights of its own: each run makes them."""
        return self.full and not any(self.folder.glob("*.safetensors"))


@dataclass(frozen=True)
class Order:
    folder: Path
    base: Base
    start: Path | None
    method: str
    training: Path
    validation: Path | None
    seed: int
    early_stopping: bool
    max_seconds: float | None
    memory_bytes: int | None
    settings: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Order":
        given = json.loads((folder / "order.json").read_text(encoding="utf-8"))
        return cls(
            folder,
            Base.read(Path(given["base"])),
            Path(given["start"]) if given.get("start") else None,
            given["method"],
            Path(given["training"]),
            Path(given["validation"]) if given.get("validation") else None,
            int(given.get("seed") or 0),
            bool(given.get("early_stopping")),
            given.get("max_seconds"),
            given.get("memory_bytes"),
            given,
        )

    @property
    def dpo(self) -> bool:
        return self.method == "dpo"


@dataclass(frozen=True)
class Hyperparameters:
    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    learning_rate: float
    beta: float | None
    lora_r: int | None
    lora_alpha: int | None

    def public(self) -> dict[str, Any]:
        """As `validated` reports them: what does not apply is left out, and so is our own absolute rate."""
        return {name: value for name, value in vars(self).items() if value is not None and name != "learning_rate"}


def resolve(order: Order, examples: int) -> Hyperparameters:
    """Numbers for every `auto`: the base's own where it has some, else by rule."""
    rules = _rules(order.base.full, examples) | order.base.auto

    given = order.settings | (_adapter(order.start) if order.start and not order.base.full else {})

    def value(name: str) -> Any:
        return rules[name] if given.get(name) in (AUTO, None) else given[name]

    multiplier = float(value("learning_rate_multiplier"))
    return Hyperparameters(
        n_epochs=int(value("n_epochs")),
        batch_size=min(int(value("batch_size")), examples),
        learning_rate_multiplier=multiplier,
        learning_rate=min(float(rules["learning_rate"]) * multiplier, LARGEST_RATE),
        beta=float(value("beta")) if order.dpo else None,
        lora_r=None if order.base.full else int(value("lora_r")),
        lora_alpha=None if order.base.full else int(value("lora_alpha")),
    )


def _adapter(folder: Path) -> dict[str, Any]:
    """The size of an adapter that is trained on stays what it is."""
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return {"lora_r": config["r"], "lora_alpha": config["lora_alpha"]}


def _rules(full: bool, examples: int) -> dict[str, Any]:
    return {
        "n_epochs": max(1, min(MOST_PASSES, FULL_EXAMPLES // examples)) if full else 3 if examples < FEW else 2,
        "batch_size": 8 if full else 4,
        "learning_rate": FULL_RATE if full else LORA_RATE,
        "learning_rate_multiplier": 1.0,
        "beta": BETA,
        "lora_r": LORA_R,
        "lora_alpha": LORA_ALPHA,
    }
