"""One zip of plain files, written beside its place, flushed to the disk and renamed: whole or not there."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

CHUNK = 1024 * 1024
PLAIN_FILE = 0o100644 << 16
DENSE = {".safetensors", ".gguf"}  # weights: nothing is won by packing them tighter


def pack(
    target: Path, top: str, parts: Mapping[str, Path | str], on_bytes: Callable[[int, int], None]
) -> tuple[int, str]:
    """Write `parts` (name in the archive to a file or a text) below the folder `top`; returns size and sha256."""
    total = sum(part.stat().st_size if isinstance(part, Path) else len(part.encode()) for part in parts.values())
    draft = target.with_name(f"{target.name}.new")
    target.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    try:
        with draft.open("wb") as stream:
            with ZipFile(stream, "w", allowZip64=True) as archive:
                for name, part in parts.items():
                    done = _add(archive, f"{top}/{name}", part, done, lambda now: on_bytes(now, total))
            stream.flush()
            os.fsync(stream.fileno())
        size, digest = draft.stat().st_size, _sha256(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return size, digest


def _add(archive: ZipFile, name: str, part: Path | str, done: int, on_bytes: Callable[[int], None]) -> int:
    info = ZipInfo(name)  # with the oldest date there is: the same files make the same archive
    info.external_attr = PLAIN_FILE
    info.compress_type = ZIP_STORED if Path(name).suffix in DENSE else ZIP_DEFLATED
    if isinstance(part, str):
        archive.writestr(info, part)
        return done + len(part.encode())
    info.file_size = part.stat().st_size
    with part.open("rb") as source, archive.open(info, "w") as sink:
        return _copy(source, sink, done, on_bytes)


def _copy(source: IO[bytes], sink: IO[bytes], done: int, on_bytes: Callable[[int], None]) -> int:
    while chunk := source.read(CHUNK):
        sink.write(chunk)
        done += len(chunk)
        on_bytes(done)
    return done


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def need_room(folder: Path, wanted: int) -> int:
    """How many bytes are missing on the disk of `folder` for `wanted` more; 0 where they fit."""
    return max(0, wanted - shutil.disk_usage(folder).free)
