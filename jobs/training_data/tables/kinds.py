"""What kind of table a file is: by what is in it, whatever its name says."""

import codecs
import re
import zipfile
from pathlib import Path

from jobs.training_data.codes import Code
from jobs.training_data.encodings import MARKS, evidence
from jobs.training_data.reading import BOM
from jobs.training_data.report import Fault, fault
from jobs.training_data.sniffing import SIGNATURES
from jobs.training_data.tables.package import plain
from jobs.training_data.tables.separated import HEAD_CHARACTERS, delimiter_of
from jobs.training_data.tables.shapes import NAMES

ENDINGS = {".csv": "csv", ".tsv": "tsv", ".xlsx": "xlsx"}
JSON_ENDINGS = (".json", ".jsonl")
LOCKED = "locked"  # by a password, or by what an office encrypts its files with
ZIPPED, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
HEAD_BYTES = 64 * 1024
AGREEING = 3  # rows that a separator cuts alike: less may be prose
MARKUP = re.compile(
    r"\A\s*(<\?xml\b|<!doctype\b|<html\b|<head\b|<meta\b|<table\b|<style\b|mime-version:)", re.IGNORECASE
)
SHEET_2003 = "urn:schemas-microsoft-com:office:spreadsheet"
JSON = re.compile(r'\A\s*(\{\s*["}]|\[\s*[{\["\]])')  # a title such as "[2024] 문의" is none
PROTECTED = (b"\x9b DRMONE", b"<DOCUMENT SAFER", b"SCDSA")  # Fasoo, MarkAny, SoftCamp: offices encrypt with them
# What a zip is, by a member that only this kind has.
ZIPS = {
    "workbook.xml": "xlsx",
    "workbook.bin": "XLSB",
    "word/document.xml": "DOCX",
    "ppt/presentation.xml": "PPTX",
    "contents/content.hpf": "HWPX",
    "index/document.iwa": "Numbers",
}
OLES = {  # names of streams, as they stand in the directory of the container
    "EncryptedPackage": LOCKED,
    "Workbook": "XLS",
    "Book": "XLS",
    "WordDocument": "DOC",
    "FileHeader": "HWP",
}


def kind_of(path: Path, name: str) -> str:
    """One of NAMES; else the name of what it is, or LOCKED."""
    head = _head(path)
    if head.startswith(ZIPPED):
        return _zip(path)
    if head.startswith(OLE):
        return _ole(path)
    if head.startswith(PROTECTED):
        return LOCKED
    if kind := next((kind for mark, kind in SIGNATURES.items() if head.startswith(mark)), ""):
        return kind
    text = _text(path, head)
    if MARKUP.match(text):
        return "XML" if SHEET_2003 in text else "HTML"
    ending, start = _ending(name), text.lstrip()[:1]
    if JSON.match(text) or (start in ("{", "[") and name.lower().endswith(JSON_ENDINGS)):
        return "json" if start == "[" else "jsonl"
    return "tsv" if ending == "tsv" else "csv"


def is_table(path: Path, name: str) -> str:
    """Its kind, where it is a table; else nothing. What is JSON is for the check to say."""
    ending, head = _ending(name), _head(path)
    kind = kind_of(path, name)
    if kind in ("csv", "tsv"):
        sure = bool(ending) or delimiter_of(_text(path, head))[1] >= AGREEING
        return kind if head.strip(b"\0 \t\r\n") and sure else ""
    return kind if kind == "xlsx" or (ending and kind not in ("json", "jsonl")) else ""


def unreadable(kind: str) -> Fault | None:
    """Why a table of this kind cannot be read, where it cannot."""
    if kind == LOCKED:
        return fault(0, Code.TABLE_ENCRYPTED)
    return None if kind in NAMES else fault(0, Code.TABLE_FOREIGN, kind=kind)


def is_packed(path: Path) -> bool:
    """No text at all: an archive or a container."""
    return _head(path).startswith((ZIPPED, OLE))


def _ending(name: str) -> str:
    return next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), "")


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [plain(name) for name in archive.namelist()]
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                kind = archive.read("mimetype").decode("ascii", "replace")
                return "ODS" if "opendocument.spreadsheet" in kind else "EPUB, ODT, HWPX"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        return "xlsx"  # reading it says what is broken
    found = (kind for member, kind in ZIPS.items() if any(name.endswith(member) for name in names))
    return next(found, "ZIP" if names else "xlsx")


def _ole(path: Path) -> str:
    """By the names in its directory, which lies anywhere in the file."""
    with path.open("rb") as stream:
        body = stream.read(8 * 1024 * 1024)
    return next((kind for name, kind in OLES.items() if name.encode("utf-16-le") + b"\0\0" in body), LOCKED)


def _text(path: Path, head: bytes) -> str:
    """As far as the head can be read: a kind shows in signs that are ASCII in any encoding but the wide ones."""
    encoding = next((encoding for mark, encoding in MARKS if head.startswith(mark)), "")
    if not encoding and 0 in head[:4096]:
        encoding = evidence(path).encoding
    wide = encoding.startswith(("utf-16", "utf-32"))
    body = head if wide else head.removeprefix(BOM)
    decoder = codecs.getincrementaldecoder(encoding if wide else "utf-8")("replace")
    return decoder.decode(body)[:HEAD_CHARACTERS].lstrip("\ufeff")


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)
