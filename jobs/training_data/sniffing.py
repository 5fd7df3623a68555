"""What can be told from the first bytes of a file: that it is no JSON Lines text at all."""

import re

from jobs.training_data.codes import Code
from jobs.training_data.reading import BOM
from jobs.training_data.report import Fault, fault, printable

HEAD_BYTES = 4096
SIGNATURES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP, XLSX, DOCX, HWPX",
    b"PK\x05\x06": "ZIP",
    b"\x1f\x8b": "GZIP",
    b"BZh": "BZIP2",
    b"\xfd7zXZ": "XZ",
    b"7z\xbc\xaf": "7Z",
    b"\x28\xb5\x2f\xfd": "ZSTD",
    b"Rar!": "RAR",
    b"\xd0\xcf\x11\xe0": "HWP, XLS, DOC",
    b"PAR1": "Parquet",
    b"SQLite format 3\x00": "SQLite",
    b"\x7fELF": "ELF",
    b"MZ\x90": "EXE",
    b"RIFF": "RIFF",
    b"ID3": "MP3",
}
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def sniff(head: bytes, size: int) -> Fault | None:
    """A fault that makes reading on pointless, or None."""
    if not size:
        return fault(0, Code.EMPTY_FILE)
    if kind := next((name for mark, name in SIGNATURES.items() if head.startswith(mark)), ""):
        return fault(1, Code.NOT_TEXT, kind=kind)
    if head.startswith(UTF16_MARKS) or _every_other_byte_is_nul(head):
        return fault(1, Code.UTF16)
    if head.count(0) > len(head) // 10:
        return fault(1, Code.NOT_TEXT, kind="binary")
    return _one_document(head.removeprefix(BOM))


def _every_other_byte_is_nul(head: bytes) -> bool:
    """ASCII in UTF-16 without a mark: `{\\x00"\\x00` or `\\x00{\\x00"`."""
    return len(head) >= 4 and (head[1:4:2] == b"\0\0" or head[0:4:2] == b"\0\0") and head.count(0, 0, 4) == 2


def _one_document(head: bytes) -> Fault | None:
    """JSON, but one value over the whole file instead of one object a line."""
    if re.match(rb"\A\s*\[\s*\{\s*'", head[:64]):
        return fault(1, Code.PYTHON, near=printable(head[:20].decode(errors="replace")))
    if re.match(rb"\A\s*\[(?:\s*(?:[{\]]|$|\[\s*\")|[ \t]*\r?\n\s*[\[\"])", head[:64]):
        return fault(1, Code.JSON_ARRAY)
    if re.match(rb"\A\s*\{[ \t]*\r?\n\s*\"", head[:64]):
        return fault(1, Code.SPREAD_OVER_LINES)
    return None
