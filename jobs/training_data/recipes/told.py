"""What the process that runs a recipe is asked, and what it tells; plain structs as JSON, one a line."""

from pathlib import Path
from typing import Self

import msgspec

from jobs.training_data.structs import for_threads


class Text(msgspec.Struct, frozen=True):
    """An extracted text: UTF-8, NFC, line breaks as \\n. `headings`: where those begin that the file itself marks."""

    source: str
    path: str
    headings: tuple[int, ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """A text in the process that makes something of it."""

    source: str
    text: str
    headings: frozenset[int] = frozenset()

    @classmethod
    def of(cls, text: Text) -> Self:
        """Raises FileNotFoundError."""
        return cls(text.source, Path(text.path).read_bytes().decode(), frozenset(text.headings))


@for_threads
class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to make. With `target` examples are written there, a line each, and to `places` where each came from.

    Without, each is told. `most`: stop after so many (a preview); 0 is all.
    """

    recipe: msgspec.Raw
    texts: list[Text]
    target: str = ""
    places: str = ""
    most: int = 0


class Far(msgspec.Struct, frozen=True):
    """How far it is: characters of all texts (twice as many where they are learnt first), examples made so far."""

    done: int
    total: int
    examples: int


class Made(msgspec.Struct, frozen=True):
    """One example, or for a summary recipe one chunk that a model is to be asked about."""

    source: str
    start: int
    end: int
    line: msgspec.Raw = msgspec.Raw(b"null")  # the example's JSON; of a chunk nothing
    text: str = ""  # the chunk, as an example shows it
    heading: str = ""


@for_threads
class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the example on the same line of the target came from: a line of `places`."""

    source: str
    start: int
    end: int


@for_threads
class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the process; exactly one of them is there."""

    far: Far | None = None
    made: Made | None = None
    fault: str = ""  # "no_analyser": what the recipe names is not installed; "text_missing"
