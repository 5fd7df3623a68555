"""Folders of bases: what may lie in one, what its base.json says, and whether its files are those that were pulled.

Pure Python: neither Django nor torch. A folder that breaks a rule raises BadBaseError with words for the operator.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

type Json = dict[str, Any]

NAME = re.compile(r"\A(?!sim-|ft-)[a-z0-9][a-z0-9.-]{0,62}\Z")
NEW = ".new"  # the ending of a folder on its way in
LARGEST_JSON = 32 * 2**20  # bytes: vocabularies are large
LARGEST_CONFIG = 2**18
LARGEST_HEADER = 100 * 2**20  # the format's own limit
TEXTS = {".json", ".jinja", ".txt", ".md", ".html"}
UNSAFE = {".py", ".pyc", ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack", ".so", ".onnx", ".npz"}
KINDS = {"lora", "full"}
ASK = "Ask its publisher for them, or convert it where you trust it: save_pretrained of transformers writes them."
# of base.json: each field with the types it may have
FIELDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "title": (str,),
    "licence": (str,),
    "spdx": (str,),
    "non_commercial": (bool,),
    "languages": (list,),
    "parameters": (int,),
    "context": (int,),
    "kind": (str,),
    "architecture": (str,),
    "chat_template": (bool,),
    "gguf": (bool,),
    "source": (dict,),
    "sha256": (dict,),
    "terms_accepted": (dict, type(None)),
    "auto": (dict,),
    "token_ratio": (float, int),
    "pulled_at": (str,),
    "memorises": (bool,),
}


class BadBaseError(Exception):
    """What is wrong with a folder, and what to do about it."""


def check_name(name: str) -> str:
    if not NAME.match(name) or ".." in name or name.endswith((NEW, ".old", ".")):
        raise BadBaseError(
            f"A base cannot be named {name[:80]!r}: take small letters, digits, dots and dashes, 63 at most, "
            "and begin neither with sim- nor with ft-."
        )
    return name


def listed(root: Path) -> Iterator[Path]:
    """The folders below root that may hold a base, by name; what is on its way in is not one of them."""
    if root.is_dir():
        for entry in _entries(root):
            if NAME.match(entry.name) and not entry.name.endswith(NEW) and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise BadBaseError(f"{folder} cannot be read: {error.strerror}.") from error


def read(folder: Path) -> Json:
    """base.json of a folder that may be trained: its fields have their types, its files are there, no others are."""
    about = read_json(folder / "base.json", LARGEST_CONFIG)
    for name, types in FIELDS.items():
        if not isinstance(about.get(name), types) or (isinstance(about[name], bool) and bool not in types):
            raise BadBaseError(f"{folder.name}/base.json: {name!r} is missing or of a wrong type.")
    if about["name"] != check_name(folder.name):
        raise BadBaseError(f"{folder.name}/base.json is that of {about['name'][:80]!r}.")
    if about["kind"] not in KINDS or about["context"] < 1 or about["parameters"] < 1 or about["token_ratio"] <= 0:
        raise BadBaseError(f"{folder.name}/base.json: kind, context, parameters or token_ratio make no sense.")
    _compare_names(folder, about)
    config = check_config(folder)
    if about["architecture"] not in config["architectures"]:
        raise BadBaseError(f"{folder.name}: config.json is of another architecture than base.json.")
    return about


def _compare_names(folder: Path, about: Json) -> None:
    here = {path.name for path in check_files(folder)} - {"base.json"}
    known = set(about["sha256"]) or {"config.json"}
    if missing := known - here:
        raise BadBaseError(f"{folder.name}: {sorted(missing)[0]} is missing. Remove the base and pull it again.")
    if more := here - known:
        raise BadBaseError(f"{folder.name}: {sorted(more)[0]} was not there when the base was pulled.")


def check_files(folder: Path) -> list[Path]:
    """The files of a folder; refused where one of them could run, or leads out of it."""
    found = []
    for entry in _entries(folder):
        if entry.name.startswith("."):  # of a hub's client, or of git: not copied
            continue
        path = Path(entry.path)
        if entry.is_symlink():
            raise BadBaseError(f"{path.name} is a link. Copy the folder with `cp -rL` first, and pull the copy.")
        if entry.is_dir():
            continue
        if not entry.is_file() or path.suffix.lower() in UNSAFE:
            raise BadBaseError(_unsafe(folder, path))
        found.append(path)
    return found


def _unsafe(folder: Path, path: Path) -> str:
    if any(folder.glob("*.safetensors")):
        return f"{path.name} could run code when it is loaded, and is not needed beside safetensors: remove it."
    return f"{path.name} could run code when it is loaded; only safetensors are taken. {ASK}"


def wanted(path: Path) -> bool:
    """Whether a file of a base is of use here: weights, and what describes them."""
    licence = path.name.upper().startswith(("LICEN", "NOTICE", "TERMS", "USE_POLICY"))
    return path.suffix == ".safetensors" or path.suffix in TEXTS or licence


def check_weights(folder: Path) -> int:
    """The number of parameters in a folder's safetensors. Raises where there are none, or one is cut short."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise BadBaseError(f"There are no safetensors in it, and nothing else is taken. {ASK}")
    names = {path.name for path in weights}
    index = folder / "model.safetensors.index.json"
    if index.exists():
        parts = read_json(index, LARGEST_JSON).get("weight_map")
        if not isinstance(parts, dict) or not set(map(str, parts.values())) <= names:
            raise BadBaseError("A part of the weights that model.safetensors.index.json names is missing.")
    return sum(map(_parameters, weights))


def _parameters(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(LARGEST_HEADER, size - 8):
            raise BadBaseError(f"{path.name} is no safetensors file, or is cut short.")
        try:
            tensors = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__"]
            shapes = [tensor["shape"] for name, tensor in tensors.items() if name != "__metadata__"]
            whole = size == 8 + length + max(ends, default=0)
            count = sum(_product(shape) for shape in shapes)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
            raise BadBaseError(f"{path.name} is no safetensors file.") from error
    if not whole:
        raise BadBaseError(f"{path.name} is cut short, or longer than it says: download it once more.")
    return count


def _product(shape: list[int]) -> int:
    product = 1
    for length in shape:
        product *= int(length)
    return product


def check_config(folder: Path) -> Json:
    """config.json, as long as it wants no code of its own. Which architectures are known, the child says."""
    config = read_json(folder / "config.json", LARGEST_CONFIG)
    if "auto_map" in config:
        raise BadBaseError("config.json wants code of the base's own to run (auto_map). Such a base is not taken.")
    names = config.get("architectures")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadBaseError("config.json names no architecture.")
    return config


def read_json(path: Path, limit: int) -> Json:
    try:
        size = path.lstat().st_size
        if size > limit:
            raise BadBaseError(f"{path.name} is larger than {limit:,} bytes.")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise BadBaseError(f"{path.name} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise BadBaseError(f"{path.name} is no JSON.") from error
    if not isinstance(content, dict):
        raise BadBaseError(f"{path.name} is no JSON object.")
    return content


def hashes(folder: Path) -> dict[str, str]:
    """{file: sha256} of all but base.json."""
    return {path.name: sha256(path) for path in check_files(folder) if path.name != "base.json"}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> Json:
    """Like read, and every file has the hash that it was pulled with."""
    about = read(folder)
    for name, expected in about["sha256"].items():
        if sha256(folder / name) != expected:
            raise BadBaseError(f"{folder.name}: {name} has changed since then. Remove the base and pull it again.")
    return about
