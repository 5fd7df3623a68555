"""Tokens a second of our training beside a plain torch loop, step by step in turns, in one process.

`python -m bench.engine_speed RUN STEPS` in .venv-trainer: the run's folder holds order.json. Prints one JSON object.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

from trainer.engines.transformers import models
from trainer.engines.transformers.order import Order
from trainer.engines.transformers.preparing import Prepared, prepare
from trainer.engines.transformers.process import Lines
from trainer.engines.transformers.running import Running
from trainer.engines.transformers.training import loop_of

WARM_UP = 2  # steps of each that are not counted


def ours(prepared: Prepared, accelerator: Accelerator, lines: Lines) -> Callable[[], object]:
    """A step as a job takes it: line, state, checkpoint and all."""
    model = models.build(prepared.order, prepared.config, prepared.settings, accelerator.device)
    return Running(prepared, loop_of(prepared, model, accelerator), model, lines).advance


def bare(prepared: Prepared) -> Callable[[list[int]], None]:
    """What anybody would write: the model's own loss on the padded batch, in full precision as ours."""
    settings, order = prepared.settings, prepared.order
    if order.base.full:
        model = AutoModelForCausalLM.from_config(prepared.config, dtype=torch.float32)
    else:
        base = AutoModelForCausalLM.from_pretrained(order.base.folder, dtype=torch.float32)
        lora = LoraConfig(r=settings.lora_r, lora_alpha=settings.lora_alpha, target_modules="all-linear")
        model = get_peft_model(base, lora)
    learning = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=settings.learning_rate, weight_decay=0.0)
    examples = [example(prepared, row) for row in range(len(prepared.training))]
    model.train()

    def step(batch: list[int]) -> None:
        tokens = pad_sequence([examples[row][0] for row in batch], batch_first=True)
        labels = pad_sequence([examples[row][1] for row in batch], batch_first=True, padding_value=-100)
        mask = pad_sequence([torch.ones_like(examples[row][0]) for row in batch], batch_first=True)
        loss = model(input_ids=tokens, attention_mask=mask, labels=labels).loss
        loss.backward()
        clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()

    return step


def example(prepared: Prepared, row: int) -> tuple[Any, Any]:
    """(tokens, labels) of a row, as a data set holds them."""
    rows, (sequence,) = prepared.training, prepared.training.sequences(row)
    part = slice(rows.starts[sequence], rows.starts[sequence + 1])
    tokens = rows.tokens[part].long()
    return tokens, tokens.masked_fill(~rows.counted[part], -100)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    began, used = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - began, time.process_time() - used


def compare(folder: Path, steps: int) -> dict[str, float]:
    """By turns, on the same rows; which of the two begins changes, too."""
    accelerator = Accelerator()
    prepared = prepare(Order.read(folder), accelerator.device)
    with (folder / "lines.jsonl").open("w") as out:
        our_step, bare_step = ours(prepared, accelerator, Lines(out)), bare(prepared)
        took: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
        tokens: list[int] = []
        for number in range(1, steps + 1):
            batch = prepared.plan.batch(number)
            turns: list[tuple[str, Callable[[], object]]] = [("ours", our_step), ("bare", partial(bare_step, batch))]
            tokens.append(sum(map(prepared.training.trained, batch)))
            for name, act in turns if number % 2 else reversed(turns):
                took[name].append(timed(act))
    return summary(tokens[WARM_UP:], took["ours"][WARM_UP:], took["bare"][WARM_UP:])


def summary(tokens: list[int], ours: list[tuple[float, float]], bare: list[tuple[float, float]]) -> dict[str, float]:
    """Medians; the ratios are those of neighbouring steps, which had the same machine."""
    pairs = list(zip(ours, bare, strict=True))
    return {
        "ours": median(count / clock for count, (clock, _cpu) in zip(tokens, ours, strict=True)),
        "bare": median(count / clock for count, (clock, _cpu) in zip(tokens, bare, strict=True)),
        "ratio": median(plain[0] / mine[0] for mine, plain in pairs),
        "processor": median(plain[1] / mine[1] for mine, plain in pairs),
        "threads": torch.get_num_threads(),
        "steps": len(tokens),
    }


if __name__ == "__main__":
    disable_progress_bar()
    print(json.dumps(compare(Path(sys.argv[1]), int(sys.argv[2]))))
