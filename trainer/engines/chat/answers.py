"""A question to a real model, and what answers it: the process of ours, or vLLM where TRAINER_SERVE names one."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from trainer.engines.chat import lines, vllm

type Json = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """`model` is the full name; `weights` None for a base itself; `wanted` what to answer to, and how."""

    model: str
    base: str
    folder: Path
    weights: Path | None
    wanted: Json


def answer(question: Question) -> AsyncGenerator[Json]:
    """Lines as of lines.lines. WireError where no answer comes."""
    if settings.TRAINER_SERVE.startswith(vllm.SCHEME):
        return vllm.lines(question.base, question.model, question.weights, question.wanted)
    paths = {"base": str(question.folder.resolve()), "weights": None}
    if question.weights:
        paths["weights"] = str(question.weights.resolve())
    return lines.lines({**question.wanted, **paths})
