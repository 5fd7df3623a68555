"""Lines that hold Python where JSON should be: what `print(example)` or `str(example)` leaves."""

import ast
import json
import re
from typing import Any

MOST_CHARACTERS = 256 * 1024  # Python's parser takes a hundred times as much memory
WORD = re.compile(r"(None|True|False)\b")
STRING_OR_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?:None|True|False)\b')
JSON_WORDS = {"None": "null", "True": "true", "False": "false"}


def as_json(text: str) -> str | None:
    """The same object in JSON; None where it cannot be had with certainty."""
    if len(text) > MOST_CHARACTERS:
        return None
    if (worded := _with_words_of_json(text)) is not None:
        return worded
    found = value(text)
    return None if found is None else _dumped(found)


def _with_words_of_json(text: str) -> str | None:
    """JSON but for its words."""
    changed = STRING_OR_WORD.sub(lambda found: JSON_WORDS.get(found[0], found[0]), text)
    try:
        return changed if changed != text and isinstance(json.loads(changed), dict) else None
    except (ValueError, RecursionError):
        return None


def value(text: str) -> dict[str, Any] | None:
    """The dict that the text is in Python, made of literals alone."""
    text = text.strip(" \t\r\n,")
    if len(text) > MOST_CHARACTERS or not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _dumped(found: dict[str, Any]) -> str | None:
    """JSON knows no infinity, no bytes and no sets, and all keys are texts."""
    try:
        written = json.dumps(found, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return None
    return written if _has_text_keys(found) else None


def _has_text_keys(found: object) -> bool:
    if isinstance(found, dict):
        return all(isinstance(key, str) and _has_text_keys(below) for key, below in found.items())
    return all(map(_has_text_keys, found)) if isinstance(found, list | tuple) else True
