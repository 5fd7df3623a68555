"""Our losses beside TRL's on rows tokenised by us, in one order: `make oracle`. Run where torch and TRL are.

A Llama of random weights, all of them trained in fp32, 20 steps of AdamW without decay, the rate on a line from 1e-3
(DPO: 1e-4) to zero without warm-up, gradients clipped at 1. Fails where step 1 or step 20 differs by more than 1e-4.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from accelerate import Accelerator
from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import LlamaConfig, LlamaForCausalLM
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from trainer.engines.transformers import models, tiny, training
from trainer.engines.transformers.order import Order
from trainer.engines.transformers.preparing import Prepared, prepare

STEPS, TOLERANCE = 20, 1e-4
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
# method: files, rows, batch, epochs, rate
PLANS: dict[str, tuple[list[str], int, int, int, float]] = {
    "supervised": (["winter-essay-chat.jsonl", "winter-essay-validation.jsonl"], 80, 8, 2, 1e-3),
    "dpo": (["preferences-dpo.jsonl"], 20, 4, 4, 1e-4),
}


class InOrder(SFTTrainer):  # type: ignore[misc]  # no TRL where types are checked
    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return SequentialSampler(dataset if dataset is not None else self.train_dataset)


class PairsInOrder(DPOTrainer):  # type: ignore[misc]  # as above
    _get_train_sampler = InOrder._get_train_sampler

    def _prepare_dataset(self, dataset: Any, *_rest: Any) -> Any:
        return dataset  # the rows are tokens already


def lay_out(folder: Path, method: str) -> Prepared:
    """An order on a base with random weights, as the child prepares it."""
    names, count, batch, epochs, rate = PLANS[method]
    lines = [line for name in names for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()][:count]
    (folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tokenizer = tiny.learn_tokenizer(lines)
    torch.manual_seed(1)
    config = LlamaConfig(**{**tiny.CONFIG, "vocab_size": len(tokenizer)})
    base = folder / "base"
    LlamaForCausalLM(config).save_pretrained(base)
    tokenizer.save_pretrained(base)
    facts = {"name": "oracle", "context": 2048, "kind": "full", "auto": {"learning_rate": rate}}
    (base / "base.json").write_text(json.dumps(facts))
    order = {"base": str(base), "method": method, "training": str(folder / "rows.jsonl"), "seed": 1}
    (folder / "order.json").write_text(json.dumps({**order, "n_epochs": epochs, "batch_size": batch}))
    return prepare(Order.read(folder), Accelerator().device)


def ours(prepared: Prepared) -> list[float]:
    accelerator = Accelerator()
    model = models.build(prepared.order, prepared.config, prepared.settings, accelerator.device)
    loop = training.loop_of(prepared, model, accelerator)
    return [float(loop.step()["train_loss"]) for _ in range(STEPS)]


def theirs(prepared: Prepared, folder: Path) -> list[float]:
    dpo = prepared.order.dpo
    settings = {
        "output_dir": str(folder / "trl"),
        "per_device_train_batch_size": prepared.settings.batch_size,
        "num_train_epochs": 1,
        "learning_rate": prepared.settings.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "logging_steps": 1,
        "max_length": None,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
    }
    more = {"beta": prepared.settings.beta} if dpo else {"loss_type": "nll"}
    own = {} if dpo else {"dataset_kwargs": {"skip_prepare_dataset": True}}
    trainer, config = (PairsInOrder, DPOConfig) if dpo else (InOrder, SFTConfig)
    model = LlamaForCausalLM.from_pretrained(prepared.order.base.folder, dtype=torch.float32)
    rows = Dataset.from_list([pair(prepared, row) if dpo else single(prepared, row) for row in in_order(prepared)])
    run = trainer(
        model=model, args=config(**settings, **more, **own), train_dataset=rows, processing_class=prepared.tokenizer
    )
    run.train()
    return [entry["loss"] for entry in run.state.log_history if "loss" in entry]


def in_order(prepared: Prepared) -> list[int]:
    return [row for step in range(1, STEPS + 1) for row in prepared.plan.batch(step)]


def sequence(prepared: Prepared, number: int) -> tuple[list[int], list[bool]]:
    rows = prepared.training
    part = slice(rows.starts[number], rows.starts[number + 1])
    return rows.tokens[part].tolist(), rows.counted[part].tolist()


def single(prepared: Prepared, row: int) -> dict[str, list[int]]:
    tokens, counted = sequence(prepared, prepared.training.rows[row])
    labels = [token if counts else -100 for token, counts in zip(tokens, counted, strict=True)]
    return {"input_ids": tokens, "labels": labels}


def pair(prepared: Prepared, row: int) -> dict[str, list[int]]:
    chosen, counted = sequence(prepared, prepared.training.rows[row])
    rejected, _counted = sequence(prepared, prepared.training.rows[row] + 1)
    begin = counted.index(True)
    return {"prompt_ids": chosen[:begin], "chosen_ids": chosen[begin:], "rejected_ids": rejected[begin:]}


def main() -> int:
    worst = 0.0
    print("| method | step | ours | TRL | difference |\n|---|--:|--:|--:|--:|")
    for method in PLANS:
        with TemporaryDirectory() as name:
            prepared = lay_out(Path(name), method)
            left, right = ours(prepared), theirs(prepared, Path(name))
        for step in (1, STEPS):
            difference = abs(left[step - 1] - right[step - 1])
            worst = max(worst, difference)
            print(f"| {method} | {step} | {left[step - 1]:.6f} | {right[step - 1]:.6f} | {difference:.1e} |")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
