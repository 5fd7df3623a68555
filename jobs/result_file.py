"""A job's result file, whoever wrote it: decoded to text, and read as the figures of each step."""

import base64
import binascii
import csv
import io
import math
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import orjson

from jobs.answers import storable

DELIMITERS = ",;\t|"
BASE64 = re.compile(r"[A-Za-z0-9+/=_-]++(?:\r?\n[A-Za-z0-9+/=_-]++)*+\s*", re.ASCII)
STEPS = ("step", "global_step", "train_global_step", "steps", "step_number", "train_step", "iteration", "iter", "epoch")
LOSSES = {
    **dict.fromkeys(("train_loss", "training_loss", "loss"), "train_loss"),
    **dict.fromkeys(("valid_loss", "validation_loss", "eval_loss", "val_loss"), "valid_loss"),
    **dict.fromkeys(("full_valid_loss", "full_validation_loss"), "full_valid_loss"),
}
BREAK = re.compile(r"[\s/.:-]+")
LARGEST = 1e12
MOST_STEPS = 2**31
MOST_ROWS = 200_000
POINTS = 10_000  # of a curve; the file itself holds them all


def decode_result(content: bytes) -> str:
    """A result file as CSV text: services send it as it is, or as base64 text (OpenAI does, undocumented)."""
    text = _decoded(content)
    if not BASE64.fullmatch(text):  # a table has a delimiter, and base64 none of them
        return text
    try:
        return _decoded(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return text


def _decoded(content: bytes) -> str:
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return str(storable(content.decode("utf-16" if marked else "utf-8-sig", errors="replace")))


def steps_of(text: str) -> list[dict[str, float]]:
    """The figures of each step, `step` among them, by our names for the losses; empty where none can be found.

    Columns may stand in any order, under other names, between any of DELIMITERS; or each line is a JSON object.
    """
    try:
        rows = list(islice(_objects(text) if text.lstrip()[:1] in ("{", "[") else _rows(text), MOST_ROWS))
    except csv.Error:  # no table: a field without end, say
        return []
    named = [{plain_name(str(name)): value for name, value in row.items()} for row in rows]
    key = next((name for name in STEPS if any(name in row for row in named)), "")
    read = [_figures(row, key) for row in named] if key else []
    found = [figures for figures in read if len(figures) > 1 and "step" in figures]
    if key == "epoch" and len({figures["step"] for figures in found}) < len(found):
        return []  # several rows an epoch: nothing says which step each is
    every = max(1, math.ceil(len(found) / POINTS))
    return found[::every] + (found[-1:] if (len(found) - 1) % every else [])


def _figures(row: dict[str, Any], key: str) -> dict[str, float]:
    read = {"step" if name == key else name: number_of(value) for name, value in row.items()}
    step = read.get("step")
    if step is None or step != int(step) or not 0 <= step < MOST_STEPS:
        return {}
    return {name: value for name, value in read.items() if value is not None and name}


def plain_name(name: str) -> str:
    """Our name for a loss or a step: `train/loss`, `Training Loss` and `loss` are train_loss. Others keep theirs."""
    plain = BREAK.sub("_", name.strip().lstrip("#").strip().lower())
    return LOSSES.get(plain) or (plain if plain in (*STEPS, "total_steps") else name.strip())


def number_of(value: object) -> float | None:
    """A figure that can be drawn; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        return None
    return value


def _objects(text: str) -> Iterable[dict[str, Any]]:
    """JSON Lines, or one array of objects. What cannot be read is passed over."""
    try:
        whole = orjson.loads(text)
        items = whole if isinstance(whole, list) else [whole]
    except orjson.JSONDecodeError:
        items = [_loaded(line) for line in text.splitlines()]
    return (item for item in items if isinstance(item, dict))


def _loaded(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _rows(text: str) -> Iterable[dict[str, Any]]:
    """The rows of a table, with whatever stands between its columns; 1,5 is a number where no comma does."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].lower().startswith("sep="):
        lines = lines[1:]
    if not lines:
        return []
    delimiter = max(DELIMITERS, key=lines[0].count)
    rows = csv.DictReader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    return (
        {name: value.replace(",", ".") if isinstance(value, str) else value for name, value in row.items() if name}
        for row in rows
    )
