"""JSON objects in a text, wherever its lines end."""

import json

DECODER = json.JSONDecoder(parse_int=float)  # int() refuses numbers of more than 4,300 digits


def end_of_object(text: str, start: int = 0) -> int | None:
    """Where the object that begins at `start` ends; None where none does, or not before the end of the text."""
    if not text.startswith("{", start):
        return None
    try:
        return DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None
