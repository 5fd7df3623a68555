"""From an order to what the loop needs: rows, numbers for `auto`, a plan that fits the memory."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from trainer.engines.transformers import files, memory, models, rows
from trainer.engines.transformers.batches import Plan
from trainer.engines.transformers.memory import GIB, Choice, Shape
from trainer.engines.transformers.order import Hyperparameters, Order, resolve
from trainer.engines.transformers.outcomes import Refused
from trainer.engines.transformers.rows import Rows

LEARNT_FROM = 20_000  # examples that a new tokenizer is learnt from
FORMATS = {"supervised": "chat", "dpo": "preference"}


@dataclass(frozen=True)
class Prepared:
    order: Order
    tokenizer: Any
    config: Any
    training: Rows
    validation: Rows | None
    settings: Hyperparameters
    plan: Plan
    choice: Choice

    def public(self) -> dict[str, Any]:
        """The fields of the line `validated`."""
        return {
            "examples": len(self.training),
            "tokens": sum(map(self.training.trained, range(len(self.training)))),
            "validation_tokens": _tokens(self.validation) if self.validation else 0,
            "total_steps": self.plan.total_steps,
            "steps_per_epoch": self.plan.steps_per_epoch,
            "hyperparameters": self.settings.public(),
            "cut": self.training.cut,
            "cut_count": self.training.cut_count,
            "memory_bytes": self.choice.need,
            "tokenizer": self.order.base.name,
        }


def prepare(order: Order, device: Any) -> Prepared:
    """Raises Refused where a person has to change something. What it makes is kept in the folder for the next time."""
    _check(order)
    (order.folder / "rows").mkdir(exist_ok=True)
    tokenizer = models.tokenizer_of(order, _texts(order))
    context, config = order.base.context, models.config_of(order.base, tokenizer)
    training = _rows(order, order.training, "training_file", tokenizer, context)
    validation = _rows(order, order.validation, "validation_file", tokenizer, context) if order.validation else None
    settings = resolve(order, len(training))
    choice = _choice(order, config, settings, training, validation, device)
    plan = Plan(order.seed, len(training), settings.batch_size, settings.n_epochs, choice.portion)
    return Prepared(order, tokenizer, config, training, validation, settings, plan, choice)


def _check(order: Order) -> None:
    if order.dpo and order.base.from_scratch and not order.start:
        message = f"{order.base.name} learns preferences only after a supervised job: choose one of its results."
        raise Refused("invalid_base", message, "model")
    if order.early_stopping and not order.validation:
        raise Refused("invalid_validation_file", "early_stopping needs a validation file.", "validation_file")


def _texts(order: Order) -> Iterator[str]:
    examples = rows.parsed(order.training, FORMATS[order.method], "training_file")
    for example in islice(examples, LEARNT_FROM):
        yield from (message["content"] for each in example.conversations for message in each.messages)


def _rows(order: Order, path: Path, param: str, tokenizer: Any, context: int) -> Rows:
    kept = order.folder / "rows" / f"{param}.safetensors"
    if not kept.exists():
        rows.tokenise(path, FORMATS[order.method], param, tokenizer, context).write(kept)
    return Rows.load(kept)


def _choice(
    order: Order, config: Any, settings: Hyperparameters, training: Rows, validation: Rows | None, device: Any
) -> Choice:
    """Kept, so that a job is resumed in the same portions: sums of other portions differ in their last bits."""
    kept = order.folder / "rows" / "choice.json"
    if kept.exists():
        return Choice(**json.loads(kept.read_text(encoding="utf-8")))
    free = order.memory_bytes or _free(device)
    shape = _shape(order, config, settings, device)
    longest = max(training.longest, validation.longest if validation else 0)
    choice = memory.choose(shape, longest, settings.batch_size, free, pairs=order.dpo)
    if choice is None:
        raise Refused("out_of_memory", _too_large(order, shape, longest, free), "model")
    files.write_json(kept, asdict(choice))
    return choice


def _free(device: Any) -> int:
    return int(torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available)


def _shape(order: Order, config: Any, settings: Hyperparameters, device: Any) -> Shape:
    """Counted on a model without weights."""
    text = config.get_text_config()
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    parameters = sum(value.numel() for value in model.parameters())
    head = model.get_output_embeddings()
    linear = [each.weight.shape for each in model.modules() if is_linear(each) and each is not head]
    adapter = sum(sum(shape) for shape in linear) * (settings.lora_r or 0)
    return Shape(
        hidden=max(text.hidden_size, text.num_attention_heads * (getattr(text, "head_dim", None) or 0)),
        layers=text.num_hidden_layers,
        intermediate=getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None) or 4 * text.hidden_size,
        vocabulary=text.vocab_size,
        parameters=parameters + adapter,
        trained=parameters if order.base.full else adapter,
        bytes_each=2 if device.type == "cuda" and not order.base.full else 4,
        held=memory.RUNTIME if device.type == "cuda" else psutil.Process().memory_info().rss + memory.BUFFERS,
    )


def is_linear(module: Any) -> bool:
    return isinstance(module, torch.nn.Linear | Conv1D)


def _too_large(order: Order, shape: Shape, longest: int, free: int) -> str:
    pairs = 2 if order.dpo else 1
    needed = memory.need(shape, longest * pairs, longest, checkpointing=True, reference=order.dpo)
    fits = memory.longest_that_fits(shape, free, pairs=order.dpo)
    advice = f"Examples of up to {fits:,} tokens fit" if fits else "No example fits: choose a smaller base"
    return (
        f"Training {order.base.name} on its longest example ({longest:,} tokens) needs {needed / GIB:.1f} GiB "
        f"of memory; {memory.USABLE * free / GIB:.1f} GiB can be used. {advice}, or use a device with more memory. "
        "A smaller batch_size changes nothing: examples already go through one by one."
    )


def _tokens(found: Rows) -> int:
    return sum(map(found.trained, range(len(found))))
