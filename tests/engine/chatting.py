"""A trainer's folder with small models in it, and questions to their process."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings

from trainer.engines.chat.lines import lines

type Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
BASE, PLAIN, TINY = "bases/llama-small", "bases/plain-small", "bases/tiny"
FIRST, SECOND, OTHER, WHOLE = (
    f"runs/{name}"
    for name in ("r1/checkpoints/step-3", "r1/checkpoints/step-6", "r2/checkpoints/step-6", "whole/checkpoints/step-9")
)


def make_models(folder: Path) -> Path:
    line = [settings.TRAINER_PYTHON, "-m", "tests.engine.make_models", str(folder)]
    subprocess.run(line, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    return folder


def question(root: Path, base: str = BASE, weights: str | None = None, content: str = "안녕", **more: Any) -> Json:
    """A short greedy chat, unless `more` says otherwise."""
    return {
        "do": "chat",
        "base": str(root / base),
        "weights": weights and str(root / weights),
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        "max_tokens": 12,
        **more,
    }


def collect(body: Json) -> list[Json]:
    """All lines of its answer."""

    async def all_lines() -> list[Json]:
        return [line async for line in lines(body)]

    return asyncio.run(all_lines())


def text_of(found: list[Json]) -> str:
    return "".join(line.get("text", "") for line in found)
