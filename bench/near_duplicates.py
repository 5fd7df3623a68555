"""Findings of 100,000 Korean examples (135 MB), near duplicates among them: time and memory of the look's own process.

Every twentieth example is a near copy of the one before, every fiftieth an exact one.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import orjson
import psutil

from bench.figures import Figure
from bench.machine import ROOT

EXAMPLES = int(os.environ.get("BENCH_EXAMPLES", "100000"))
SECONDS, MEGABYTES = 60, 500
WORDS = 6_000
MODULE = "jobs.training_data.looking"


def figures() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="bench-twins.") as folder:
        path = Path(folder) / "twins.jsonl"
        copies = write(path, EXAMPLES)
        began = time.monotonic()
        found, peak = _look(path)
        seconds = time.monotonic() - began
    near = next((one["params"]["extra"] for one in found if one["code"] == "near_duplicates"), 0)
    what = f"findings of {EXAMPLES:,} examples, near duplicates among them"
    yield Figure(what, seconds, "s", SECONDS, note=f"{near:,} of {copies:,} near copies found")
    yield Figure(f"{what}: RSS", peak / 1024 / 1024, "MB", MEGABYTES, note="the look's process, tokenizer included")


def _look(path: Path) -> tuple[list[dict[str, Any]], int]:
    """What it finds, and the most memory it took."""
    peak, last = 0, b""
    with psutil.Popen([sys.executable, "-m", MODULE, str(path), "personal"], cwd=ROOT, stdout=-1) as process:
        for line in process.stdout:
            last, peak = line, max(peak, process.memory_info().rss)
    return msgspec.json.decode(last)["looked"]["findings"], peak


def write(path: Path, examples: int) -> int:
    """Returns how many of them are near copies. Seeded: the same file every time."""
    chance, copies = random.Random(42), 0
    syllables = [chr(0xAC00 + chance.randrange(11_172)) for _ in range(900)]
    words = ["".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(WORDS)]
    prompt, answer = "", ""
    with path.open("wb") as out:
        for number in range(examples):
            if number % 20 == 19:
                copies += 1
                answer = answer.replace(answer.split()[50], "바꾼말", 1)
            elif number % 50 != 49:
                prompt, answer = (" ".join(chance.choices(words, k=count)) for count in (10, 130))
            out.write(_example(prompt, answer))
    return copies


def _example(prompt: str, answer: str) -> bytes:
    asked = {"role": "user", "content": prompt}
    return orjson.dumps({"messages": [asked, {"role": "assistant", "content": answer}]}) + b"\n"
