"""The model and what it makes of an answer, as one module: what accelerate wraps for several devices."""

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from trainer.engines.transformers.memory import positions_at_once


class Learner(nn.Module):  # type: ignore[misc]  # no torch where types are checked
    """Only positions that count go through the head: of a large vocabulary that is most of the work."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Any, mask: Any, counted: Any) -> tuple[Any, Any]:
        """Log-probability of each counted token, in order, and whether it was the likeliest."""
        causal = causal_of(self.model)
        states = causal.base_model(input_ids=tokens, attention_mask=mask, use_cache=False).last_hidden_state
        targets = counted[:, 1:]
        return log_probabilities(causal, states[:, :-1][targets], tokens[:, 1:][targets])


def causal_of(model: Any) -> Any:
    """The causal language model below an adapter."""
    return model.get_base_model() if hasattr(model, "peft_config") else model


def knows_head(causal: Any) -> bool:
    """Whether what we do after the last layer is what the model itself does there."""
    tokens = torch.arange(4)[None]
    with torch.no_grad():
        own = causal(input_ids=tokens).logits[0, :-1].float().log_softmax(1).gather(1, tokens[0, 1:, None])[:, 0]
        states = causal.base_model(input_ids=tokens).last_hidden_state[0, :-1]
        return bool(torch.allclose(log_probabilities(causal, states, tokens[0, 1:])[0], own, atol=0.05))


def log_probabilities(causal: Any, states: Any, targets: Any) -> tuple[Any, Any]:
    head = causal.get_output_embeddings()
    cap = getattr(causal.config.get_text_config(), "final_logit_softcapping", None)
    if not head.weight.requires_grad:
        found, hits = FrozenHead.apply(states, head.weight, head.bias, targets, cap, torch.is_grad_enabled())
        return found, hits
    size = positions_at_once(len(head.weight))
    one_is_all = len(targets) <= size
    parts = []
    for start in range(0, len(targets), size):
        chunk = (states[start : start + size], head.weight, head.bias, targets[start : start + size], cap)
        parts.append(_chosen(*chunk) if one_is_all else checkpoint(_chosen, *chunk, use_reentrant=False))
    return torch.cat([found for found, _hits in parts]), torch.cat([hits for _found, hits in parts])


def _logits(states: Any, weight: Any, bias: Any, cap: float | None) -> Any:
    logits = nn.functional.linear(states, weight, bias).float()
    return cap * torch.tanh(logits / cap) if cap else logits


def _chosen(states: Any, weight: Any, bias: Any, targets: Any, cap: float | None) -> tuple[Any, Any]:
    logits = _logits(states, weight, bias, cap)
    picked = logits.gather(1, targets[:, None]).squeeze(1)
    return picked - logits.logsumexp(1), logits.argmax(1) == targets


class FrozenHead(torch.autograd.Function):  # type: ignore[misc]  # as above
    """A head that does not learn: its slope at each position is known on the way forward, so no logits are kept."""

    @staticmethod
    def forward(
        ctx: Any, states: Any, weight: Any, bias: Any, targets: Any, cap: float | None, learning: bool
    ) -> tuple[Any, Any]:
        found = torch.empty(len(targets), dtype=torch.float32, device=states.device)
        hits = torch.empty(len(targets), dtype=torch.bool, device=states.device)
        slopes = torch.empty_like(states) if learning else None
        size = positions_at_once(len(weight))
        for start in range(0, len(targets), size):
            part = slice(start, start + size)
            logits = _logits(states[part], weight, bias, cap)
            wanted = targets[part, None]
            picked = logits.gather(1, wanted).squeeze(1)
            total = logits.logsumexp(1)
            found[part], hits[part] = picked - total, logits.argmax(1) == targets[part]
            if slopes is not None:
                bend = 1 - (logits / cap) ** 2 if cap else None
                slope = logits.sub_(total[:, None]).exp_().neg_()
                slope.scatter_add_(1, wanted, torch.ones_like(slope[:, :1]))
                slopes[part] = (slope if bend is None else slope * bend).to(weight.dtype) @ weight
        ctx.save_for_backward(slopes)
        ctx.mark_non_differentiable(hits)
        return found, hits

    @staticmethod
    def backward(ctx: Any, grown: Any, _hits: Any) -> tuple[Any, ...]:
        (slopes,) = ctx.saved_tensors
        return (grown[:, None].to(slopes.dtype) * slopes, None, None, None, None, None)
