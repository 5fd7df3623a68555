"""Findings: what a person should know of a file that can be trained on. Never faults.

The look itself runs in a process of its own (`jobs.training_data.looking`). Beside the bytes it leaves two files:
`<name>.findings`, JSON {code: [line, …]} with all lines, sorted, from 1; and `<name>.hashes`, which leakage.py reads.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.personal import Kind
from jobs.training_data.report import Finding, Progress
from jobs.training_data.structs import for_threads
from jobs.training_data.unreadable import Sign


class FindingCode(StrEnum):
    """jobs/findings.py has the words for each."""

    EXACT_DUPLICATES = "exact_duplicates"
    NEAR_DUPLICATES = "near_duplicates"
    CONTRADICTIONS = "contradictions"
    EMPTY_ANSWERS = "empty_answers"
    SHORT_ANSWERS = "short_answers"
    LONG_EXAMPLES = "long_examples"
    LANGUAGE_MIX = "language_mix"
    MOJIBAKE = Sign.MOJIBAKE.value
    REPLACED = Sign.REPLACED.value
    QUESTION_MARKS = Sign.QUESTION_MARKS.value
    PRIVATE_USE = Sign.PRIVATE_USE.value
    CONTROL = Sign.CONTROL.value


PERSONAL = "personal_"  # begins the code of each kind of personal data
DUPLICATES = (FindingCode.EXACT_DUPLICATES, FindingCode.NEAR_DUPLICATES)
SHOWN_LINES = 100

OnProgress = Callable[[Progress], None]


class Looked(msgspec.Struct):
    findings: list[Finding] = []
    statistics: dict[str, Any] = {}


@for_threads
class Heard(msgspec.Struct, omit_defaults=True):
    """A line of the process that looks."""

    progress: Progress | None = None
    looked: Looked | None = None


def personal_code(kind: Kind) -> str:
    return f"{PERSONAL}{kind.value}"


def personal_kind(code: str) -> Kind | None:
    """The kind of personal data that a finding is about, if it is about any."""
    return Kind(code.removeprefix(PERSONAL)) if code.startswith(PERSONAL) else None


def sidecar(path: Path) -> Path:
    return path.with_suffix(".findings")


def hashes(path: Path) -> Path:
    return path.with_suffix(".hashes")


def lines_with(path: Path, code: str) -> list[int]:
    """All lines of the training file at `path` with this finding; none where nobody looked."""
    try:
        found: dict[str, list[int]] = msgspec.json.decode(sidecar(path).read_bytes(), type=dict[str, list[int]])
    except FileNotFoundError:
        return []
    return found.get(code, [])


def look_apart(path: Path, progress: OnProgress, *, personal: bool = True, keep: bool = True) -> Looked:
    """Look at a checked file. `keep`: leave the sidecars. Raises ChildProcessError; what `progress` raises ends it."""
    words = [word for word, wanted in (("personal", personal), ("keep", keep)) if wanted]
    answers = lines_of("jobs.training_data.looking", str(path), *words)
    try:
        for answer in answers:
            heard = msgspec.json.decode(answer, type=Heard)
            if heard.looked:
                return heard.looked
            if heard.progress:
                progress(heard.progress)
    finally:
        answers.close()
    raise ChildProcessError("the look said nothing")
