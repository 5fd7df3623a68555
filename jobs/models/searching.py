"""What the search of a long list reads instead of wide rows: two short texts, each in an index."""

from typing import Any

LONGEST = 500  # characters: as many of four bytes each fit into one entry of PostgreSQL's index
NAMES = ("name", "suffix", "base_model", "note")
IDS = ("remote_id", "fine_tuned_model")


def searched(job: object, changes: dict[str, Any] | None = None) -> dict[str, str]:
    """The texts that `changes` change, as they are then: names and the beginning of the note; what services named.

    Without `changes` both. A text that is not concerned is left alone: somebody else may be changing it.
    """
    concerned = changes if changes is not None else dict.fromkeys((*NAMES, *IDS))
    told = changes or {}

    def joined(fields: tuple[str, ...]) -> str:
        return "\n".join(str(told.get(name, getattr(job, name))) for name in fields)[:LONGEST].lower()

    texts = {"words": NAMES, "ids": IDS}
    return {text: joined(fields) for text, fields in texts.items() if concerned.keys() & set(fields)}
