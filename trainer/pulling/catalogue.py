"""The curated list, trainer/bases.toml."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

LIST = Path(__file__).resolve().parent.parent / "bases.toml"


@dataclass(frozen=True)
class Entry:
    """A base that can be pulled. `terms` is what a person accepts first; `memory` is in GB."""

    name: str
    title: str
    source: dict[str, Any]
    hub: str = ""  # its id there, where `source` is another
    note: str = ""
    licence: str = "Unknown: see its publisher's page"
    spdx: str = ""
    terms: str = ""
    non_commercial: bool = False
    languages: list[str] = field(default_factory=list)
    parameters: int = 0
    context: int = 0
    memory: int = 0
    gguf: bool = False
    template: str = ""
    auto: dict[str, Any] = field(default_factory=dict)


@cache
def entries() -> dict[str, Entry]:
    rows = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return {name: Entry(name, **row) for name, row in rows.items()}


def by_hub_id(hub_id: str) -> Entry | None:
    """The entry whose model the hub has under that id."""
    return next((entry for entry in entries().values() if hub_id == (entry.hub or entry.source["id"])), None)
