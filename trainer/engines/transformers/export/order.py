"""What one export is made from and where it goes: FOLDER/export.json, written before this process starts."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LICENCE = re.compile(r"\A(licen[cs]e|copying|notice|terms|use_policy)", re.IGNORECASE)
TOKENIZER = {
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja"),
}
SUFFIXES = {".safetensors", ".json", ".jinja", ".txt", ".model"}


class RefusedError(Exception):
    """Why an export cannot be made, for a person to read."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Order:
    job: str
    model: str  # the tuned model's name
    base: Path
    weights: Path  # the checkpoint's folder: an adapter, or a whole model
    target: Path  # the archive
    work: Path  # scratch, thrown away afterwards
    made_on: str  # ISO date
    about: dict[str, Any]  # base.json

    @property
    def whole(self) -> bool:
        """Full weights were trained: there is no adapter, and nothing to merge."""
        return self.about.get("kind") == "full"

    @property
    def from_scratch(self) -> bool:
        """The base is a plan without weights: nobody's terms hold for what was made after it."""
        return self.whole and not any(self.base.glob("*.safetensors"))

    @property
    def short(self) -> str:
        """The model's name as a file's name."""
        return re.sub(r"[^\w.-]+", "-", self.model.removeprefix("ft:"), flags=re.ASCII).strip("-.")[:80] or "model"


def read(folder: Path) -> Order:
    row = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    base = Path(row["base"])
    about = json.loads((base / "base.json").read_text(encoding="utf-8"))
    weights, target = Path(row["weights"]), Path(row["target"])
    return Order(row["job"], row["model"], base, weights, target, folder / "work", row["made_on"], about)


def files_of(folder: Path) -> list[Path]:
    """The plain files of a folder that may leave this machine, by name: no links, no code, no pickles, no folders."""
    found = (path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink())
    return [path for path in found if path.suffix in SUFFIXES or LICENCE.match(path.name)]


def tokenizer_files(order: Order) -> list[Path]:
    """Those beside the weights come first: training may have made them."""
    there = {path.name: path for folder in (order.base, order.weights) for path in files_of(folder)}
    return [path for name, path in there.items() if name in TOKENIZER]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in files_of(folder))
