"""Images in an example: what the services document that they take. What they would skip silently is a fault here.

An image may have 10 MB. Inside the line it cannot, since no line may (Limits.line_bytes); so a large one needs an
address. An image inside the line is looked at by its base64, its first bytes and its end: it is not drawn.
"""

import re
from binascii import Error, a2b_base64
from collections.abc import Iterable, Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.report import Fault, Place, fault, printable

IMAGES_PER_EXAMPLE = 10
DETAILS = ("low", "high", "auto")
ADDRESS = re.compile(r"https?://[^\s/]+", re.IGNORECASE)
DATA = re.compile(r"data:([^;,]{0,60})(?:;[^;,]{0,60}){0,2};base64,", re.IGNORECASE)
KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}
OTHERS = {  # what people take for an image that can be trained on
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"%PDF": "PDF",
    b"<svg": "SVG",
    b"<?xml": "SVG",
}
HEIC = re.compile(rb"....ftyp(hei[cfsx]|mif1|avif)", re.DOTALL)
JPEG_END, PNG_END = b"\xff\xd9", b"IEND"
WEBP = slice(8, 12)


def image_faults(line: int, number: Place, at: int, image: dict[str, Any]) -> Iterator[Fault]:
    """Of the object that says where an image is: {"url": …, "detail": …}."""
    url = image["url"]
    if data := DATA.match(url):
        yield from _data_faults(line, number, at, data[1], url[data.end() :])
    elif not ADDRESS.match(url):
        yield fault(line, Code.IMAGE_ADDRESS, message=number, part=at, near=printable(url))
    if image.get("detail", "auto") not in DETAILS:
        yield fault(line, Code.IMAGE_DETAIL, message=number, part=at, value=printable(image["detail"]))


def _data_faults(line: int, number: Place, at: int, label: str, text: str) -> Iterator[Fault]:
    raw = _decoded(text)
    if not raw:
        yield fault(line, Code.IMAGE_BASE64, message=number, part=at)
    elif not (kind := kind_of(raw)):
        yield fault(line, Code.IMAGE_KIND, message=number, part=at, kind=_other(raw) or printable(label))
    elif not _is_whole(kind, raw):
        yield fault(line, Code.IMAGE_CUT, message=number, part=at, kind=kind)


def _decoded(text: str) -> bytes:
    """Nothing where it is no base64."""
    try:
        return a2b_base64(text, strict_mode=True)
    except (Error, ValueError):
        return b""


def kind_of(raw: bytes) -> str:
    """Its media type by its first bytes; empty for what cannot be trained on."""
    kind = next((kind for mark, kind in KINDS.items() if raw.startswith(mark)), "")
    return "" if kind == "image/webp" and raw[WEBP] != b"WEBP" else kind


def _other(raw: bytes) -> str:
    if HEIC.match(raw):
        return "HEIC, AVIF"
    return next((kind for mark, kind in OTHERS.items() if raw.startswith(mark)), "")


def _is_whole(kind: str, raw: bytes) -> bool:
    """Its end is there. What a camera or an editor writes behind it does no harm."""
    match kind:
        case "image/jpeg":
            return JPEG_END in raw[_picture_of_jpeg(raw) :]
        case "image/png":
            return PNG_END in raw
    return int.from_bytes(raw[4:8], "little") + 8 <= len(raw) + 1  # an odd length may lack its padding


def _picture_of_jpeg(raw: bytes) -> int:
    """Where its own picture begins: behind the segments, one of which may hold a small JPEG with an end of its own."""
    at = 2
    while raw[at : at + 1] == b"\xff" and raw[at + 1 : at + 2] not in (b"\xd9", b"\xda", b""):
        at += 2 + int.from_bytes(raw[at + 2 : at + 4])
    return at


def right_label(url: str) -> str | None:
    """The address with the media type that the bytes have; None where it is right, or the image is not inside."""
    data = DATA.match(url)
    kind = kind_of(_decoded(url[data.end() : data.end() + 32])) if data else ""
    if not data or not kind or data[1].lower() == kind:
        return None
    return f"data:{kind}{url[data.end(1) :]}"


def wrong_labels(message: dict[str, Any]) -> bool:
    """Whether an image inside a faultless message is called what it is not."""
    content = message.get("content")
    return isinstance(content, list) and any(
        part["type"] == "image_url" and right_label(part["image_url"]["url"]) is not None for part in content
    )


def too_many_images(line: int, messages: Iterable[object]) -> Iterator[Fault]:
    if (images := count_images(messages)) > IMAGES_PER_EXAMPLE:
        yield fault(line, Code.TOO_MANY_IMAGES, images=images, limit=IMAGES_PER_EXAMPLE)


def count_images(messages: Iterable[object]) -> int:
    contents = (each.get("content") for each in messages if isinstance(each, dict))
    parts = (part for content in contents if isinstance(content, list) for part in content)
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)
