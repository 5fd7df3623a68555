"""One order from its folder to its last line."""

import errno
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from transformers.utils.logging import disable_progress_bar

from trainer.engines.transformers import models, state
from trainer.engines.transformers.learner import Learner
from trainer.engines.transformers.loop import Loop
from trainer.engines.transformers.objective import Objective, Swapped
from trainer.engines.transformers.order import Order
from trainer.engines.transformers.outcomes import Failed, Refused, Stopped
from trainer.engines.transformers.preparing import Prepared, prepare
from trainer.engines.transformers.process import Lines
from trainer.engines.transformers.running import Running

NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def train(folder: Path, lines: Lines) -> None:
    """Prints the one line that ends it: done, stopped, refused or failed."""
    try:
        _train(folder, lines)
    except Refused as refusal:
        lines.emit("refused", **vars(refusal))
    except Stopped:
        lines.emit("stopped", step=state.step_of(folder))
    except Failed as failure:
        lines.emit("failed", **vars(failure))
    except (OSError, SafetensorError, MemoryError, RuntimeError) as error:
        lines.emit("failed", **vars(_failure(error)))


def _train(folder: Path, lines: Lines) -> None:
    disable_progress_bar()
    accelerator = Accelerator()
    order = Order.read(folder)
    with accelerator.main_process_first():
        prepared = prepare(order, accelerator.device)
    lines.emit("validated", **prepared.public())
    model = models.build(order, prepared.config, prepared.settings, accelerator.device)
    Running(prepared, loop_of(prepared, model, accelerator), model, lines).run()


def loop_of(prepared: Prepared, model: Any, accelerator: Accelerator) -> Loop:
    parameters = models.trained(model)
    reference = _reference(prepared.order, model, parameters)
    optimizer = torch.optim.AdamW(parameters.values(), lr=prepared.settings.learning_rate, weight_decay=0.0)
    progress = state.load(prepared.order.folder, parameters, optimizer)
    if prepared.choice.checkpointing:
        models.spare_memory(model)
    learner = accelerator.prepare(Learner(model))
    padding = prepared.tokenizer.pad_token_id or 0
    goal = Objective(
        learner,
        padding,
        accelerator.device,
        prepared.choice.portion,
        prepared.settings.beta,
        reference,
        accelerator.num_processes,
    )
    return Loop(prepared, goal, parameters, optimizer, accelerator, progress)


def _reference(order: Order, model: Any, parameters: dict[str, Any]) -> Any:
    """What DPO compares with: the base without its new adapter, or else a frozen copy of where this job starts."""
    if not order.dpo:
        return None
    return model.disable_adapter if not order.base.full and not order.start else Swapped(parameters)


def _failure(error: Exception) -> Failed:
    """Words for what the machine lacks; anything else stays an exception, for the log and the next attempt."""
    text = str(error)
    if isinstance(error, MemoryError) or any(words in text for words in NO_MEMORY):
        message = f"The machine ran out of memory. Shorter examples or a smaller base need less. ({text[:200]})"
        return Failed("out_of_memory", message)
    if getattr(error, "errno", None) in NO_ROOM or any(f"os error {number}" in text for number in NO_ROOM):
        return Failed("server_error", "There is no room left on the trainer's disk. What was saved before is whole.")
    raise error
