"""Images in an example: what the services document that they take. What they would skip silently is a fault here.

An image may have 10 MB. Inside the line it cannot, since no line may (Limits.line_bytes); so a large one needs an
address.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.report import Fault, Place, fault, printable

IMAGES_PER_EXAMPLE = 10
DETAILS = ("low", "high", "auto")
ADDRESS = re.compile(r"https?://[^\s/]+", re.IGNORECASE)
DATA = re.compile(r"data:([^;,]{0,60});base64,", re.IGNORECASE)
KINDS = ("image/jpeg", "image/png", "image/webp")
MARKS = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")
HEAD_CHARACTERS = 16  # of base64, which make 12 bytes


def image_faults(line: int, number: Place, at: int, image: dict[str, Any]) -> Iterator[Fault]:
    """Of the object that says where an image is: {"url": …, "detail": …}."""
    url = image["url"]
    if data := DATA.match(url):
        if not _is_image(data[1].lower(), url[data.end() : data.end() + HEAD_CHARACTERS]):
            yield fault(line, Code.IMAGE_KIND, message=number, part=at, kind=printable(data[1]))
    elif not ADDRESS.match(url):
        yield fault(line, Code.IMAGE_ADDRESS, message=number, part=at, near=printable(url))
    if image.get("detail", "auto") not in DETAILS:
        yield fault(line, Code.IMAGE_DETAIL, message=number, part=at, value=printable(image["detail"]))


def _is_image(kind: str, head: str) -> bool:
    """Both what it is called and what its first bytes say."""
    try:
        raw = b64decode(head, validate=True)
    except (Error, ValueError):
        return False
    return kind in KINDS and raw.startswith(MARKS)


def too_many_images(line: int, messages: Iterable[object]) -> Iterator[Fault]:
    if (images := count_images(messages)) > IMAGES_PER_EXAMPLE:
        yield fault(line, Code.TOO_MANY_IMAGES, images=images, limit=IMAGES_PER_EXAMPLE)


def count_images(messages: Iterable[object]) -> int:
    contents = (each.get("content") for each in messages if isinstance(each, dict))
    parts = (part for content in contents if isinstance(content, list) for part in content)
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)
