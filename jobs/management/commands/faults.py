"""manage.py faults: docs/faults.md from the codes, their words, and what the check says of samples/faults/.

The findings follow in a table of their own.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from jobs import findings
from jobs.faults import explain
from jobs.management.commands.compile_translations import compile_catalogues
from jobs.management.described_faults import DESCRIBED, FOUND
from jobs.training_data.checking import check
from jobs.training_data.codes import NOTES, WARNINGS, Code
from jobs.training_data.report import Fault

LANGUAGES = ("ko", "en")
SHOWN = 160  # characters of the bad line
HEAD = """# 학습 파일의 오류와 경고 · Faults and warnings of a training file

`manage.py faults`가 `jobs/training_data/codes.py`와 `jobs/faults.py`, `jobs/findings.py`, `samples/faults/`로 이 문서를
씁니다. `make lint`는 이 문서가 낡으면 실패합니다. 오류가 하나라도 있으면 그 파일로 학습할 수 없고, 경고와
[살펴볼 점](#findings)만 있으면 할 수 있습니다. 코드는 바뀌지 않으며, `check_file --json`의 `code`와 같습니다: 오류는
`errors`에, 경고와 살펴볼 점은 `findings`에 있습니다.

Written by `manage.py faults` from those four; `make lint` fails where it is stale. A fault makes a file unusable, a
warning or a [finding](#findings) does not. Codes are stable: they are the `code` of `check_file --json`, which has
faults in `errors`, warnings and findings in `findings`.
"""
FINDINGS = """<a id="findings"></a>

## 살펴볼 점 · Findings

오류가 없는 파일에서 사람이 알아 두면 좋은 것입니다. 줄 번호와 함께 보고서에 나오고, 예제 화면에서 그 줄만 볼 수
있습니다. 개인정보는 팀이 찾도록 해 둔 동안에만 찾습니다.

What a person should know of a file without faults. The report names the lines, and the page of examples shows them
alone. Personal data is looked for while the team wants it.

| | | 무엇을 찾았나 · What was found | 할 일 · What to do |
|---|---|---|---|"""


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
    sections = {
        "오류 · Faults": set(Code) - WARNINGS - NOTES,
        "경고 · Warnings": WARNINGS,
        "표를 바꿀 때 알아 둘 것 · Notes of tables": NOTES,
    }
    for title, codes in sections.items():
        ordered = [code for code in Code if code in codes]
        parts += [f"## {title}\n", " · ".join(f"[`{code}`](#{code})" for code in ordered) + "\n"]
        parts += ["\n".join(_entry(code)) for code in ordered]
    return "\n".join([*parts, FINDINGS, *_found()]) + "\n"


def _found() -> Iterator[str]:
    for found in FOUND:
        for language in LANGUAGES:
            with translation.override(language):
                yield f"| `{found.code}` | {language} | {' | '.join(_cell(text) for text in findings.explain(found))} |"


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
