"""Every regular expression of ours, wherever it is written, and text that is hard for it."""

import ast
import builtins
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tests.running import ROOT

HOMES = ("ftsite", "jobs", "trainer", "wire")
IN_ANOTHER_PYTHON = "trainer.engines.transformers."  # it imports torch, which is not here
ENTRIES = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer", "template"}


class Pattern(NamedTuple):
    """`at`: file and line of ours, or of the value that holds it."""

    at: str
    compiled: re.Pattern[Any]


def modules() -> list[ModuleType]:
    """All of ours but migrations, which run once, programs that run where they are imported, and what needs torch."""
    names = [
        each.name
        for home in HOMES
        for each in pkgutil.walk_packages([str(ROOT / home)], f"{home}.")
        if ".migrations" not in each.name and not each.name.startswith(IN_ANOTHER_PYTHON)
    ]
    return [importlib.import_module(name) for name in names]


def patterns() -> list[Pattern]:
    """What modules and classes hold, whatever it lies in, and what functions compile when they are called."""
    found: dict[tuple[Any, int], Pattern] = {}
    for module in modules():
        for each in [*_held(module), *_written(module)]:
            found.setdefault((each.compiled.pattern, each.compiled.flags), each)
    return list(found.values())


# --- what modules hold ------------------------------------------------------------------------------------


def _held(module: ModuleType) -> Iterator[Pattern]:
    seen: set[int] = set()
    for name, value in vars(module).items():
        if getattr(value, "__module__", module.__name__) == module.__name__:
            yield from (Pattern(f"{module.__name__}.{name}", each) for each in _inside(value, seen))


def _inside(value: Any, seen: set[int]) -> Iterator[re.Pattern[Any]]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
        return
    if isinstance(value, dict):
        parts: list[Any] = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    elif getattr(value, "__module__", "").split(".")[0] in HOMES:
        parts = list(getattr(value, "__dict__", {}).values())
    else:
        return
    for part in parts:
        yield from _inside(part, seen)


# --- what functions compile -------------------------------------------------------------------------------


class Word(str):
    """Takes the place of what only a call knows; the rest of the pattern is what is tested."""

    __slots__ = ()

    def __getattr__(self, _name: str) -> "Word":
        return self

    def __call__(self, *_args: object, **_named: object) -> "Word":
        return self


class Names(dict[str, Any]):
    """What a module knows; any other name is a word."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        return Word("하하")


def _written(module: ModuleType) -> Iterator[Pattern]:
    path = Path(str(module.__file__))
    for call in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(call, ast.Call) and _is_entry(call)):
            continue
        at = f"{path.relative_to(ROOT)}:{call.lineno}"
        pattern, flags = _evaluated(call, module)
        if isinstance(pattern, re.Pattern):
            yield Pattern(at, pattern)
        elif pattern is not None:
            yield Pattern(at, re.compile(pattern, flags))


def _is_entry(call: ast.Call) -> bool:
    func = call.func
    of_re = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "re"
    return of_re and isinstance(func, ast.Attribute) and func.attr in ENTRIES


def _evaluated(call: Any, module: ModuleType) -> tuple[Any, int]:
    known = Names(vars(module))
    flags = next((word.value for word in call.keywords if word.arg == "flags"), None)
    if flags is None and call.func.attr in {"compile", "search", "match", "fullmatch", "findall", "finditer"}:
        place = 1 if call.func.attr == "compile" else 2
        flags = call.args[place] if len(call.args) > place else None
    return _value(call.args[0], known), _value(flags, known) if flags is not None else 0


def _value(node: ast.expr, known: Names) -> Any:
    return eval(compile(ast.Expression(node), "pattern", "eval"), {}, known)  # our own source
