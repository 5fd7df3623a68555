"""Types that msgspec reads with are known before there are threads: two that learn one at once end the process."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec

from tests.running import ROOT

READERS = ("decode", "convert")
RACE = """
import sys, threading
from jobs.training_data.report import Report
sys.setswitchinterval(1e-6)
fault = {"line": 1, "code": "not_json", "params": {"a": 1}}
data = {"faults": [fault], "findings": [], "warnings": [fault], "sample": [[{"role": "user"}]]}
together = threading.Barrier(8)
def read():
    together.wait()
    Report.from_dict(data)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def read_with(path: Path) -> Iterator[str]:
    """The names of types in calls of msgspec that read; `cls` by the name of its class."""
    for outer in ast.walk(ast.parse(path.read_text())):
        for node in ast.walk(outer) if isinstance(outer, ast.ClassDef | ast.Module) else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in READERS or "msgspec" not in ast.unparse(node.func):
                continue
            kinds = [word.value for word in node.keywords if word.arg == "type"] or node.args[1:2]
            for kind in kinds:
                name = ast.unparse(kind).removeprefix("list[").removesuffix("]")
                yield outer.name if name == "cls" and isinstance(outer, ast.ClassDef) else name


def struct_of(path: Path, name: str) -> type[msgspec.Struct] | None:
    found = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for part in name.split("."):
        found = getattr(found, part, None)  # type: ignore[assignment]
    return found if isinstance(found, type) and issubclass(found, msgspec.Struct) else None


def test_what_threads_read_with_is_known_at_the_import() -> None:
    paths = [path for path in sorted((ROOT / "jobs").rglob("*.py")) if "msgspec" in path.read_text()]
    kinds = {kind for path in paths for name in read_with(path) if (kind := struct_of(path, name))}

    late = [kind.__qualname__ for kind in kinds if not inspect.getsource(kind).startswith("@for_threads")]

    assert len(kinds) >= 15
    assert late == []


def test_eight_threads_read_a_report_at_once() -> None:
    for _time in range(5):
        subprocess.run([sys.executable, "-c", RACE], cwd=ROOT, check=True)
