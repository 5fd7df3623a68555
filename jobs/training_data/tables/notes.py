"""What a person should know before a table becomes training data: what is left out or read in a way of its own."""

from jobs.training_data.codes import Code
from jobs.training_data.report import Fault, Params, fault, printable

NAMES_SHOWN = 20


class Notes:
    """Counts each kind of thing, and keeps where it was first seen. In the order in which they were first seen."""

    def __init__(self) -> None:
        self._first: dict[Code, Params] = {}
        self._counts: dict[Code, int] = {}
        self._names: dict[Code, dict[str, None]] = {}

    def add(self, code: Code, **first: str | int) -> None:
        """`first`: what the note says of the first one."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if code not in self._first:
            self._first[code] = {key: _fit(value) for key, value in first.items()}

    def name(self, code: Code, name: str) -> None:
        """A column, a key or a sheet of this name."""
        names = self._names.setdefault(code, {})
        if len(names) <= NAMES_SHOWN:
            names[printable(name)] = None

    def faults(self) -> list[Fault]:
        named = [fault(0, code, names=_listed(list(names))) for code, names in self._names.items()]
        counted = [Fault(0, code.value, {"count": self._counts[code], **first}) for code, first in self._first.items()]
        return named + counted


def _fit(value: str | int) -> str | int:
    return printable(value) if isinstance(value, str) else value


def _listed(names: list[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else "")
