"""Files and folders that are there whole or not at all, also after a crash of the machine."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

NEW = ".new"


def write_tensors(path: Path, tensors: dict[str, Any], metadata: dict[str, str]) -> None:
    """Tensors on the CPU, contiguous."""
    new = path.with_name(path.name + NEW)
    try:
        save_file(tensors, new, metadata=metadata)
        _sync(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    _sync(path.parent)


def write_json(path: Path, content: dict[str, Any]) -> None:
    new = path.with_name(path.name + NEW)
    try:
        new.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        _sync(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    _sync(path.parent)


class NewFolder:
    """`with NewFolder(path) as new:` writes into `new`, which takes the place of `path` at the end."""

    def __init__(self, path: Path) -> None:
        self.path, self.new = path, path.with_name(path.name + NEW)

    def __enter__(self) -> Path:
        shutil.rmtree(self.new, ignore_errors=True)
        self.new.mkdir(parents=True)
        return self.new

    def __exit__(self, failure: object, *_rest: object) -> None:
        try:
            if failure is None:
                self._take_place()
        finally:
            shutil.rmtree(self.new, ignore_errors=True)

    def _take_place(self) -> None:
        for entry in self.new.iterdir():
            _sync(entry)
        _sync(self.new)
        shutil.rmtree(self.path, ignore_errors=True)
        self.new.rename(self.path)
        _sync(self.path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
