"""What kind of table a file is: by its first bytes, and where those say nothing, by its name."""

from pathlib import Path

from jobs.training_data.reading import BOM

ENDINGS = {".csv": "csv", ".tsv": "tsv", ".xlsx": "xlsx"}
ZIPPED, LOCKED = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
HEAD_BYTES = 4096


def kind_of(path: Path, name: str) -> str:
    """xlsx, json (an array), csv, tsv or jsonl."""
    head = _head(path)
    if head.startswith(ZIPPED):
        return "xlsx"
    ending = next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), "")
    if ending in ("csv", "tsv"):
        return ending
    return "json" if head.replace(b"\0", b"").lstrip(BOM + b"\xff\xfe \t\r\n").startswith(b"[") else "jsonl"


def is_table(path: Path, name: str) -> str:
    """Its kind, where it is a table by name or by bytes; else nothing. What is JSON is for the check to say."""
    ending = next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), "")
    if is_packed(path):
        return "xlsx" if ending else ""
    return "" if ending == "xlsx" else ending


def is_locked(path: Path) -> bool:
    """A workbook with a password, or one of the old kind, lies in an OLE container."""
    return _head(path).startswith(LOCKED)


def is_packed(path: Path) -> bool:
    """No text at all: an archive or a container."""
    return _head(path).startswith((ZIPPED, LOCKED))


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)
