"""The part of bench/README.md that the command writes, so that no figure there differs from what was run."""

import re

from bench.figures import Figure, table
from bench.machine import ROOT

README = ROOT / "bench" / "README.md"


def write(part: str, about: str, figures: list[Figure], more: str = "") -> None:
    """Replace what stands between the marks of `part`."""
    begin, end = f"<!-- {part}: written by the command -->", f"<!-- /{part} -->"
    body = "\n\n".join(filter(None, [about, table(figures), more]))
    text = README.read_text()
    if begin not in text:
        text = f"{text.rstrip()}\n\n### {part}\n\n{begin}\n{end}\n"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    README.write_text(found.sub(lambda _match: f"{begin}\n{body}\n{end}", text))
