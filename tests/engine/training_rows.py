"""Training rows for tests."""

import json
from pathlib import Path
from typing import Any

type Row = dict[str, Any]


def chat(question: str = "첫눈", answer: str = "눈이 왔다.", **more: Any) -> Row:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": turns, **more}


def pair(better: str = "눈이 왔다.", worse: str = "눈.") -> Row:
    return {
        "input": {"messages": [{"role": "user", "content": "첫눈"}]},
        "preferred_output": [{"role": "assistant", "content": better}],
        "non_preferred_output": [{"role": "assistant", "content": worse}],
    }


def message(role: str, content: Any, **more: Any) -> Row:
    return {"role": role, "content": content, **more}


def write(path: Path, rows: list[Row | bytes]) -> Path:
    lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def with_row(row: Row | bytes, place: int = 7) -> list[Row | bytes]:
    """Eleven good rows with `row` as line `place`."""
    good: list[Row | bytes] = [chat(f"첫눈 {number}") for number in range(11)]
    return [*good[: place - 1], row, *good[place - 1 :]]
