"""An object as a program prints it: Python's `FineTuningJob(id='ftjob-1', error=None)`, a dict, Node's `{ id: 'x' }`.

Nothing of it is run: words are cut out by one pattern and put together by hand. Linear in the text's length.
"""

import re
from typing import Any, NamedTuple

DEEPEST = 32
WORD = re.compile(
    r"""\s*(?:
      (?P<enum><[A-Za-z_][\w.]*:\s*(?P<of>'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|-?\d+)>)
    | (?P<text>[bru]?(?:'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|`(?:[^`\\]|\\.)*+`))
    | (?P<number>[-+]?(?:\d[\d_]*+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<name>[A-Za-z_$][\w.$]*)
    | (?P<mark>=>|[](){}\[,:=+])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
CONSTANTS: dict[str, bool | None] = {"None": None, "null": None, "undefined": None, "nil": None, "NOT_GIVEN": None}
CONSTANTS |= {"True": True, "true": True, "False": False, "false": False}
ESCAPED = re.compile(
    r"\\(?:(?P<hex>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(?P<letter>.))", re.DOTALL | re.ASCII
)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "\n": "", **{mark: mark for mark in "\\'\"`"}}
TIMES = {"datetime.datetime", "datetime", "datetime.date"}


class NotPrintedError(ValueError):
    """It cannot be read as a printed object; `at`: the first place that does not fit."""

    def __init__(self, at: int) -> None:
        self.at = at
        super().__init__(at)


class Token(NamedTuple):
    kind: str
    value: str
    at: int


def read_printed(text: str) -> Any:
    """The value that a program printed. Raises NotPrintedError."""
    reader = _Reader(text)
    value = reader.value(0)
    reader.take("end")
    return value


class _Reader:
    """Takes one token after the other; `next` is the one that comes."""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0
        self.next = self._token()

    def _token(self) -> Token:
        found = WORD.match(self.text, self.position)
        if not found:
            raise NotPrintedError(self.position)
        self.position = found.end()
        kind = next(name for name in ("enum", "text", "number", "name", "mark", "end") if found[name] is not None)
        return Token(kind, found["of"] or found[kind], found.start(kind))

    def take(self, kind: str, *values: str) -> str:
        """The next token, which must be of this kind, and one of these values if any are given."""
        if self.next.kind != kind or (values and self.next.value not in values):
            raise NotPrintedError(self.next.at)
        value = self.next.value
        if kind != "end":
            self.next = self._token()
        return value

    def comes(self, *marks: str) -> bool:
        return self.next.kind == "mark" and self.next.value in marks

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise NotPrintedError(self.next.at)
        if self.next.kind in ("text", "enum"):
            return self._texts()
        if self.next.kind == "number":
            return _number(self.take("number"))
        if self.comes("{"):
            return self._braces(depth)
        if self.comes("[", "("):
            return self._items({"[": "]", "(": ")"}[self.take("mark")], depth)
        return self._named(self.take("name"), depth)

    def _texts(self) -> Any:
        """A text; pprint breaks a long one into several, Node joins them with a plus."""
        parts = [_literal(self.take(self.next.kind))]
        while self.next.kind == "text" or self.comes("+"):
            if self.comes("+"):
                self.take("mark")
            parts.append(_literal(self.take("text")))
        return parts[0] if len(parts) == 1 else "".join(map(str, parts))

    def _named(self, name: str, depth: int) -> Any:
        """A constant; or an object of a class, `Name(…)`, `Name[Of](…)` or `Name {…}`."""
        if name in CONSTANTS:
            return CONSTANTS[name]
        if self.comes("["):
            self.take("mark")
            self._items("]", depth)
        if self.comes("("):
            self.take("mark")
            return self._call(name, depth)
        return self._braces(depth) if self.comes("{") else name

    def _call(self, name: str, depth: int) -> Any:
        given: dict[str, Any] = {}
        items: list[Any] = []
        while not self.comes(")"):
            value = self.value(depth + 1)
            if isinstance(value, str) and self.comes("="):
                self.take("mark")
                given[value] = self.value(depth + 1)
            else:
                items.append(value)
            if not self.comes(")"):
                self.take("mark", ",")
        self.take("mark", ")")
        if name in TIMES:
            return _time(items, given)
        return given or (items[0] if len(items) == 1 else items)

    def _items(self, end: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self.comes(end):
            items.append(self.value(depth + 1))
            if not self.comes(end):
                self.take("mark", ",")
        self.take("mark", end)
        return items

    def _braces(self, depth: int) -> Any:
        """A dict; or a set, as a list."""
        self.take("mark", "{")
        found: dict[str, Any] = {}
        items: list[Any] = []
        while not self.comes("}"):
            if self.comes(":"):  # Ruby: {:id=>"x"}
                self.take("mark")
            name = self.value(depth + 1)
            if self.comes(":", "=>", "="):
                self.take("mark")
                found[str(name)] = self.value(depth + 1)
            else:
                items.append(name)
            if not self.comes("}"):
                self.take("mark", ",")
        self.take("mark", "}")
        return items if items and not found else found


def _literal(token: str) -> Any:
    """What a quoted text holds; the number of an enumeration."""
    return ESCAPED.sub(_character, token.lstrip("bru")[1:-1]) if token[-1] in "'\"`" else _number(token)


def _character(escaped: re.Match[str]) -> str:
    """The character that an escape is; as it was written where it is none."""
    if digits := escaped["hex"]:
        code = int(digits[1:], 16)
        return chr(code) if code <= 0x10FFFF else escaped[0]
    return LETTERS.get(escaped["letter"], escaped[0])


def _number(token: str) -> int | float:
    plain = token.replace("_", "")
    return int(plain) if plain.lstrip("+-").isdigit() and len(plain) < 20 else float(plain)


def _time(parts: list[Any], given: dict[str, Any]) -> str:
    """datetime.datetime(2024, 5, 17, 17, 39, 51, 250000, tzinfo=…) as ISO text; without a zone it is UTC."""
    year, month, day, hour, minute, second, micro = [*(part for part in parts if isinstance(part, int)), *[0] * 7][:7]
    zone = given.get("tzinfo")
    ahead = zone.get("seconds", 0) if isinstance(zone, dict) else zone  # timezone(timedelta(seconds=32400)), TzInfo(0)
    offset = int(ahead) // 60 if isinstance(ahead, int | float) else 0
    sign, offset = "-" if offset < 0 else "+", abs(offset)
    of_day = f"{hour:02}:{minute:02}:{second:02}.{micro:06}"
    return f"{year:04}-{month:02}-{day:02}T{of_day}{sign}{offset // 60:02}:{offset % 60:02}"
