"""What the page of a file shows of its findings and statistics."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.findings import LANGUAGES, explain
from jobs.models import TrainingFile
from jobs.training_data.findings import DUPLICATES, personal_kind
from jobs.training_data.report import Finding, Report

LINES = 6  # links in the table
GROUPS = 3
ROLES: dict[str, str | Promise] = {
    "system": gettext_lazy("System"),
    "user": gettext_lazy("User"),
    "assistant": gettext_lazy("Assistant"),
    "tool": gettext_lazy("Tool"),
}


class Row(NamedTuple):
    code: str
    examples: int
    message: str
    remedy: str
    lines: list[int]
    groups: list[list[int]]  # of lines that belong together


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    looked: bool  # false for what was checked before there were findings
    personal: bool  # whether personal data was looked for
    duplicates: list[str]  # codes that a reduced version would drop
    forgotten: int  # examples at the end that later ones were not compared with
    kinds: list[tuple[str, str]]  # personal data that a masked version would hide: kind, its words


class Chart(NamedTuple):
    id: str
    title: str
    unit: str
    bars: list[tuple[str, int]]

    @property
    def script(self) -> str:
        """The id of the element that holds its data."""
        return f"data-{self.id}"

    @property
    def data(self) -> dict[str, list[Any]]:
        labels, values = zip(*self.bars, strict=True)
        return {"labels": list(labels), "values": list(values)}


class Share(NamedTuple):
    language: str
    examples: int
    percent: float


def found(file: TrainingFile, report: Report) -> Found:
    """Kinds of personal data are left out while the team does not want them looked for."""
    numbers, wanted = report.statistics, file.team.privacy
    findings = [one for one in report.findings if wanted or not personal_kind(one.code)]
    kinds = [(kind.value, explain(one)[0]) for one in findings if (kind := personal_kind(one.code))]
    return Found(
        [_row(one, numbers.get("groups", {})) for one in findings],
        looked=bool(numbers) and not numbers.get("failed"),
        personal=wanted and bool(numbers.get("personal")),
        duplicates=[one.code for one in findings if one.code in DUPLICATES],
        forgotten=numbers.get("forgotten", 0),
        kinds=kinds,
    )


def _row(finding: Finding, groups: dict[str, list[list[int]]]) -> Row:
    message, remedy = explain(finding)
    return Row(
        finding.code, finding.count, message, remedy, finding.lines[:LINES], groups.get(finding.code, [])[:GROUPS]
    )


def charts(numbers: dict[str, Any]) -> list[Chart]:
    """One for each role, one for turns, one for answers; none where nobody looked."""
    drawn = [
        Chart(f"tokens-{at}", _("Tokens: %(role)s") % {"role": role_words(role)}, _("Tokens"), _ranges(bars))
        for at, (role, bars) in enumerate(numbers.get("tokens", {}).items())
    ]
    turns = [(number_format(bar["turns"]), bar["count"]) for bar in numbers.get("turns", [])]
    answers = _ranges(numbers.get("answers", {}).get("bars", []))
    drawn.append(Chart("turns", _("Questions per example"), _("Questions"), turns))
    drawn.append(Chart("answers", _("Characters per answer"), _("Characters"), answers))
    return [chart for chart in drawn if chart.bars]


def role_words(role: str) -> str:
    return str(ROLES.get(role, role))


def _ranges(bars: list[dict[str, int]]) -> list[tuple[str, int]]:
    return [(f"{_number(bar['from'])}–{_number(bar['to'] - 1)}", bar["count"]) for bar in bars]


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)


def languages(numbers: dict[str, Any]) -> list[Share]:
    counts = {language: n for language, n in numbers.get("languages", {}).items() if n}
    total = sum(counts.values())
    return [Share(str(LANGUAGES[language]), n, 100 * n / total) for language, n in counts.items()]


def look_context(file: TrainingFile) -> dict[str, Any]:
    report = Report.from_dict(file.report)
    numbers = report.statistics
    return {
        "found": found(file, report),
        "numbers": numbers,
        "roles": [{**row, "words": role_words(row["role"])} for row in numbers.get("roles", [])],
        "charts": charts(numbers),
        "languages": languages(numbers),
    }
