"""What bench/data.py measures, each run in a process of its own: `python -m bench.data_runs NAME PATH`.

It prints one JSON object: seconds, MB that it held before and at most (VmHWM), and what it found.
"""

import base64
import gzip
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
import tiktoken

from bench import machine
from jobs.training_data import apart, checking, estimating

ROLES = {"system", "user", "assistant"}
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def encoding() -> tiktoken.Encoding:
    """tiktoken's o200k_base, from the ranks that bpe-openai brings: its own loader would download them."""
    packed = (files("bpe_openai") / "data" / "o200k_base.tiktoken.gz").read_bytes()
    rows = (row.split() for row in gzip.decompress(packed).splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in rows}
    return tiktoken.Encoding("o200k_base", pat_str=O200K, mergeable_ranks=ranks, special_tokens={})


def reference(path: Path) -> Callable[[], dict[str, Any]]:
    """The usual way: load all with json, look at roles and texts, count with tiktoken."""
    encode = encoding().encode

    def run() -> dict[str, Any]:
        with path.open(encoding="utf-8") as source:
            examples = [json.loads(line) for line in source]
        tokens = 0
        for example in examples:
            tokens += 3
            for message in example["messages"]:
                if message["role"] not in ROLES or not isinstance(message["content"], str):
                    raise ValueError(message)
                tokens += 3 + sum(len(encode(value, disallowed_special=())) for value in message.values())
        return {"examples": len(examples), "tokens": tokens}

    return run


def structure(path: Path) -> Callable[[], dict[str, Any]]:
    return lambda: {"faults": sum(1 for _fault in checking.iter_faults(path))}


def check(path: Path) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        report = checking.check(path)
        return {"examples": report.examples, "tokens": report.tokens, "faults": report.fault_count}

    return run


class _EnoughError(Exception):
    """The estimate is there."""


def first(path: Path) -> Callable[[], dict[str, Any]]:
    """As the worker gets it: from the order of the check to its estimate, the start of the process in it."""

    def stop(_about: estimating.Estimate) -> None:
        raise _EnoughError

    def run() -> dict[str, Any]:
        try:
            apart.check_apart(path, lambda _done: None, stop)
        except _EnoughError:
            return {}
        raise RuntimeError("no estimate came")

    return run


def trials(path: Path) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        told = [estimating.estimate(path, seed) for seed in range(100)]
        rows = [(about.examples, about.tokens) for about in told if about]
        return {
            "examples": [[row[0].low, row[0].high] for row in rows],
            "tokens": [[row[1].low, row[1].high] for row in rows],
        }

    return run


RUNS = {run.__name__: run for run in (reference, structure, check, first, trials)}


def main(name: str, path: Path) -> None:
    run = RUNS[name](path)
    process = psutil.Process()
    before, used, began = machine.resident(process), time.process_time(), time.perf_counter()
    found = run()
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "before": before, "peak": peak, "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
