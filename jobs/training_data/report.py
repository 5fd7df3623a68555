"""What a check says about a file: plain structs that turn into JSON and back."""

import re
from typing import Any, Literal, Self

import msgspec

from jobs.training_data.codes import Code
from jobs.training_data.structs import for_threads

Format = Literal["chat", "legacy", "preference", "reinforcement", "unknown"]
Params = dict[str, str | int]
Place = int | str  # of a message: counted from 1, or the key that holds it
CLIP = 60  # characters of the file's own words in a fault
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff]")


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one check; sizes in bytes."""

    line_bytes: int = 8 * 1024 * 1024
    depth: int = 64  # braces and brackets within each other
    faults_kept: int = 100  # in the report; on_fault gets every one
    faults_per_line: int = 20
    faults_before_stop: int = 100_000  # a file of line breaks must not be walked for hours
    min_examples: int = 10
    few_examples: int = 50
    example_tokens: int = 65_536  # longer examples are cut by the service, silently
    image_examples: int = 50_000
    reinforcement_examples: int = 50_000
    sample: int = 5


LIMITS = Limits()


class Progress(msgspec.Struct, frozen=True):
    bytes_done: int
    bytes_total: int
    lines: int


@for_threads
class Fault(msgspec.Struct, frozen=True):
    """One thing wrong. Line and column count from 1; line 0 is the file as a whole.

    `offset` is the byte of the file where it stands: the very byte where the column is known, else its line's first.
    """

    line: int
    code: str
    params: Params = {}
    column: int | None = None
    offset: int = 0

    def at(self, offset: int) -> Self:
        return msgspec.structs.replace(self, offset=offset)


class Finding(msgspec.Struct, frozen=True):
    """What a person should know of a file that can be trained on: so many examples, the first lines of them."""

    code: str
    count: int
    lines: list[int] = []
    params: Params = {}


class Longest(msgspec.Struct, frozen=True):
    line: int = 0
    tokens: int = 0


@for_threads
class Report(msgspec.Struct):
    """Faults make a file unusable, warnings do not. `faults` holds the first hundred, the counts all of them.

    `examples` and `tokens` (o200k_base, the file once) are of the lines without a fault.
    `sample` holds the first examples as lists of {role, content, long, …}, cut for display.
    """

    ok: bool = False
    format: Format = "unknown"
    examples: int = 0
    tokens: int = 0
    longest: Longest = Longest()
    lines: int = 0
    bytes: int = 0
    faults: list[Fault] = []
    fault_count: int = 0
    fault_counts: dict[str, int] = {}
    warnings: list[Fault] = []
    findings: list[Finding] = []
    statistics: dict[str, Any] = {}  # of training_data.statistics; empty until somebody looked
    sample: list[list[dict[str, Any]]] = []

    def as_dict(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return msgspec.convert(data, cls)


def fault(line: int, code: Code, column: int | None = None, **params: str | int) -> Fault:
    return Fault(line, code.value, params, column)


def printable(text: object, length: int = CLIP) -> str:
    """The file's own words, fit for a page, a CSV and a Postgres column: cut, and nothing unprintable."""
    words = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text)[: length + 1])
    return words if len(words) <= length else words[: length - 1] + "…"
