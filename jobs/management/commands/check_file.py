"""manage.py check_file PATH [--json]: the report of a training file, without a portal."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from jobs import findings
from jobs.faults import explain
from jobs.repair_words import PREFIX
from jobs.training_data.checking import check
from jobs.training_data.looking import look
from jobs.training_data.offering import offered, reasons
from jobs.training_data.report import LIMITS, Fault, Finding, Limits, Report

LINES = 10
EVERY = msgspec.structs.replace(LIMITS, faults_kept=LIMITS.faults_before_stop + 1)  # the last one says that it stopped


class Command(BaseCommand):
    help = "Checks a training file and counts its tokens. Exit status 1 if it has faults."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        report = _checked(options["path"], EVERY if options["json"] else LIMITS)
        self.stdout.write(_as_json(report) if options["json"] else _as_text(report))
        if not report.ok:
            raise SystemExit(1)


def _checked(path: Path, limits: Limits) -> Report:
    try:
        report = check(path, limits=limits)
        if report.ok:
            looked = look(path)
            report.findings, report.statistics = looked.findings, looked.statistics
        report.findings += _repairs(path)
        return report
    except OSError as problem:
        raise CommandError(
            _("Cannot read the file: %(path)s (%(reason)s)") % {"path": path, "reason": problem.strerror}
        ) from None


def _repairs(path: Path) -> list[Finding]:
    """What the page of the file would offer to put right."""
    found = offered(path, path.name)
    if not found:
        return []
    return [Finding(f"{PREFIX}{name}", count, found.lines.get(name, [])) for name, count in reasons(found).items()]


def _as_json(report: Report) -> str:
    """{ok, format, examples, tokens, errors: [{line, offset, code, message, remedy}], findings: [{code, …}]}.

    Programs rely on these keys. Errors are all there are. What a person should know of a good example is a finding,
    whether the check (`warnings`) or the look has found it, or what can be put right (`repair_…`).
    """
    named = {finding.code for finding in report.findings}
    warned = [_warned(warning) for warning in report.warnings if warning.code not in named]
    said = {
        "ok": report.ok,
        "format": report.format,
        "examples": report.examples,
        "tokens": report.tokens,
        "errors": [_said(fault) for fault in report.faults],
        "findings": [_found(finding) for finding in report.findings] + warned,
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def _said(fault: Fault) -> dict[str, Any]:
    message, remedy = explain(fault)
    return {"line": fault.line, "offset": fault.offset, "code": fault.code, "message": message, "remedy": remedy}


def _found(finding: Finding) -> dict[str, Any]:
    message, remedy = findings.explain(finding)
    where = {"count": finding.count, "lines": finding.lines}
    return {"code": finding.code, **where, "message": message, "remedy": remedy}


def _warned(warning: Fault) -> dict[str, Any]:
    """A warning names the first line alone; one of the file as a whole names none."""
    message, remedy = explain(warning)
    where = {"count": warning.params.get("count", 1), "lines": [warning.line] if warning.line else []}
    return {"code": warning.code, **where, "message": message, "remedy": remedy}


def _as_text(report: Report) -> str:
    return "\n".join(
        [
            _("Usable: %(answer)s") % {"answer": _("yes") if report.ok else _("no")},
            _("Format: %(format)s") % {"format": report.format},
            _("Examples: %(count)s") % {"count": f"{report.examples:,}"},
            _("Tokens: %(count)s") % {"count": f"{report.tokens:,}"},
            _("Longest example: line %(line)s, %(tokens)s tokens")
            % {"line": report.longest.line, "tokens": f"{report.longest.tokens:,}"},
            _("Faults: %(count)s") % {"count": f"{report.fault_count:,}"},
            *(_row(fault) for fault in report.faults),
            _("Warnings: %(count)s") % {"count": len(report.warnings)},
            *(_row(warning) for warning in report.warnings),
            _("Findings: %(count)s") % {"count": len(report.findings)},
            *(_found_row(finding) for finding in report.findings),
        ]
    )


def _row(fault: Fault) -> str:
    message, remedy = explain(fault)
    place = _("line %(line)s") % {"line": fault.line} if fault.line else _("file")
    return f"  {place}: {message} → {remedy}"


def _found_row(finding: Finding) -> str:
    message, remedy = findings.explain(finding)
    lines = ", ".join(map(str, finding.lines[:LINES])) + (" …" if finding.count > LINES else "")
    place = _("lines %(lines)s") % {"lines": lines} if finding.lines else _("file")
    return f"  {message}: {finding.count:,} ({place}) → {remedy}"
