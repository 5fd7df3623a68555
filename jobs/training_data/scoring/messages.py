"""Texts of questions and answers, as they are compared."""

import re
import unicodedata
from collections.abc import Sequence

from jobs.training_data.scoring.records import Message
from jobs.training_data.spoken import text_of

LOOKED_AT = 50_000  # characters of an answer, and of what it is compared with; what is longer is no answer to compare

UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # what no database and no UTF-8 holds


def composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def last_question(messages: Sequence[Message]) -> str:
    """What the user says last; empty where there is nothing."""
    return next((text_of(each) for each in reversed(messages) if each.get("role") == "user"), "")


def message(role: str, text: str) -> Message:
    return {"role": role, "content": storable(text)}


def storable(text: str) -> str:
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def as_text(messages: Sequence[Message]) -> str:
    """A message alone as it is; several each under its role."""
    spoken = [(str(each.get("role", "")), text_of(each)) for each in messages]
    return spoken[0][1] if len(spoken) == 1 else "\n\n".join(f"[{role}]\n{text}" for role, text in spoken)
