"""A training file as tokens: what the loop reads, kept in the run's folder."""

import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from trainer.engines.transformers import examples, files
from trainer.engines.transformers.examples import Example, Fault
from trainer.engines.transformers.outcomes import Refused, Stopped
from trainer.engines.transformers.process import stop
from trainer.engines.transformers.rendering import Renderer

FEWEST = 10  # examples of a training file, as at OpenAI
CUT_NAMED = 20  # lines


@dataclass(frozen=True)
class Rows:
    """`tokens` and `counted` of all sequences on end; sequence i is [starts[i], starts[i + 1]).

    Row i has the sequences [rows[i], rows[i + 1]): one, or two of a preference (the preferred first), or one for each
    answer where the chat template needs that.
    """

    tokens: Any
    counted: Any
    starts: list[int]
    rows: list[int]
    cut: list[int]
    cut_count: int

    def __len__(self) -> int:
        return len(self.rows) - 1

    def sequences(self, row: int) -> range:
        return range(self.rows[row], self.rows[row + 1])

    def length(self, sequence: int) -> int:
        return self.starts[sequence + 1] - self.starts[sequence]

    @property
    def longest(self) -> int:
        return max(self.length(sequence) for sequence in range(len(self.starts) - 1))

    def trained(self, row: int) -> int:
        """Tokens of the row: a prompt that its sequences share is counted once."""
        longest = max(self.sequences(row), key=self.length)
        others = (sequence for sequence in self.sequences(row) if sequence != longest)
        return self.length(longest) + sum(self.answers(sequence) for sequence in others)

    def answers(self, sequence: int) -> int:
        """Tokens of it that are learnt."""
        return int(self.counted[self.starts[sequence] : self.starts[sequence + 1]].sum())

    def write(self, path: Path) -> None:
        tensors = {
            "tokens": self.tokens,
            "counted": self.counted,
            "starts": torch.tensor(self.starts, dtype=torch.int64),
            "rows": torch.tensor(self.rows, dtype=torch.int64),
        }
        files.write_tensors(path, tensors, {"cut": json.dumps([self.cut, self.cut_count])})

    @classmethod
    def load(cls, path: Path) -> "Rows":
        with safe_open(path, framework="pt") as kept:
            cut, cut_count = json.loads(kept.metadata()["cut"])
            starts, rows = (kept.get_tensor(name).tolist() for name in ("starts", "rows"))
            return cls(kept.get_tensor("tokens"), kept.get_tensor("counted"), starts, rows, cut, cut_count)


@dataclass
class Collector:
    """Tokenises example after example; no token lies beyond the base's context."""

    renderer: Renderer
    tokenizer: Any
    context: int
    tokens: array = field(default_factory=lambda: array("i"))  # type: ignore[type-arg]
    counted: bytearray = field(default_factory=bytearray)
    starts: list[int] = field(default_factory=lambda: [0])
    rows: list[int] = field(default_factory=lambda: [0])
    cut: list[int] = field(default_factory=list)

    def add(self, example: Example) -> None:
        texts = [text for each in example.conversations for text in self.renderer.texts(each)]
        encoded = self.tokenizer([text.text for text in texts], add_special_tokens=False, return_offsets_mapping=True)
        was_cut = False
        for text, tokens, offsets in zip(texts, encoded["input_ids"], encoded["offset_mapping"], strict=True):
            was_cut |= len(tokens) > self.context
            counts = [any(start <= begin < end for start, end in text.spans) for begin, _end in offsets[: self.context]]
            self._append(tokens[: self.context], counts)
        if was_cut:
            self.cut.append(example.line)
        self.rows.append(len(self.starts) - 1)

    def _append(self, tokens: list[int], counts: list[bool]) -> None:
        if not any(counts[1:]):  # what is learnt is the next token: the first has none before it
            raise Fault(f"has no answer within the {self.context} tokens of the base's context.")
        self.tokens.extend(tokens)
        self.counted.extend([False, *counts[1:]])
        self.starts.append(len(self.tokens))

    def finish(self) -> Rows:
        tokens = torch.frombuffer(self.tokens, dtype=torch.int32).clone()
        counted = torch.frombuffer(self.counted, dtype=torch.uint8).clone().bool()
        return Rows(tokens, counted, self.starts, self.rows, self.cut[:CUT_NAMED], len(self.cut))


def parsed(path: Path, wanted: str, param: str) -> Iterator[Example]:
    """The examples of a file; each must be of the format `wanted`."""
    code = f"invalid_{param}"
    try:
        for number, line in examples.read(path):
            if stop.wanted:
                raise Stopped
            with named(number, param):
                example = examples.parse(number, line)
            if example.format != wanted:
                message = f"Invalid file format. Example {number} is a {example.format} example, not a {wanted} one."
                raise Refused(code, message, param, number)
            yield example
    except OSError as error:
        raise Refused(code, f"The file cannot be read: {error.strerror}.", param) from error


@contextmanager
def named(number: int, param: str) -> Iterator[None]:
    """A fault within becomes a refusal that names the line."""
    try:
        yield
    except Fault as fault:
        message = f"Invalid file format. Example {number} {fault}"
        raise Refused(f"invalid_{param}", message, param, number) from fault


def tokenise(path: Path, wanted: str, param: str, tokenizer: Any, context: int) -> Rows:
    collector = Collector(Renderer(tokenizer), tokenizer, context)
    for example in parsed(path, wanted, param):
        with named(example.line, param):
            collector.add(example)
    found = len(collector.rows) - 1
    if param == "training_file" and found < FEWEST:
        message = f"Training file has {found} example(s), but must have at least {FEWEST} examples."
        raise Refused("invalid_n_examples", message, param)
    if not found:
        raise Refused(f"invalid_{param}", "The validation file has no examples.", param)
    return collector.finish()
