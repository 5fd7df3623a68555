"""What an order for real training must fulfil."""

from typing import Any

from trainer.bases import Base
from trainer.orders import LORA, OURS, Order, unknown_parameter
from wire.errors import invalid

type Json = dict[str, Any]


def admit(order: Order, base: Base) -> None:
    """Raise the 400 of an order that this base can never train."""
    if not base.is_real:
        _refuse(order.asked, OURS)
    elif base.about.get("kind") == "full":
        _refuse(order.asked, tuple(LORA))
        if order.method == "dpo" and not order.model.startswith("ft:"):
            message = f"{base.uid} has no weights before it is trained: train it with 'supervised' first, then "
            raise invalid(f"{message}order 'dpo' on the model that comes of it.", "model", "model_not_available")


def _refuse(asked: Json, names: tuple[str, ...]) -> None:
    for name in names:
        if name in asked:
            raise unknown_parameter(f"method.supervised.hyperparameters.{name}")
