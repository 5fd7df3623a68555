"""A zip that is written piece by piece, with the path, size and sha256 of each file of it for a manifest."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils import timezone


class Pipe:
    """What the zip is written to. It knows no place to go back to, and so zipfile streams."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self.waiting)
        self.waiting.clear()
        return taken


class ZipStream:
    """Write files by `entry` or `whole`, and take from `pipe` what there is of the zip so far."""

    def __init__(self) -> None:
        self.pipe = Pipe()
        self.zip = ZipFile(cast(IO[bytes], self.pipe), "w", ZIP_DEFLATED)
        self.made_at = timezone.now()
        self.files: list[dict[str, Any]] = []

    @contextmanager
    def entry(self, path: str, what: str) -> Iterator[Callable[[bytes], None]]:
        """Write one file of the archive, and note it for the manifest."""
        about = ZipInfo(path, self.made_at.timetuple()[:6])
        about.compress_type, about.compress_level, about.external_attr = ZIP_DEFLATED, 1, 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self.zip.open(about, "w", force_zip64=True) as out:

            def write(data: bytes) -> None:
                nonlocal size
                size += out.write(data)
                digest.update(data)

            yield write
        self.files.append({"path": path, "what": what, "bytes": size, "sha256": digest.hexdigest()})

    def whole(self, path: str, what: str, data: bytes) -> None:
        with self.entry(path, what) as write:
            write(data)
