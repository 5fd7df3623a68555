"""Training data: what a check of 50 MB of Korean chats takes, beside json and tiktoken in the same run.

To measure more, write a function that takes the Desk and gives figures, and put it into ROWS.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench import machine
from bench.figures import Figure, median

SIZE = int(os.environ.get("BENCH_DATA_MB", "50")) * 1_000_000
LARGE = int(os.environ.get("BENCH_DATA_LARGE_MB", "2000")) * 1_000_000
SMALL = 5_000_000
SAMPLE = machine.ROOT / "samples" / "winter-essay-chat.jsonl"
LOOK_SECONDS = 0.01
TRIES = 5


@dataclass
class Run:
    """What bench.data_runs said, and the most MB that it and its processes held together."""

    seconds: float
    cpu: float
    before: float
    peak: float
    found: dict[str, Any]
    together: float

    def speed(self, size: int) -> float:
        return size / 1_000_000 / self.seconds


def run(name: str, path: Path) -> Run:
    line = [sys.executable, "-m", "bench.data_runs", name, str(path)]
    with psutil.Popen(line, cwd=machine.ROOT, stdout=subprocess.PIPE) as process:
        together = 0.0
        while process.poll() is None:
            together = max(together, _held(process))
            time.sleep(LOOK_SECONDS)
        told = json.loads(process.stdout.read())
    return Run(**told, together=together)


def _held(process: psutil.Process) -> float:
    held = 0.0
    try:
        for one in machine.family(process):
            held += machine.resident(one)
    except psutil.NoSuchProcess:
        pass
    return held


class Desk:
    """The files that are measured, and the runs that several figures need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def path(self) -> Path:
        path = self.folder / "chat.jsonl"
        write_chat(path, SIZE)
        return path

    @cached_property
    def size(self) -> int:
        return self.path.stat().st_size

    @cached_property
    def small(self) -> Path:
        path = self.folder / "small.jsonl"
        write_chat(path, SMALL)
        return path

    @cached_property
    def large(self) -> Path:
        path = self.folder / "large.jsonl"
        with path.open("wb") as target:
            while target.tell() < LARGE:
                with self.path.open("rb") as source:
                    shutil.copyfileobj(source, target)
        return path

    @cached_property
    def reference(self) -> Run:
        return run("reference", self.path)

    @cached_property
    def check(self) -> Run:
        return run("check", self.path)


def write_chat(path: Path, size: int) -> None:
    """Korean chats of about 1.8 KB under one system prompt, their answers put together from the sample's sentences."""
    rows = [json.loads(line)["messages"] for line in SAMPLE.read_text().splitlines()]
    sentences = [part.strip() for row in rows for part in row[2]["content"].split(".") if part.strip()]
    chance, left = random.Random(50), size
    with path.open("wb") as target:
        while left > 0:
            asked = ", ".join(row[1]["content"] for row in chance.sample(rows, 2))
            answer = ". ".join(chance.choices(sentences, k=chance.randint(2, 26)))
            messages = [rows[0][0], {"role": "user", "content": asked}, {"role": "assistant", "content": f"{answer}."}]
            left -= target.write(json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n")


def whole_check(desk: Desk) -> Iterator[Figure]:
    usual, ours, size = desk.reference, desk.check, desk.size
    what = f"{size / 1_000_000:.0f} MB, {ours.found['examples']:,} examples"
    yield Figure(f"json + check + tiktoken: {what}", usual.speed(size), "MB/s", note=f"{usual.seconds:.2f} s")
    yield Figure("json + check + tiktoken: memory", usual.peak, "MB")
    yield Figure(
        f"check + exact tokens: {what}", ours.speed(size), "MB/s", 18, at_least=True, note=f"{ours.seconds:.2f} s"
    )
    yield Figure("… times as fast as the usual way", usual.seconds / ours.seconds, "×", 3, at_least=True)
    apart = abs(usual.found["tokens"] - ours.found["tokens"])
    yield Figure("… tokens that the totals differ by", apart, "", 0, inclusive=True, note=f"{ours.found['tokens']:,}")
    yield Figure("… memory of all its processes (RSS)", ours.together, "MB", 250)


def structure(desk: Desk) -> Iterator[Figure]:
    runs = [run("structure", desk.path) for _ in range(TRIES)]  # a third of a second each: others on the machine show
    ours = min(runs, key=lambda each: each.seconds)
    slower = median([each.speed(desk.size) for each in runs])
    note = f"best of {TRIES}, median {slower:.0f} MB/s, {ours.cpu / ours.seconds:.2f} cores"
    yield Figure("structure alone", ours.speed(desk.size), "MB/s", 150, at_least=True, note=note)
    for path in (desk.small, desk.large):
        measured = run("structure", path)
        size = path.stat().st_size
        what = f"structure of {size / 1_000_000:,.0f} MB: memory above idle"
        note = f"{measured.speed(size):.0f} MB/s, {measured.before:.0f} MB idle"
        yield Figure(what, measured.peak - measured.before, "MB", 64, note=note)


def first_estimate(desk: Desk) -> Iterator[Figure]:
    for path in (desk.path, desk.large):
        size = path.stat().st_size / 1_000_000
        yield Figure(f"first estimate of {size:,.0f} MB, its process started", run("first", path).seconds, "s", 2)
    exact, trials = desk.check.found, run("trials", desk.path)
    note = f"{trials.seconds / 100 * 1000:.0f} ms each"
    for what in ("examples", "tokens"):
        holds = sum(low <= exact[what] <= high for low, high in trials.found[what])
        yield Figure(f"interval of {what} holds, of 100 seeded trials", holds, "", 93, at_least=True, note=note)


ROWS: list[Callable[[Desk], Iterator[Figure]]] = [whole_check, structure, first_estimate]


def figures() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="bench-data.") as folder:
        desk = Desk(Path(folder))
        for rows in ROWS:
            yield from rows(desk)
