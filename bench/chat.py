"""From a question to the first token of a real model's answer, as a client of the API sees it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import machine
from bench.figures import Figure, median
from bench.portal import Portal, wait_for

PYTHON = os.environ.get("TRAINER_PYTHON") or str(machine.ROOT / ".venv-trainer" / "bin" / "python")
FIRST_TOKEN = 1.0  # seconds, with the model in memory
TOKENS, TIMES = 40, 5
QUESTION = "Snow in a narrow street."  # here a token a letter: as many as a sentence or two have elsewhere
SHAPES = {"tiny-shape": "tiny (3.5 M)", "smollm2-shape": "SmolLM2's shape (135 M)"}
ROWS = (
    "from trainer.keys import issue; from trainer.models import Worker; "
    "Worker.objects.create(name='bench', device='cpu'); print(issue('bench', 'bench'))"
)
WEB = ("uvicorn", "ftsite.asgi:application", "--host", "127.0.0.1", "--lifespan", "off", "--log-level", "warning")


def figures() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="bench-chat.") as name:
        folder = Path(name)
        line = [PYTHON, "-m", "bench.chat_models", str(folder / "var" / "trainer")]
        subprocess.run(line, cwd=machine.ROOT, check=True, capture_output=True)
        with Portal(folder) as site:
            site.prepare()
            key = _key(site)
            site.start("web", *WEB, "--port", str(site.port))
            wait_for(site.answers, 60)
            for model, what in SHAPES.items():
                yield from _of_one(site, key, model, what)


def _key(site: Portal) -> str:
    """An issued one: it reaches real bases."""
    line = [sys.executable, "manage.py", "shell", "--no-imports", "-c", ROWS]
    done = subprocess.run(line, cwd=site.root, env=site.environment, check=True, capture_output=True, text=True)
    return done.stdout.split()[-1]


def _of_one(site: Portal, key: str, model: str, what: str) -> Iterator[Figure]:
    cold, _speed = _asked(site, key, model)
    warm = [_asked(site, key, model) for _ in range(TIMES)]
    yield Figure(f"{what}: first question, process and model to be loaded", cold, "s")
    yield Figure(
        f"{what}: first token, model in memory (median of {TIMES})", median([one[0] for one in warm]), "s", FIRST_TOKEN
    )
    yield Figure(f"{what}: the slowest of these", max(one[0] for one in warm), "s", FIRST_TOKEN)
    yield Figure(f"{what}: tokens a second after that", median([one[1] for one in warm]), "tokens/s")


def _asked(site: Portal, key: str, model: str) -> tuple[float, float]:
    """(seconds to the first text, tokens a second from there)."""
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "stream": True, "max_tokens": TOKENS}
    headers = {"authorization": f"Bearer {key}"}
    began, first, pieces = time.monotonic(), 0.0, 0
    with site.http.stream("POST", "/trainer/v1/chat/completions", json=body, headers=headers) as answer:
        for line in answer.iter_lines():
            if '"content": "' in line and '"content": ""' not in line:
                first, pieces = first or time.monotonic(), pieces + 1
    if not first:
        raise RuntimeError(f"{model} answers nothing: {answer.status_code}")
    return first - began, (pieces - 1) / (time.monotonic() - first)
