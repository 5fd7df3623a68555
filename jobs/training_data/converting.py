"""A legacy prompt/completion file to a chat file.

White space around prompts and completions is dropped: the data of 2023 began each completion with a
space and ended prompts in line breaks because the models of then wanted it. Markers such as `###`, `->`
or `END` stay, since they may be text; they can be taken off in an editor.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from jobs.training_data.reading import BOM, lines
from jobs.training_data.report import LIMITS


def legacy_to_chat(src: Path, dst: Path, system_prompt: str = "") -> int:
    """Writes dst line by line and returns how many examples it holds. Lines that are no pair are left out."""
    written = 0
    with src.open("rb") as source, dst.open("wb") as target:
        for prompt, completion in _pairs(source):
            target.write(orjson.dumps({"messages": _messages(prompt, completion, system_prompt.strip())}) + b"\n")
            written += 1
    return written


def _pairs(source: IO[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines(source, LIMITS.line_bytes):
        match None if line.too_long else _loaded(line.raw):
            case {"prompt": str(prompt), "completion": str(completion)}:
                yield prompt.strip(), completion.strip()


def _loaded(raw: bytes) -> object:
    try:
        return orjson.loads(raw.removeprefix(BOM))
    except orjson.JSONDecodeError:
        return None


def _messages(prompt: str, completion: str, system_prompt: str) -> list[dict[str, Any]]:
    first = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [*first, {"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
