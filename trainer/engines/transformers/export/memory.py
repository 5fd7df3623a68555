"""Whether this machine has the memory that a merge or a GGUF takes: said before, instead of being killed for it.

Measured on two cores: SmolLM2-135M's shape took 836 MB (257 MB of weights), Gemma 3 270M's 1,082 MB merged (511 MB of
weights) and 1,386 MB as GGUF, where its table of 262,144 tokens, the largest tensor, is in memory in full precision.
"""

import json
import math
from pathlib import Path

from trainer.engines.transformers import machine
from trainer.engines.transformers.export.order import Order, RefusedError, size_of

GIB = 1024**3
PROCESS = 640 * 1024**2  # torch, transformers, peft and what they leave behind
CONVERTED = 5.2  # bytes a number: in full precision, and as it is written


def check(order: Order, kind: str) -> None:
    """Raises RefusedError with the figures."""
    needed, free = need(order, kind), machine.memory()[0]
    if needed > free:
        message = (
            f"This needs {needed / GIB:.1f} GiB of memory on the trainer's machine, and {free / GIB:.1f} GiB are free. "
            "Try again when nothing is trained or talked to there; the adapter alone needs next to none."
        )
        raise RefusedError("out_of_memory", message)


def need(order: Order, kind: str) -> int:
    """Bytes at the peak: the merged model, then each tensor alone while it is converted."""
    adapter = 0 if order.whole else size_of(order.weights)
    merging = 0 if order.whole else size_of(order.base) + 2 * adapter
    converting = CONVERTED * _largest(order.weights if order.whole else order.base) if kind == "gguf" else 0
    return int(PROCESS + max(merging, converting))


def _largest(folder: Path) -> int:
    """Numbers in the largest tensor, by the headers of the files."""
    return max((size for path in folder.glob("*.safetensors") for size in _sizes(path)), default=0)


def _sizes(path: Path) -> list[int]:
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return [math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"]
