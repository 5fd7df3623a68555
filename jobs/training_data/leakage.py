"""Examples that stand in the training file and in the validation file: what is measured on them says nothing.

A checked file has eight bytes a line beside it (`<name>.hashes`): so an order page may ask.
"""

from array import array
from hashlib import blake2b
from pathlib import Path
from typing import Any
from unicodedata import normalize

import orjson

from jobs.training_data.findings import hashes
from jobs.training_data.reading import BOM, lines
from jobs.training_data.report import LIMITS

BYTES = 8


def digest(example: dict[str, Any]) -> bytes:
    """Eight bytes that are the same for the same JSON, whatever the order of its keys, composed (NFC) or not."""
    raw = orjson.dumps(example, option=orjson.OPT_SORT_KEYS)
    if not raw.isascii():
        raw = normalize("NFC", raw.decode()).encode()
    return blake2b(raw, digest_size=BYTES).digest()


def leakage(trained_on: Path, validated_with: Path) -> list[int]:
    """Lines of the validation file whose example the training file has too. Reads files that nobody looked at yet."""
    return _shared(_stored(trained_on) or _read(trained_on), _stored(validated_with) or _read(validated_with))


def known_leakage(trained_on: Path, validated_with: Path) -> list[int]:
    """The same from what is stored, within milliseconds; nothing where nobody looked."""
    mine, theirs = _stored(trained_on), _stored(validated_with)
    return _shared(mine, theirs) if mine and theirs else []


def _shared(mine: "array[int]", theirs: "array[int]") -> list[int]:
    known = set(mine)
    return [line for line, one in enumerate(theirs, 1) if one in known]


def _stored(path: Path) -> "array[int] | None":
    try:
        return array("Q", hashes(path).read_bytes())
    except FileNotFoundError:
        return None


def _read(path: Path) -> "array[int]":
    """One for each line, so that they count the lines; a line that is no example is like no other."""
    found = array("Q")
    with path.open("rb") as stream:
        for line in lines(stream, LIMITS.line_bytes):
            found.frombytes(_digest_of(line.raw) or line.number.to_bytes(BYTES))
    return found


def _digest_of(raw: bytes) -> bytes | None:
    try:
        return digest(orjson.loads(raw.removeprefix(BOM)))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
