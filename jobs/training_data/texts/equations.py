"""An equation of Word (OMML) in one line, as one would type it: a/b, x^2, √(x)."""

from collections.abc import Callable
from typing import NamedTuple

from jobs.training_data.texts.walking import Attributes, of

SIGNS = frozenset({"chr", "begChr", "endChr", "sepChr"})
SIMPLE = 1  # characters; more of them under a fraction's line or a root need brackets


class Node(NamedTuple):
    name: str
    parts: "list[Node | str]"

    def part(self, name: str) -> str:
        return next((line(one) for one in self.parts if isinstance(one, Node) and one.name == name), "")


def line(node: Node) -> str:
    shape = SHAPES.get(node.name)
    if shape:
        return shape(node)
    return "".join(one if isinstance(one, str) else line(one) for one in node.parts)


def _group(text: str) -> str:
    return text if len(text) <= SIMPLE or text.isdigit() or text.isalpha() else f"({text})"


def _raised(text: str) -> str:
    return f"^{_group(text)}" if text else ""


def _lowered(text: str) -> str:
    return f"_{_group(text)}" if text else ""


def _radical(node: Node) -> str:
    return f"{node.part('deg')}√{_group(node.part('e'))}"


def _nary(node: Node) -> str:
    return f"{_sign(node, 'chr', '∫')}{_lowered(node.part('sub'))}{_raised(node.part('sup'))} {node.part('e')}"


def _delimited(node: Node) -> str:
    inside = _sign(node, "sepChr", "|").join(
        line(one) for one in node.parts if isinstance(one, Node) and one.name == "e"
    )
    return f"{_sign(node, 'begChr', '(')}{inside}{_sign(node, 'endChr', ')')}"


def _sign(node: Node, name: str, otherwise: str) -> str:
    """What the properties of an element say; an empty sign is one that is not shown."""
    about = next((one for one in node.parts if isinstance(one, Node) and one.name == f"{node.name}Pr"), Node("", []))
    return next((line(one) for one in about.parts if isinstance(one, Node) and one.name == name), otherwise)


def _matrix(node: Node) -> str:
    rows = [one for one in node.parts if isinstance(one, Node) and one.name == "mr"]
    return "; ".join(", ".join(line(one) for one in row.parts if isinstance(one, Node)) for row in rows)


SHAPES: dict[str, Callable[[Node], str]] = {
    "f": lambda node: f"{_group(node.part('num'))}/{_group(node.part('den'))}",
    "sSup": lambda node: node.part("e") + _raised(node.part("sup")),
    "sSub": lambda node: node.part("e") + _lowered(node.part("sub")),
    "sSubSup": lambda node: node.part("e") + _lowered(node.part("sub")) + _raised(node.part("sup")),
    "sPre": lambda node: _lowered(node.part("sub")) + _raised(node.part("sup")) + node.part("e"),
    "limLow": lambda node: node.part("e") + _lowered(node.part("lim")),
    "limUpp": lambda node: node.part("e") + _raised(node.part("lim")),
    "acc": lambda node: node.part("e") + _sign(node, "chr", "\u0302"),
    "groupChr": lambda node: node.part("e"),
    "rad": _radical,
    "nary": _nary,
    "d": _delimited,
    "m": _matrix,
}


class Equation:
    """Takes the elements of one as they come."""

    # what stands in an attribute is the sign of an operator
    def __init__(self) -> None:
        self.root = Node("oMath", [])
        self.open = [self.root]

    def start(self, name: str, told: Attributes) -> None:
        node = Node(name, [])
        self.open[-1].parts.append(node)
        self.open.append(node)
        if name in SIGNS:
            node.parts.append(of(told, "val"))

    def text(self, text: str) -> None:
        self.open[-1].parts.append(text)

    def end(self) -> None:
        self.open.pop()
