"""A number as a spreadsheet shows it, by its format code (ECMA-376, 18.8.31): `0%`, `#,##0"원"`, `000-0000-0000`.

Colours, fill characters and the width of blanks are left away. What no code describes is shown as it is stored.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from jobs.training_data.tables.dates import moment

TOKEN = re.compile(
    r'"(?P<quoted>[^"]{0,255})"|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)'
    r"|\[(?P<elapsed>h{1,9}|m{1,9}|s{1,9})\]|\[(?P<bracket>[^\]]{0,255})\]"
    r"|(?P<general>General|G/표준)|(?P<half>AM/PM|A/P|오전/오후)"
    r"|(?P<exponent>E[+-])|(?P<date>yyyy|yy|e+|mmmmm|mmmm|mmm|mm|m|dddd|ddd|dd|d|aaaa|aaa|hh|h|ss|s)"
    r"|(?P<digit>[0#?])|(?P<mark>[.,%/@])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)")
CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?")
TESTS = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "=": lambda a, b: a == b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<>": lambda a, b: a != b,
}  # fmt: skip
EXACT = Context(prec=2_000)
LARGEST = 400  # digits before or after the point that are worth a format
STORED = Context(prec=15)  # digits that a spreadsheet keeps
LONGEST = 255  # characters of a format code


class Token(NamedTuple):
    kind: str  # text, digit, mark, exponent, general, date, elapsed or half
    text: str


POINT, COMMA, PERCENT = Token("mark", "."), Token("mark", ","), Token("mark", "%")


class Section(NamedTuple):
    tokens: tuple[Token, ...]
    condition: tuple[str, Decimal] | None

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)


def shown(stored: str, code: str, *, since_1904: bool = False) -> str:
    """Without blanks around it. What a code hides is shown all the same. Raises ValueError for what is no number."""
    try:
        value = Decimal(stored)
    except InvalidOperation:
        raise ValueError(stored) from None
    if not value.is_finite():
        raise ValueError(stored)
    if abs(value.adjusted()) > LARGEST:
        return stored.strip()
    sections = _sections(code[:LONGEST])
    at = _chosen(value, sections)
    return _by(value, sections[at], first=at == 0, since_1904=since_1904).strip() or general(value)


def _by(value: Decimal, section: Section, *, first: bool, since_1904: bool) -> str:
    if section.has("date", "elapsed", "half"):
        return moment(value, section.tokens, since_1904=since_1904)
    if section.has("general"):
        number = general(value)
        return "".join(number if token.kind == "general" else token.text for token in section.tokens)
    if not section.has("digit"):  # words alone; `@` is what is stored
        return "".join(general(value) if token.text == "@" else token.text for token in section.tokens)
    signed = value < 0 and (first or section.condition is not None)
    return ("-" if signed else "") + _digits(abs(value), section.tokens)


def general(value: Decimal) -> str:
    """Without a format: whole numbers whole, others by the fifteen digits that count."""
    if value == value.to_integral_value() and abs(value) < Decimal(10) ** 21:
        return str(int(value))
    rounded = STORED.plus(value).normalize()
    return format(rounded, "f") if Decimal("1e-10") < abs(rounded) < Decimal("1e15") else str(rounded)


@lru_cache(maxsize=1_000)
def is_general(code: str) -> bool:
    return code.strip().lower() in ("", "general", "@", "g/표준")


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[Section, ...]:
    parts: list[list[re.Match[str]]] = [[]]
    for found in TOKEN.finditer(code):
        if found.lastgroup == "other" and found[0] == ";":
            parts.append([])
        else:
            parts[-1].append(found)
    return tuple(_section(part) for part in parts[:4])


def _section(found: list[re.Match[str]]) -> Section:
    tokens, condition = [], None
    for each in found:
        if each.lastgroup == "bracket":
            if test := CONDITION.fullmatch(each["bracket"]):
                condition = test[1], Decimal(test[2])
            elif currency := CURRENCY.fullmatch(each["bracket"]):
                tokens.append(Token("text", currency[1]))
        else:
            tokens.append(_token(each))
    return Section(tuple(tokens), condition)


def _token(found: re.Match[str]) -> Token:
    match found.lastgroup:
        case "quoted" | "escaped":
            return Token("text", found[found.lastgroup])
        case "blank":
            return Token("text", " ")
        case "fill":
            return Token("text", "")
        case "other":
            return Token("text", found[0])
        case kind:
            return Token(str(kind), found[str(kind)])


def _chosen(value: Decimal, sections: tuple[Section, ...]) -> int:
    """Which section shows it: by conditions, or positive;negative;zero;text."""
    numeric = sections[:3]
    if any(section.condition for section in numeric):
        for at, section in enumerate(numeric):
            if section.condition is None or TESTS[section.condition[0]](value, section.condition[1]):
                return at
        return 0
    if len(sections) > 1 and value < 0:
        return 1
    return 2 if len(sections) > 2 and value == 0 else 0


class Plan(NamedTuple):
    """How a section shows digits. `ends`: what stands around them, where nothing stands between."""

    point: int
    thousands: int
    percents: int
    places: int
    ends: tuple[str, str] | None
    least: int  # digits before the point
    grouped: bool


@lru_cache(maxsize=1_000)
def _plan(tokens: tuple[Token, ...]) -> Plan:
    digits = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    point = next((at for at, token in enumerate(tokens) if token == POINT), len(tokens))
    inner = tokens[digits[0] : digits[-1] + 1]
    plain = all(token.kind == "digit" or token in (POINT, COMMA) for token in inner)
    even = not any(token.text != "0" for token in tokens[point:] if token.kind == "digit")
    known = not any(token.text == "?" for token in inner if token.kind == "digit")
    before = "".join(token.text for token in tokens[: digits[0]] if token != POINT)
    after = "".join(token.text for token in tokens[digits[-1] + 1 :] if token not in (COMMA, POINT))
    return Plan(
        point,
        sum(token == COMMA for token in tokens[digits[-1] + 1 :]),
        sum(token == PERCENT for token in tokens),
        sum(token.kind == "digit" for token in tokens[point:]),
        (before, after) if plain and even and known and point not in (digits[0] - 1, digits[-1] + 1) else None,
        sum(token.text == "0" for token in tokens[:point]),
        COMMA in tokens[digits[0] : min(point, digits[-1])],
    )


def _digits(value: Decimal, tokens: tuple[Token, ...]) -> str:
    if Token("mark", "/") in tokens:
        return general(value)  # a fraction: the decimal number says the same
    if any(token.kind == "exponent" for token in tokens):
        return _scientific(value, tokens)
    plan = _plan(tokens)
    exact = value if value == value.to_integral_value() else STORED.plus(value)
    scaled = EXACT.scaleb(exact, 2 * plan.percents - 3 * plan.thousands)
    rounded = scaled.quantize(Decimal(1).scaleb(-plan.places), ROUND_HALF_UP, EXACT)
    if plan.ends and (plan.least <= 1 or not plan.grouped):
        whole, dot, part = format(rounded, ",f" if plan.grouped else "f").partition(".")
        whole = whole.rjust(plan.least, "0") if plan.least else whole.lstrip("0")
        return f"{plan.ends[0]}{whole}{dot}{part}{plan.ends[1]}"
    whole, _, part = format(rounded, "f").partition(".")
    return _whole(whole, tokens[: plan.point]) + _part(part, tokens[plan.point :])


def _whole(digits: str, tokens: tuple[Token, ...]) -> str:
    """Digits fill their places from the right; what is left over stands before the first."""
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    inner = tokens[places[0] : places[-1]] if places else ()
    grouped = COMMA in inner
    rest, out = list(digits.lstrip("0")), []
    count = 0
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind != "digit":
            out.append("" if token == COMMA else token.text)
            continue
        filled = rest if at == places[0] else rest[-1:]
        filled = filled or {"0": ["0"], "?": [" "]}.get(token.text, [])
        rest = [] if at == places[0] else rest[:-1]
        for digit in reversed(filled):
            out.append("," if grouped and count and count % 3 == 0 else "")
            out.append(digit)
            count += 1
    return "".join(reversed(out)) if places else "".join(token.text for token in tokens) + "".join(rest)


def _part(digits: str, tokens: tuple[Token, ...]) -> str:
    """What follows the point: `#` shows no closing zeros."""
    kinds = [token.text for token in tokens if token.kind == "digit"]
    keep = len(digits)
    while keep and kinds[keep - 1] == "#" and digits[keep - 1] == "0":
        keep -= 1
    out, at = [], 0
    for token in tokens:
        if token.kind == "digit":
            out.append(digits[at] if at < keep else "")
            at += 1
        elif token != COMMA:
            out.append(token.text if token != POINT or keep else "")
    return "".join(out)


def _scientific(value: Decimal, tokens: tuple[Token, ...]) -> str:
    at = next(at for at, token in enumerate(tokens) if token.kind == "exponent")
    point = next((n for n, token in enumerate(tokens[:at]) if token == POINT), at)
    places = sum(token.kind == "digit" for token in tokens[point:at])
    width = sum(token.kind == "digit" for token in tokens[at:])
    mantissa, _, power = f"{STORED.plus(value):.{places}E}".partition("E")
    return f"{mantissa}E{power[0] if power[0] == '-' or '+' in tokens[at].text else ''}{power[1:].rjust(width, '0')}"
