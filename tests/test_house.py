"""The house rules of docs and design that no linter knows."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ftsite", "jobs", "trainer", "wire")
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
NAMELESS = {"utils", "helpers", "common", "core", "misc", "services"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_it_may_be() -> None:
    lengths = {short(path): len(path.read_text().splitlines()) for path in sources(*PACKAGES, "scripts")}

    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_it_may_be() -> None:
    lengths = {
        f"{short(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources(*PACKAGES, "scripts")
        for node in functions(path)
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_every_module_is_named_for_what_it_does() -> None:
    assert [short(path) for path in sources(*PACKAGES) if NAMELESS & {path.stem, path.parent.name}] == []


def test_nothing_is_imported_late() -> None:
    late = [
        f"{short(path)}:{node.lineno}"
        for path in sources(*PACKAGES)
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not (short(path) == "jobs/provider.py" and is_openai(node))
    ]

    assert late == []


def is_openai(node: ast.Import | ast.ImportFrom) -> bool:
    """`import openai` costs 1.5 s and 54 MB: jobs.provider does it, and the HTTP client below it, at the first call."""
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return all(name.split(".")[0] in ("openai", "httpx2") for name in names)


def test_wire_stays_small() -> None:
    assert sum(len(path.read_text().splitlines()) for path in sources("wire")) <= 240


def test_templates_hold_no_inline_code() -> None:
    """The content security policy would block it on the page; here it is named with its file."""
    marks = (" style=", " onclick=", " onchange=", " onsubmit=", "hx-on", "js:", "<style>")
    found = [
        f"{short(path)}: {mark.strip()}"
        for path in (ROOT / "templates").rglob("*.html")
        for mark in marks
        if mark in path.read_text()
    ]

    assert found == []


def test_nothing_local_is_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in tracked if name.startswith(("var/", ".venv/", ".uv/", "node_modules/"))] == []
    assert [name for name in tracked if name.endswith((".mo", ".pyc", ".sqlite3")) or name == ".env"] == []
