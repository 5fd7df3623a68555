"""The faults of a file in the reader's language: one that many lines have is told once."""

from collections import Counter
from typing import Any, NamedTuple

from jobs.faults import explain
from jobs.training_data.codes import Code
from jobs.training_data.forms import Form
from jobs.training_data.privacy import mask_quote
from jobs.training_data.report import Fault, Report

LINES = 10  # named of a fault that more have
ENCODING = {Code.BOM, Code.BOM_INSIDE, Code.CP949, Code.NOT_UTF8, Code.UTF16, Code.CR_LINE_ENDS}
"""What an offer to put the text right mends."""
FORMS = {
    Form.ONE_LINE: (Code.SPREAD_OVER_LINES, Code.EXTRA_DATA),
    Form.BLANK_LINES: (Code.EMPTY_LINE,),
    Form.PYTHON: (Code.PYTHON,),
    Form.ENCODED_TWICE: (Code.ENCODED_TWICE, Code.MESSAGES_NOT_LIST),
    Form.EMPTY_KEYS: (Code.KEYS_WITHOUT_VALUE,),
    Form.IMAGE_URLS: (Code.IMAGE_URL_TEXT,),
}
"""And an offer to rewrite examples, as long as it reaches each of them."""


class Said(NamedTuple):
    """A fault or a warning in the reader's language."""

    line: int
    column: int | None
    offset: int
    message: str
    remedy: str


class SaidOnce(NamedTuple):
    """A fault of `times` places, of which the first is `line`; `lines` are the first of them."""

    line: int
    offset: int
    message: str
    remedy: str
    times: int
    lines: list[int]

    @property
    def others(self) -> int:
        return self.times - 1


def say(fault: Fault, *, hide: bool = False) -> Said:
    """`hide` the personal data in what it quotes."""
    message, remedy = explain(fault)
    return Said(fault.line, fault.column, fault.offset, mask_quote(message) if hide else message, remedy)


def say_once(report: Report, *, hide: bool) -> list[SaidOnce]:
    groups: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in report.faults:
        said = say(fault, hide=hide)
        groups.setdefault((fault.code, said.message, said.remedy), []).append(fault)
    kept = Counter(fault.code for fault in report.faults)
    return [
        SaidOnce(
            faults[0].line,
            faults[0].offset,
            message,
            remedy,
            # without parameters every fault of this code says the same, those that were not kept too
            report.fault_counts.get(code, kept[code]) if not faults[0].params else len(faults),
            list(dict.fromkeys(fault.line for fault in faults))[:LINES],
        )
        for (code, message, remedy), faults in groups.items()
    ]


def is_mended_by(report: Report, repair: dict[str, Any]) -> bool:
    """Whether the offered repair (`repairing.Found` as plain values) would mend every fault that was found."""
    counts = repair.get("forms", {})
    mended: dict[str, int] = {code: counts[form] for form, codes in FORMS.items() if form in counts for code in codes}
    return bool(report.fault_counts) and all(
        code in ENCODING or times <= mended.get(code, 0) for code, times in report.fault_counts.items()
    )
