"""What a test needs beyond Python: Chromium, gettext, Node.js with OpenAI's SDK, Redis and PostgreSQL, or torch.

On a newcomer's machine a test whose need is missing is skipped, and the last lines list what was left out and how to
get it. In CI (CI=true) it fails instead: a green run there means that everything ran.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from jobs.management.commands.compile_translations import compile_catalogues

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ROOT = Path(__file__).resolve().parent.parent
OPENAI_FOR_NODE = ROOT / "node_modules" / "openai"
OPENAI_SPEC = ROOT.parent / "shared" / "spec" / "openai.json"
TRAINER_PYTHON = Path(os.environ.get("TRAINER_PYTHON") or ROOT / ".venv-trainer" / "bin" / "python")
SERVICES = ("TEST_REDIS_URL", "TEST_DATABASE_URL")
LONG = (
    "tests/engine/",
    "tests/chaos/",
    "tests/services/",
    "tests/browser/",
    "tests/test_up.py",
    "tests/test_node.py",
    "tests/test_restore.py",
)
LEFT_OUT = "left out, "
ENGINE = ("engine", True)  # of a report: the test trains or answers with real models


def _missing() -> dict[str, str]:
    """Return {marker: what its tests lack on this machine, and how to get it}."""
    lacks = {}
    if not CHROMIUM:
        lacks["browser"] = "no Chromium: `apt-get install chromium fonts-nanum`, or set CHROMIUM to its path"
    if not TRAINER_PYTHON.is_file():
        lacks["engine"] = "no environment for real training: `make trainer`, or set TRAINER_PYTHON to its Python"
    if not shutil.which("xgettext"):
        lacks["gettext"] = "no gettext: `apt-get install gettext`"
    if not shutil.which("node") or not OPENAI_FOR_NODE.is_dir():
        lacks["node"] = "no OpenAI SDK for Node.js (20 or newer): `npm ci --ignore-scripts`"
    if not OPENAI_SPEC.is_file():
        lacks["spec"] = f"no OpenAPI description of OpenAI's API at {OPENAI_SPEC.relative_to(ROOT.parent)}"
    absent = [name for name in SERVICES if not os.environ.get(name)]
    if absent:
        lacks["services"] = f"{' and '.join(absent)} not set: start Redis and PostgreSQL and name them, as .ci/run does"
    return lacks


@pytest.fixture(scope="session")
def trainer_python() -> Path:
    """The Python that trains real models. A test that uses it carries the marker `engine`."""
    return TRAINER_PYTHON


def pytest_configure(config: pytest.Config) -> None:
    """Compile the translations first, once: the pages under test speak Korean too."""
    if not hasattr(config, "workerinput"):
        compile_catalogues()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes come first: the last of them must not be waited for by one process alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("engine"):
        item.user_properties.append(ENGINE)
    for marker, lack in _missing().items():
        if item.get_closest_marker(marker):
            if os.environ.get("CI"):
                pytest.fail(f"{marker}: {lack}", pytrace=False)
            pytest.skip(f"{LEFT_OUT}{marker}: {lack}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    _print_engine_time(terminalreporter)
    reasons = Counter(
        report.longrepr[2].split(LEFT_OUT, 1)[1]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and LEFT_OUT in report.longrepr[2]
    )
    if reasons:
        terminalreporter.section("left out on this machine")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} × {reason}")


def _print_engine_time(terminalreporter: pytest.TerminalReporter) -> None:
    """They are to take no more than six minutes of CI: what each took by itself, whatever ran beside it."""
    every = [report for kind in terminalreporter.stats.values() for report in kind]
    reports = [report for report in every if ENGINE in getattr(report, "user_properties", ())]
    ran = {report.nodeid for report in reports if report.when == "call"}
    if ran:
        seconds = sum(report.duration for report in reports)
        terminalreporter.line(f"engine tests: {len(ran)} in {seconds:.0f} s")
