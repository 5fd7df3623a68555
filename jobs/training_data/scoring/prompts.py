"""A prompt with examples, from where they lie in their file: the same messages whenever it is put together."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from jobs.training_data.scoring.messages import message
from jobs.training_data.scoring.records import Message, Place
from jobs.training_data.spoken import Spoken, loaded, spoken

INSTRUCTING = ("system", "developer")


def with_examples(question: Sequence[Message], examples: Sequence[Message]) -> list[Message]:
    """What instructs stays first."""
    first = [each for each in question if each.get("role") in INSTRUCTING]
    return [*first, *examples, *(each for each in question if each.get("role") not in INSTRUCTING)]


def messages_of(example: Spoken) -> list[Message]:
    before = [message(role, text) for role, text in example.asked if role in ("user", "assistant")]
    return [*before, message("assistant", example.words)]


def taken(path: Path, places: Sequence[Place]) -> list[Message]:
    """The messages of the examples that lie at `places`. Raises OSError."""
    found: list[Message] = []
    with path.open("rb") as stream:
        for start, length in places:
            stream.seek(start)
            found += messages_of(spoken(loaded(stream.read(length)) or {}))
    return found


def digest(messages: Sequence[Message]) -> str:
    """Shows whether they are the same to the byte."""
    return blake2b(json.dumps(messages, ensure_ascii=False).encode(), digest_size=8).hexdigest()
