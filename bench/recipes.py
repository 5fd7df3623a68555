"""The keyword recipe on one core, beside konlpy's Okt where that and Java are there."""

import importlib
import importlib.util
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import machine
from bench.figures import Figure
from jobs.training_data.recipes.apart import run_apart
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Text

OKT = 0.06  # MB/s of text, measured on this kind of machine; used where konlpy is not there
TIMES = 15
MB = 1_000_000
SAMPLE = machine.ROOT / "samples" / "winter-notes-cp949.txt"


def figures() -> Iterator[Figure]:
    text = prose(3 * MB)
    size = len(text.encode()) / MB
    with TemporaryDirectory(prefix="bench-recipes.") as folder:
        path = Path(folder) / "text.txt"
        path.write_text(text, encoding="utf-8")
        seconds, first, examples = _recipe(path)
    okt = _okt(text)
    rate, limit = size / seconds, TIMES * (okt or OKT)
    about = "in the same run" if okt else "konlpy's Okt at 0.06 MB/s (not here)"
    yield Figure("keyword recipe: first word of progress", first, "s", 1)
    yield Figure("keyword recipe, one core: time for a MB of text", 1 / rate, "s", 1 / limit, note=f"15 × {about}")
    yield Figure("keyword recipe, one core", rate, "MB/s", note=f"{examples:,} examples of {size:.1f} MB")
    if okt:
        yield Figure("konlpy's Okt, nouns of the same paragraphs", okt, "MB/s")


def prose(size: int) -> str:
    """Prose of that many bytes: the sample's paragraphs, turned over so that no two rounds are the same."""
    paragraphs = SAMPLE.read_bytes().decode("cp949").replace("\r\n", "\n").split("\n\n")
    rounds: list[str] = []
    length = 0
    while length < size:
        turned = len(rounds) % len(paragraphs)
        rounds.append("\n\n".join([*paragraphs[turned:], *paragraphs[:turned]]))
        length += len(rounds[-1].encode())
    return "\n\n".join(rounds)


def _recipe(path: Path) -> tuple[float, float, int]:
    """Seconds from the order to its end, to the first word, and how many examples; the process's start counts."""
    began, first, examples = time.perf_counter(), 0.0, 0
    for told in run_apart(Recipe(), [Text("bench", str(path))], target=path.with_suffix(".jsonl")):
        first = first or time.perf_counter() - began
        examples = told.far.examples if told.far else examples
    return time.perf_counter() - began, first, examples


def _okt(text: str) -> float:
    """MB/s of konlpy's Okt on the beginning of the text; 0 where it is not installed or Java is missing."""
    if not (importlib.util.find_spec("konlpy") and shutil.which("java")):
        return 0.0
    nouns: Callable[[str], list[str]] = importlib.import_module("konlpy.tag").Okt().nouns
    paragraphs = text[:60_000].split("\n\n")
    nouns("눈")  # what it loads at the first word is not counted
    began = time.perf_counter()
    for paragraph in paragraphs:
        nouns(paragraph)
    return len("".join(paragraphs).encode()) / MB / (time.perf_counter() - began)
