"""A file to the same file without personal data.

    python -m jobs.training_data.masking SOURCE TARGET LANGUAGE KIND…        lines of JSON: progress

Each value has one placeholder throughout the file, `[전화번호_1]`, so that who is who can still be learnt. Keys, roles,
ids and pictures are not touched; a line without personal data is copied byte by byte.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jobs.training_data.apart import tell
from jobs.training_data.checking import PROGRESS_SECONDS
from jobs.training_data.findings import Heard, OnProgress
from jobs.training_data.personal import Kind
from jobs.training_data.privacy import find
from jobs.training_data.readable import read_plainly
from jobs.training_data.reading import lines
from jobs.training_data.report import LIMITS, Progress
from jobs.training_data.spoken import STRUCTURE, loaded, strings

NAMES = {
    "ko": {
        Kind.RESIDENT: "주민등록번호",
        Kind.FOREIGNER: "외국인등록번호",
        Kind.PHONE: "전화번호",
        Kind.CARD: "카드번호",
        Kind.PASSPORT: "여권번호",
        Kind.LICENCE: "운전면허번호",
        Kind.ACCOUNT: "계좌번호",
        Kind.EMAIL: "이메일",
        Kind.KEY: "API키",
    },
    "en": {kind: kind.value.upper() for kind in Kind},
}

FROM_ABROAD = re.compile(r"(?:00(?:7[0-9]{2}|[127])?)?82(?:00?)?(?=[1-7])")  # +82 10, 0082-10, 82-(0)10: 010


type Change = Callable[[str], str]


class Placeholders:
    """Gives the same value the same number, however it is written: 010-1234-5678, +82 10 1234 5678."""

    def __init__(self, kinds: Collection[Kind], language: str) -> None:
        self._kinds = frozenset(kinds)
        self._names = NAMES.get(language, NAMES["en"])
        self._numbers: dict[Kind, dict[str, int]] = {kind: {} for kind in Kind}

    def mask(self, text: str) -> str:
        """Again and again until nothing is found: what stood too near to another number may show only then."""
        while found := [one for one in find(text) if one.kind in self._kinds]:
            pieces, last = [], 0
            for one in found:
                pieces += [text[last : one.start], self._placeholder(one.kind, text[one.start : one.end])]
                last = one.end
            text = "".join([*pieces, text[last:]])
        return text

    def _placeholder(self, kind: Kind, value: str) -> str:
        known = self._numbers[kind]
        number = known.setdefault(_bare(kind, value), len(known) + 1)
        return f"[{self._names[kind]}_{number}]"

    def touches(self, example: dict[str, Any]) -> bool:
        return any(one.kind in self._kinds for text in strings(example) for one in find(text))


def _bare(kind: Kind, value: str) -> str:
    if kind is Kind.KEY:
        return value
    if kind is Kind.EMAIL:
        return re.sub(r"\s", "", read_plainly(value)).lower()
    bare = "".join(char for char in read_plainly(value) if char.isalnum())
    if kind is Kind.PHONE and (abroad := FROM_ABROAD.match(bare)):
        return "0" + bare[abroad.end() :]
    return bare


def mask_file(source: Path, target: Path, placeholders: Placeholders, progress: OnProgress) -> None:
    told, size = time.monotonic(), source.stat().st_size
    with source.open("rb") as stream, target.open("wb") as out:
        for line in lines(stream, LIMITS.line_bytes):
            out.write(mask_line(line.raw, placeholders) + b"\n")
            if (now := time.monotonic()) - told >= PROGRESS_SECONDS:
                told = now
                progress(Progress(line.end, size, line.number))


def mask_line(raw: bytes, placeholders: Placeholders) -> bytes:
    example = loaded(raw)
    if not example or not placeholders.touches(example):
        return raw
    exact = json.loads(raw)  # keeps integers of any length, which the fast reader does not
    return json.dumps(_changed(exact, placeholders.mask), ensure_ascii=False).encode()


def _changed(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(one, change) for one in value]
    if isinstance(value, dict):
        return {key: _of_key(key, one, change) for key, one in value.items()}
    return value


def _of_key(key: str, value: Any, change: Change) -> Any:
    if key in STRUCTURE:
        return value
    return _arguments(value, change) if key == "arguments" and isinstance(value, str) else _changed(value, change)


def _arguments(text: str, change: Change) -> str:
    """A text that is JSON stays JSON: a number in it becomes a text."""
    masked = change(text)
    if masked == text or not _is_json(text) or _is_json(masked):
        return masked
    return json.dumps(_numbers_too(json.loads(text), change), ensure_ascii=False)


def _numbers_too(value: Any, change: Change) -> Any:
    if isinstance(value, dict):
        return {key: _numbers_too(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_numbers_too(one, change) for one in value]
    if isinstance(value, str):
        return change(value)
    shown = json.dumps(value)
    masked = change(shown)
    return value if masked == shown else masked


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    source, target, language, *kinds = sys.argv[1:]
    mask_file(
        Path(source),
        Path(target),
        Placeholders([Kind(kind) for kind in kinds], language),
        lambda done: tell(Heard(progress=done)),
    )
