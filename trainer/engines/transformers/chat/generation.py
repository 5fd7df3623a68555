"""One token after another. Whoever takes no next one stops it."""

import inspect
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from trainer.engines.transformers.chat.orders import Order
from trainer.engines.transformers.chat.pieces import Pieces
from trainer.engines.transformers.chat.refusals import RefusalError

READ_AT_ONCE = 256  # tokens of the prompt
GREEDY = 1e-4  # temperatures below are zero
UNASKED = 2048  # tokens of an answer to which no limit was set: others wait


@dataclass
class Answer:
    """What has come so far. `end` is empty until it has ended."""

    tokens: int = 0
    end: str = ""


def answer(
    model: Any, prompt: list[int], order: Order, pieces: Pieces, ends: set[int], context: int, answer: Answer
) -> Iterator[str]:
    """A text (often empty) per step; between two of them the caller may stop."""
    room = min(order.max_tokens or UNASKED, context - len(prompt))
    for token in _tokens(model, prompt, order):
        if token is None:
            yield ""
            continue
        answer.tokens += 1
        if token in ends:
            answer.end = "stop"
            break
        yield pieces.add(token)
        if pieces.stopped or answer.tokens >= room:
            answer.end = "stop" if pieces.stopped else "length"
            break
    yield pieces.rest()


@torch.inference_mode()  # type: ignore[untyped-decorator]
def _tokens(model: Any, prompt: list[int], order: Order) -> Iterator[int | None]:
    """None while the prompt is being read, then tokens without end."""
    device, last = next(model.parameters()).device, _last_only(model)
    chance = torch.Generator().manual_seed(secrets.randbits(63) if order.seed is None else order.seed)
    cache, step = None, torch.tensor([prompt])
    while True:
        for part in step.split(READ_AT_ONCE, dim=1):
            yield None
            out = model(input_ids=part.to(device), cache=cache, use_cache=True, **last)
            cache = out.cache
        token = _chosen(out.logits[0, -1].float().cpu(), order, chance)
        yield token
        step = torch.tensor([[token]])


def _last_only(model: Any) -> dict[str, int]:
    """Ask for the last position's logits only: those of a whole prompt may take gigabytes."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(inner.forward).parameters else {}


def _chosen(logits: Any, order: Order, chance: Any) -> int:
    if not torch.isfinite(logits.max()):
        raise RefusalError("invalid_model", "The model computes no numbers any more: its weights are damaged.")
    if order.temperature < GREEDY:
        return int(logits.argmax())
    shares = torch.softmax(logits / order.temperature, dim=-1)
    if order.top_p >= 1:
        return int(torch.multinomial(shares, 1, generator=chance))
    likely, places = shares.sort(descending=True, stable=True)
    likely[likely.cumsum(0) - likely >= order.top_p] = 0
    likely[0] = max(float(likely[0]), 1e-9)  # top_p 0: the likeliest alone
    return int(places[torch.multinomial(likely, 1, generator=chance)])
