"""Which styles of a .docx hide their text, or number their paragraphs."""

from collections.abc import Iterable
from typing import NamedTuple

from jobs.training_data.texts.walking import Attributes, local, of, parser

DEEPEST = 50  # styles based on each other; a ring of them ends there
OFF = ("0", "false", "off")


def is_on(told: Attributes) -> bool:
    return of(told, "val") not in OFF


class Style(NamedTuple):
    based_on: str = ""
    hides: bool | None = None
    lists: bool | None = None


class Styles:
    def __init__(self, chunks: Iterable[bytes] = ()) -> None:
        self.styles: dict[str, Style] = {}
        self.normal = self.current = ""
        self.above: list[str] = []
        parse = parser()
        parse.StartElementHandler = self._start
        parse.EndElementHandler = lambda _name: self.above.pop()
        for chunk in chunks:
            parse.Parse(chunk, False)

    def hides(self, style: str) -> bool:
        return bool(next((one.hides for one in self._chain(style) if one.hides is not None), False))

    def lists(self, style: str) -> bool:
        return bool(next((one.lists for one in self._chain(style) if one.lists is not None), False))

    def _chain(self, style: str) -> Iterable[Style]:
        """The style, and those that it is based on."""
        for _ in range(DEEPEST):
            found = self.styles.get(style)
            if not found:
                return
            yield found
            style = found.based_on

    def _start(self, name: str, told: Attributes) -> None:
        name, above = local(name), self.above[-1:]
        self.above.append(name)
        if name == "style":
            self.current = of(told, "styleId")
            self.styles[self.current] = Style()
            if of(told, "type") == "paragraph" and of(told, "default") in ("1", "true", "on"):
                self.normal = self.current
        elif "style" not in self.above:
            return
        elif name == "basedOn":
            self._set(based_on=of(told, "val"))
        elif name == "vanish" and above == ["rPr"]:
            self._set(hides=is_on(told))
        elif name == "numId":
            self._set(lists=of(told, "val") != "0")

    def _set(self, **known: object) -> None:
        self.styles[self.current] = self.styles[self.current]._replace(**known)  # type: ignore[arg-type]
