"""One question as the API sends it, checked: paths lead into the trainer's folder, numbers are numbers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.engines.transformers.chat.refusals import RefusalError

BUILT_IN = Path(__file__).resolve().parents[1] / "built_in"
MOST_STOPS = 4


@dataclass(frozen=True)
class Order:
    """`messages` of a chat or the `prompt` of a completion; `weights` is None for the base itself."""

    base: Path
    weights: Path | None
    messages: list[dict[str, str]] | None
    prompt: str
    temperature: float
    top_p: float
    max_tokens: int | None
    seed: int | None
    stops: list[str]


def read_order(line: bytes, root: Path) -> Order:
    """The order on one line; RefusalError(invalid_request) where it is none."""
    try:
        body = json.loads(line)
        return _order(body, root)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RefusalError("invalid_request", f"No order can be read from the line: {type(error).__name__}.") from None


def _order(body: dict[str, Any], root: Path) -> Order:
    chats = {"chat": True, "complete": False}[body["do"]]
    weights, limit, seed = body.get("weights"), body.get("max_tokens"), body.get("seed")
    return Order(
        base=_inside(body["base"], root),
        weights=None if weights is None else _inside(weights, root),
        messages=[_message(message) for message in body["messages"]] if chats else None,
        prompt="" if chats else str(body["prompt"]),
        temperature=float(body.get("temperature", 1.0)),
        top_p=float(body.get("top_p", 1.0)),
        max_tokens=None if limit is None else int(limit),
        seed=None if seed is None else int(seed) % 2**63,
        stops=[str(stop) for stop in body.get("stop") or [] if stop][:MOST_STOPS],
    )


def _message(message: dict[str, Any]) -> dict[str, str]:
    return {"role": str(message["role"]), "content": str(message["content"])}


def _inside(name: str, root: Path) -> Path:
    """The folder, wherever its links lead, if that is below `root` or comes with the trainer."""
    folder = Path(name).resolve()
    if not folder.is_relative_to(root) and not folder.is_relative_to(BUILT_IN):
        raise RefusalError("invalid_request", "The folder does not belong to the trainer.")
    return folder
