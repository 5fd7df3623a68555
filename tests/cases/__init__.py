"""Inputs that failed once, each with its right answer."""

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

CASES = Path(__file__).parent


def path_of(case: str) -> Path:
    """The only input of this case, by its number."""
    (path,) = CASES.glob(f"{case}-*")
    return path


def report_of(path: Path) -> dict[str, Any]:
    """What manage.py check_file says of it."""
    out = StringIO()
    with suppress(SystemExit):  # of 1, where the file has faults
        call_command("check_file", str(path), "--json", stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report
