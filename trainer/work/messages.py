"""What the training process prints: one JSON object a line, of these kinds."""

import logging
from typing import Annotated, Any

import msgspec

type Json = dict[str, Any]
type Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]  # as large as the databases take
type Amount = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

log = logging.getLogger(__name__)


class Message(msgspec.Struct, tag_field="kind", frozen=True):
    """Unknown fields are passed over: the process may print more than a worker of another version knows."""


class Validated(Message, tag="validated", frozen=True):
    """Tokens are of one epoch, by the base's own tokenizer."""

    tokens: Amount
    total_steps: Count
    steps_per_epoch: Count
    hyperparameters: Json
    examples: int = 0
    validation_tokens: Amount = 0
    cut: list[Count] = []
    cut_count: int = 0
    memory_bytes: int = 0
    tokenizer: str = ""


class Refused(Message, tag="refused", frozen=True):
    code: str
    message: str
    param: str | None = None
    line: int | None = None


class Started(Message, tag="started", frozen=True):
    step: Count


class StepDone(Message, tag="step", frozen=True):
    """The metrics that were measured at this step; those that were not are None."""

    step: Count
    total_steps: Count
    train_loss: float
    train_mean_token_accuracy: float | None = None
    valid_loss: float | None = None
    valid_mean_token_accuracy: float | None = None
    full_valid_loss: float | None = None
    full_valid_mean_token_accuracy: float | None = None
    tokens: Amount = 0
    seconds: float = 0.0


class Checkpoint(Message, tag="checkpoint", frozen=True):
    step: Count
    epoch: int = 0
    full_valid_loss: float | None = None
    removed: list[Count] = []


class Done(Message, tag="done", frozen=True):
    trained_tokens: Amount
    step: Count
    best_step: int | None = None
    peak_memory_bytes: int = 0
    seconds: float = 0.0
    early_stopped: bool = False


class Stopped(Message, tag="stopped", frozen=True):
    step: Count


class Failed(Message, tag="failed", frozen=True):
    code: str
    message: str


KINDS = Validated | Refused | Started | StepDone | Checkpoint | Done | Stopped | Failed
DECODER: "msgspec.json.Decoder[KINDS]" = msgspec.json.Decoder(KINDS)


def read(line: bytes) -> KINDS | None:
    """The message; None for a line that is none, which some library may have printed."""
    try:
        return DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("unreadable line of a training process", extra={"reason": str(error)})
        return None


def numbers(step: StepDone) -> Json:
    """What is kept of a step."""
    return {name: value for name, value in msgspec.structs.asdict(step).items() if value is not None}


def report(done: Done) -> Json:
    """What is kept of a finished training beside its tokens. `step`: the one that the finished model is of."""
    names = ("best_step", "peak_memory_bytes", "seconds", "early_stopped", "step")
    return {name: getattr(done, name) for name in names}
