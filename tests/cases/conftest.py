"""Tables converted by the reader's own guess, as `manage.py convert_table` does it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jobs.faults import explain
from jobs.training_data.tables.__main__ import main
from jobs.training_data.tables.asking import Order
from jobs.training_data.tables.shapes import Way

type Converted = tuple[dict[str, Any], list[dict[str, Any]]]
type Convert = Callable[[Path], Converted]
type ConvertText = Callable[..., Converted]


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    """As the command does it, but in this process: one of its own for each of some hundred tables takes minutes."""

    def run(path: Path) -> Converted:
        out = tmp_path / "out.jsonl"
        answer = main(Order(str(path), path.name, Way(), None, str(out)))
        if answer.refused:
            why = answer.refused
            refused = {"code": why.code, "line": why.line, "message": explain(why)[0]}
            return {"refused": refused, "notes": []}, []
        assert answer.made
        said = {"notes": [{"code": note.code, "message": explain(note)[0]} for note in answer.made.notes]}
        built = msgspec.to_builtins(answer.made) | said | {"refused": None}
        return built, [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    return run


@pytest.fixture
def convert_text(convert: Convert, tmp_path: Path) -> ConvertText:
    """Converts what is given: bytes, text, or a value to be written as JSON."""

    def run(body: Any, name: str = "rows.json") -> Converted:
        path = tmp_path / name
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        path.write_bytes(body)
        return convert(path)

    return run


def codes(said: dict[str, Any]) -> list[str]:
    return [note["code"] for note in said["notes"]]


def texts(example: dict[str, Any]) -> list[str]:
    return [message["content"] for message in example["messages"]]
