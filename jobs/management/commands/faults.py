"""manage.py faults: docs/faults.md from the codes, their words, and what the check says of samples/faults/."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from jobs.faults import explain
from jobs.management.commands.compile_translations import compile_catalogues
from jobs.management.described_faults import DESCRIBED
from jobs.training_data.checking import check
from jobs.training_data.codes import WARNINGS, Code
from jobs.training_data.report import Fault

LANGUAGES = ("ko", "en")
SHOWN = 160  # characters of the bad line
HEAD = """# 학습 파일의 오류와 경고 · Faults and warnings of a training file

`manage.py faults`가 `jobs/training_data/codes.py`와 `jobs/faults.py`, `samples/faults/`로 이 문서를 씁니다.
`make lint`는 이 문서가 낡으면 실패합니다. 오류가 하나라도 있으면 그 파일로 학습할 수 없고, 경고만 있으면 할 수
있습니다. 코드는 바뀌지 않으며, `check_file --json`의 `code`와 같습니다.

Written by `manage.py faults` from those three; `make lint` fails where it is stale. A fault makes a file unusable, a
warning does not. Codes are stable: they are the `code` of `check_file --json`.
"""


def samples() -> Path:
    return Path(settings.BASE_DIR) / "samples/faults"


def shown(code: Code) -> Fault:
    """The fault or warning as the check names it in the sample of that code."""
    if code in DESCRIBED:
        return DESCRIBED[code][2]
    report = check(samples() / f"{code}.jsonl")
    return next(found for found in (*report.faults, *report.warnings) if found.code == code)


def page() -> str:
    """Return docs/faults.md as it should be. Raises CommandError where a code has no sample."""
    if lacking := [code for code in Code if code not in DESCRIBED and not (samples() / f"{code}.jsonl").exists()]:
        raise CommandError(f"no sample in samples/faults/, and none described, of: {', '.join(lacking)}")
    parts = [HEAD]
    for title, codes in (("오류 · Faults", set(Code) - WARNINGS), ("경고 · Warnings", WARNINGS)):
        ordered = [code for code in Code if code in codes]
        parts += [f"## {title}\n", " · ".join(f"[`{code}`](#{code})" for code in ordered) + "\n"]
        parts += ["\n".join(_entry(code)) for code in ordered]
    return "\n".join(parts)


def _entry(code: Code) -> Iterator[str]:
    found = shown(code)
    yield f"### {code}\n"
    yield from _sample(code, found)
    yield "\n| | 무엇이 잘못되었나 · What is wrong | 고치는 방법 · How to mend it |\n|---|---|---|"
    for language in LANGUAGES:
        with translation.override(language):
            yield f"| {language} | {' | '.join(_cell(text) for text in explain(found))} |"
    yield ""


def _sample(code: Code, found: Fault) -> Iterator[str]:
    if code in DESCRIBED:
        korean, english, _fault = DESCRIBED[code]
        yield f"예 · Sample: {korean} · {english}"
        return
    path = samples() / f"{code}.jsonl"
    where = f"{found.line}번째 줄 · line {found.line}" if found.line else "파일 전체 · the whole file"
    yield f"예 · Sample: [{path.name}](../samples/faults/{path.name}), {where}"
    if found.line:
        raw = path.read_bytes().split(b"\n")[found.line - 1]
        yield f"\n```text\n{_printable(raw)}\n```"


def _printable(raw: bytes) -> str:
    """Bytes that are no text, and characters that cannot be seen, as escapes."""
    text = raw[: SHOWN * 4].decode("utf-8", "backslashreplace")
    seen = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return seen if len(seen) <= SHOWN else f"{seen[:SHOWN]}…"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


class Command(BaseCommand):
    help = "Write docs/faults.md; --check: tell whether it is fresh."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where it is stale")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        compile_catalogues()
        path = Path(settings.BASE_DIR) / "docs/faults.md"
        if not check:
            path.write_text(page(), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != page():
            raise CommandError("docs/faults.md is stale: run `manage.py faults`")
