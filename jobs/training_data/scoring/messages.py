"""Texts of questions and answers, as they are compared."""

import unicodedata
from collections.abc import Sequence

from jobs.training_data.scoring.records import Message
from jobs.training_data.spoken import text_of

LOOKED_AT = 50_000  # characters of an answer, and of what it is compared with; what is longer is no answer to compare


def composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def last_question(messages: Sequence[Message]) -> str:
    """What the user says last; empty where there is nothing."""
    return next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")
