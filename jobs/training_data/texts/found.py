"""What reading a text found out: plain structs, from one process to the other."""

import msgspec

from jobs.training_data.structs import for_threads

KINDS = ("txt", "md", "docx", "hwpx", "pdf")
ENCODINGS = ("utf-8", "cp949", "utf-16-le", "utf-16-be", "johab", "iso2022_kr")  # those that a person may choose

PUT_RIGHT = "mojibake"  # chosen in place of an encoding: as recognised, then what is certainly mojibake is put right

type Noted = dict[str, int | str]  # codes.Note → how often, or on which pages


class Bounds(msgspec.Struct, frozen=True):
    """Of one text."""

    text_bytes: int = 64 * 1024 * 1024  # of a plain text, and of the XML of a document
    characters: int = 32 * 1024 * 1024  # that come out
    parts: int = 2_000  # in a zip
    depth: int = 200  # elements within each other
    pages: int = 5_000
    seconds: float = 120


BOUNDS = Bounds()


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text is written, or `fault` says why not. `notes`: what was noticed, how often or on which pages."""

    fault: str = ""
    params: dict[str, str | int] = {}
    encoding: str = ""  # of a plain text, as it was recognised or chosen
    notes: Noted = {}
    headings: tuple[int, ...] = ()  # characters at which those begin that the file itself marks
    characters: int = 0
    sentences: int = 0
    sha256: str = ""  # of the text as UTF-8


@for_threads
class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the process: it still reads (pages so far), or it is done."""

    pages: int = 0
    of: int = 0
    found: Found | None = None
