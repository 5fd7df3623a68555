"""Stands in for the training process: `python training_child.py [--option value …] FOLDER`.

It prints what docs/trainer.md says that the real one prints, keeps its state in FOLDER/state/step, and can be made to
fail. It needs no torch, and trains nothing.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

EPOCH = 4  # steps

stop = False


def on_sigterm(_number: int, _frame: object) -> None:
    global stop
    stop = True


def say(kind: str, **more: Any) -> None:
    print(json.dumps({"kind": kind} | more), flush=True)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.0, help="a step takes so long")
    parser.add_argument("--die-at", type=int, default=0, help="SIGKILL itself before this step, every time")
    parser.add_argument("--die-once-at", type=int, default=0, help="the same, the first time only")
    parser.add_argument("--signal", type=int, default=signal.SIGKILL, help="which one it sends itself")
    parser.add_argument("--exit-at", type=int, default=0, help="leave with code 3 before this step, every time")
    parser.add_argument("--hang-at", type=int, default=0, help="ignore everything from this step on")
    parser.add_argument("--say", action="append", default=[], help="a line of its own, after `validated`")
    parser.add_argument("--last", default="", help="a line to end with, in place of the training")
    parser.add_argument("folder", type=Path)
    return parser.parse_args()


def state_of(folder: Path) -> int:
    file = folder / "state" / "step"
    return int(file.read_text()) if file.exists() else 0


def save(folder: Path, step: int) -> None:
    (folder / "state").mkdir(exist_ok=True)
    (folder / "state" / "step").write_text(str(step))


def misbehave(given: argparse.Namespace, step: int) -> None:
    mark = given.folder / "died"
    if given.exit_at == step:
        sys.exit(3)
    if given.die_at == step or (given.die_once_at == step and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), given.signal)
    if given.hang_at == step:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(60)


def numbers(order: dict[str, Any]) -> dict[str, Any]:
    auto = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 1.0}
    beta = {"beta": 0.1} if order["method"] == "dpo" else {}
    asked = {name: order[name] for name in (auto | beta)}
    return {name: (auto | beta)[name] if value == "auto" else value for name, value in asked.items()}


def one_step(step: int, given: argparse.Namespace, validated: bool) -> None:
    at_end = step % EPOCH == 0
    valid = {"valid_loss": 3.5 / step} if validated and at_end else {}
    full = {"full_valid_loss": 4.0 / step, "full_valid_mean_token_accuracy": 0.5} if valid else {}
    metrics = {"train_loss": 3.0 / step, "train_mean_token_accuracy": 0.25, **valid, **full}
    say("step", step=step, total_steps=given.steps, tokens=100, seconds=max(0.01, given.seconds), **metrics)
    save(given.folder, step)
    if at_end:
        gone = list(range(EPOCH, step - 3 * EPOCH + 1, EPOCH))
        (given.folder / "checkpoints" / f"step-{step}").mkdir(parents=True, exist_ok=True)
        loss = 4.0 / step if validated else None
        say("checkpoint", step=step, epoch=step // EPOCH, full_valid_loss=loss, removed=gone[-1:])


def main() -> None:
    signal.signal(signal.SIGTERM, on_sigterm)
    given = options()
    order = json.loads((given.folder / "order.json").read_text())
    done = state_of(given.folder)
    say("validated", examples=12, tokens=400, validation_tokens=0, total_steps=given.steps, steps_per_epoch=EPOCH,
        hyperparameters=numbers(order), cut=[], cut_count=0, memory_bytes=3 * 1024**3, tokenizer="fake")  # fmt: skip
    for line in given.say:
        print(line, flush=True)
    if given.last:
        print(given.last, flush=True)
        return
    say("started", step=done)
    for step in range(done + 1, given.steps + 1):
        misbehave(given, step)
        if stop:
            say("stopped", step=step - 1)
            return
        time.sleep(given.seconds)
        one_step(step, given, order["validation"] is not None)
    say("done", trained_tokens=800, step=given.steps, best_step=None, peak_memory_bytes=1, seconds=1.0,
        early_stopped=False)  # fmt: skip


if __name__ == "__main__":
    main()
