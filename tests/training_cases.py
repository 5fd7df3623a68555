"""One bad input for every fault that a check can name; the good lines around it are fine.

They lie in samples/faults/, where people find them too: a file for every code, named like it. Most are good lines with
a bad fourth one among them.
"""

import json
from pathlib import Path
from typing import Any

from jobs import table_faults
from jobs.training_data.codes import WARNINGS, Code


def line(*messages: Any, **beside: Any) -> str:
    return json.dumps({"messages": list(messages), **beside}, ensure_ascii=False)


def user(content: Any = "눈", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def answer(content: Any = "함박눈이 내렸다.", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def call(arguments: Any = '{"city": "서울"}', **more: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


def function_call(name: Any, arguments: Any) -> dict[str, Any]:
    return {"role": "assistant", "function_call": {"name": name, "arguments": arguments}}


SAMPLES = Path(__file__).resolve().parent.parent / "samples/faults"
GOOD = [line(user(f"첫눈 {number}"), answer()) for number in range(12)]
GOOD_BYTES = "\n".join(GOOD).encode() + b"\n"
PAIR = json.dumps({"prompt": "첫눈", "completion": " 함박눈이 내렸다.\n"}, ensure_ascii=False)
PAIR_BYTES = f"{PAIR}\n".encode() * 12


def preference(**other: Any) -> str:
    """A good one, but for `other`."""
    good = {"input": {"messages": [user()]}, "preferred_output": [answer()], "non_preferred_output": [answer("눈.")]}
    return json.dumps({**good, **other}, ensure_ascii=False)


PREFERENCE = preference()
QUESTION = line(user("2 + 2는?"), solution="4")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"  # a red point
DATA_IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


def image(url: str, **more: Any) -> str:
    return line(user([{"type": "image_url", "image_url": {"url": url, **more}}]), answer())


def with_line_four(bad: str | bytes, among: list[str] = GOOD) -> bytes:
    raw = bad if isinstance(bad, bytes) else bad.encode()
    good = [each.encode() for each in among]
    return b"\n".join([*good[:3], raw, *good[3:]]) + b"\n"


def sample(code: Code) -> bytes:
    return (SAMPLES / f"{code}.jsonl").read_bytes()


def bad_fourth_lines(good: list[str]) -> dict[Code, bytes]:
    """Of every sample that is these good lines and one more."""
    rows = {
        code: sample(code).removesuffix(b"\n").split(b"\n")
        for code in sorted(set(Code) - WARNINGS - FILES.keys())
        if (SAMPLES / f"{code}.jsonl").exists()
    }
    around = [each.encode() for each in good]
    return {code: lines[3] for code, lines in rows.items() if len(lines) == 13 and lines[:3] + lines[4:] == around}


FILES: dict[Code, tuple[int, bytes]] = {  # the line that is named (0: the whole file), the bytes
    Code.EMPTY_FILE: (0, sample(Code.EMPTY_FILE)),
    Code.NOT_TEXT: (1, sample(Code.NOT_TEXT)),
    Code.UTF16: (1, sample(Code.UTF16)),
    Code.BOM: (1, sample(Code.BOM)),
    Code.JSON_ARRAY: (1, sample(Code.JSON_ARRAY)),
    Code.SPREAD_OVER_LINES: (1, sample(Code.SPREAD_OVER_LINES)),
    Code.BOM_INSIDE: (4, sample(Code.BOM_INSIDE)),
    Code.CR_LINE_ENDS: (1, sample(Code.CR_LINE_ENDS)),
    Code.TOO_FEW_EXAMPLES: (0, sample(Code.TOO_FEW_EXAMPLES)),
    Code.INCOMPLETE_FILE: (12, sample(Code.INCOMPLETE_FILE)),
    Code.LINE_TOO_LONG: (13, GOOD_BYTES + b'{"messages": "' + b"a" * 50_000_000),  # too long to keep
}
AMONG: dict[str, tuple[dict[Code, bytes], list[str]]] = {  # the bad lines of each format, and what stands around them
    kind: (bad_fourth_lines(good), good)
    for kind, good in (
        ("chat", GOOD),
        ("legacy", [PAIR] * 12),
        ("preference", [PREFERENCE] * 12),
        ("reinforcement", [QUESTION] * 12),
    )
}
LINES = AMONG["chat"][0]
# tested on their own
ELSEWHERE = {
    Code.NO_EXAMPLES,
    Code.TOO_MANY_FAULTS,
    Code.BYTES_MISSING,
    Code.TOO_MANY_EXAMPLES,
    Code.TOO_MANY_IMAGE_EXAMPLES,
    Code.CHECK_STOPPED,
    *table_faults.WORDS,  # tests/test_tables.py, tests/test_operations.py
}


def bad_input(code: Code) -> bytes:
    """A file with this fault and no other."""
    return FILES[code][1] if code in FILES else sample(code)
