"""Halves of uploads and of files that a killed process leaves: they fill the disk, and hold people's text.

A half is known by its name and by its age: what is still being written has been written to just now.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

UPLOAD_SECONDS = 15 * 60  # without a byte: parsing a body that has arrived never pauses so long
HALF_SECONDS = 24 * 3600  # of files that workers make: their lease is renewed by the minute


def sweep(upload_seconds: float = UPLOAD_SECONDS) -> int:
    """Delete what nobody writes to any more; return how many files that were."""
    uploads = _older(_files(Path(settings.FILE_UPLOAD_TEMP_DIR), "tmp*"), upload_seconds)
    halves = _older(_files(Path(settings.MEDIA_ROOT), "**/*.part"), HALF_SECONDS)
    swept = [*uploads, *halves]
    for path in swept:
        path.unlink(missing_ok=True)
    return len(swept)


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    return (path for path in folder.glob(pattern) if path.is_file() and not path.is_symlink())


def _older(paths: Iterator[Path], seconds: float) -> Iterator[Path]:
    before = time.time() - seconds
    for path in paths:
        try:
            old = path.stat().st_mtime < before
        except FileNotFoundError:  # its request has ended meanwhile
            continue
        if old:
            yield path
