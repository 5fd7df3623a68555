"""How much memory a training takes at its peak, before it is started. Pure: it imports nothing heavy.

need = what the process holds already + weights + 16 bytes a trained parameter (value, gradient, two moments)
     + activations + logits
Activations and logits grow with the padded tokens that go through the model at once (a portion), not with the batch;
the mask that hides padding grows with the longest sequence as well. Factors were fitted to measured peaks.
"""

from dataclasses import dataclass

GIB = 1024**3
RUNTIME = 400 * 1024**2  # torch, transformers and peft with their buffers; on a GPU its context
BUFFERS = 56 * 1024**2  # of RUNTIME: what comes with the first step
LOADING = 0.54  # of the weights' size: while they are read, the half precision of the file is there as well
WHOLE = 0.72  # of the activations that an adapter keeps beside its base, where all weights learn
USABLE = 0.9  # of what is free
LOGITS_AT_ONCE = 2**25  # numbers
LARGEST_PORTION = 4096  # tokens; more makes no step quicker on a CPU


@dataclass(frozen=True)
class Shape:
    """A base and what of it learns. `hidden` is the width of a layer, or of its attention where that is wider.

    `bytes_each` of a frozen weight: 4 on a CPU, 2 on a GPU. `held` is taken before the model comes: a large tokenizer
    alone may have hundreds of megabytes.
    """

    hidden: int
    layers: int
    intermediate: int
    vocabulary: int
    parameters: int
    trained: int
    bytes_each: int = 4
    held: int = RUNTIME


@dataclass(frozen=True)
class Choice:
    """How a step is run. With `checkpointing` what lies between the layers is computed again instead of kept."""

    portion: int
    checkpointing: bool
    need: int


def need(shape: Shape, portion: int, longest: int, *, checkpointing: bool, reference: bool = False) -> int:
    """Bytes at the peak. `reference`: a frozen copy of what learns is kept beside it (preferences)."""
    frozen = max(0, shape.parameters - shape.trained) * shape.bytes_each
    learning = shape.trained * (20 if reference else 16)
    mask = _mask(shape, longest, checkpointing) if portion > longest else 0
    working = learning + _activations(shape, portion, checkpointing) + _logits(shape, portion) + portion * mask
    return int(shape.held + frozen + max(working, frozen * LOADING))


def _activations(shape: Shape, portion: int, checkpointing: bool) -> float:
    layer = (37 * shape.hidden + 13 * shape.intermediate) * (WHOLE if shape.trained == shape.parameters else 1)
    kept = 2 * shape.layers * shape.hidden if checkpointing else shape.layers * layer
    return portion * (kept + layer) * shape.bytes_each / 2


def _mask(shape: Shape, longest: int, checkpointing: bool) -> int:
    """Bytes a token: every layer keeps the mask as numbers, once sequences of several lengths go through together."""
    return longest * shape.bytes_each * (1 if checkpointing else shape.layers)


def positions_at_once(vocabulary: int) -> int:
    """How many positions go through the head at once."""
    return max(1, LOGITS_AT_ONCE // vocabulary)


def _logits(shape: Shape, portion: int) -> float:
    return 10 * shape.vocabulary * min(portion, positions_at_once(shape.vocabulary))


def choose(shape: Shape, longest: int, batch: int, free: int, *, pairs: bool = False) -> Choice | None:
    """The largest portion that fits, keeping activations if it can; None where the longest example alone does not.

    `longest` is that of an example in tokens, `batch` how many a step has; of `pairs` two go through together.
    """
    smallest = longest * (2 if pairs else 1)
    for checkpointing in (False, True):
        portion = max(min(LARGEST_PORTION, batch * smallest), smallest)
        while portion >= smallest:
            needed = need(shape, portion, longest, checkpointing=checkpointing, reference=pairs)
            if needed <= USABLE * free:
                return Choice(portion, checkpointing, needed)
            portion = portion // 2 if portion // 2 >= smallest else smallest if portion > smallest else 0
    return None


def longest_that_fits(shape: Shape, free: int, *, pairs: bool = False) -> int:
    """Tokens of the longest example that could be trained; 0 where none can."""
    low, high = 0, 1 << 20
    while low < high:
        middle = (low + high + 1) // 2
        needed = need(shape, middle * (2 if pairs else 1), middle, checkpointing=True, reference=pairs)
        low, high = (middle, high) if needed <= USABLE * free else (low, middle - 1)
    return low
