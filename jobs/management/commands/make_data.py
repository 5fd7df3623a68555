"""manage.py make_data PATH… --recipe keywords|own --out OUT: training data out of texts, without a portal."""

import os
import tempfile
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from jobs.management.stopping import ends_at_a_signal
from jobs.recipe_words import problem_words
from jobs.text_faults import explain_text
from jobs.training_data.recipes.apart import run_apart
from jobs.training_data.recipes.recipe import ANCESTOR, Recipe
from jobs.training_data.recipes.told import Far, Text
from jobs.training_data.texts.apart import read_apart
from jobs.training_data.texts.codes import TextCode, TextFaultError
from jobs.training_data.texts.decoding import decode
from jobs.training_data.texts.found import ENCODINGS, KINDS, Found

NUMBERS = ("low", "high", "seed", "size", "top")
WORDS = ("template", "system_prompt", "between")
CHOICES = {
    "cut": ("paragraphs", "sentences", "characters"),
    "line_breaks": ("auto", "join", "keep"),
    "units": ("leave_out", "keep"),
    "ranking": ("frequency", "distinctive"),
    "analyser": ("mecab", "kiwi"),
    "answer": ("text", "keywords"),
    "format": ("chat", "legacy"),
}


class Command(BaseCommand):
    help = "Makes training data out of texts by a recipe that costs nothing. docs/recipes.md explains every setting."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help=" ".join(f".{kind}" for kind in KINDS))
        parser.add_argument("--recipe", choices=("keywords", "own"), default="keywords")
        parser.add_argument("--out", type=Path, required=True, help="the JSONL to write; it must not exist")
        parser.add_argument("--ancestor", action="store_true", help="begin with TextKeywordExtractor-konlpy's settings")
        parser.add_argument("--encoding", choices=ENCODINGS, default="", help="of plain texts; else recognised")
        parser.add_argument("--stop-words", type=Path, help="a text with one word a line")
        for name in NUMBERS:
            parser.add_argument(f"--{name}", type=int)
        for name in WORDS:
            parser.add_argument(f"--{name.replace('_', '-')}")
        for name, choices in CHOICES.items():
            parser.add_argument(f"--{name.replace('_', '-')}", choices=choices)

    def handle(self, *_args: Any, **options: Any) -> None:
        recipe, out, paths = _recipe(options), options["out"], options["paths"]
        if os.path.lexists(out):
            raise CommandError(_("It is there already: %(path)s") % {"path": out})
        for path in paths:
            _must_be_readable(path)
        with ends_at_a_signal(), tempfile.TemporaryDirectory() as folder:
            texts = [self._read(path, Path(folder) / str(number), options["encoding"])
                     for number, path in enumerate(paths)]  # fmt: skip
            made = self._make(recipe, texts, out)
        self.stdout.write(_("Examples: %(count)s") % {"count": f"{made:,}"})

    def _read(self, path: Path, target: Path, encoding: str) -> Text:
        kind = path.suffix.lower().removeprefix(".")
        if kind not in KINDS:
            raise CommandError(_("Only .txt, .md, .docx, .hwpx and .pdf can be read. Name: %(name)s") % {"name": path})
        found = _found(path, kind, target, encoding)
        if found.fault:
            raise CommandError(f"{path}: {' '.join(explain_text(found.fault, found.params))}")
        self.stderr.write(f"{path}: {found.encoding or kind}, {found.sentences:,} sentences")
        return Text(path.name, str(target), found.headings)

    def _make(self, recipe: Recipe, texts: list[Text], out: Path) -> int:
        part = _half_of(out)
        try:
            made = self._written(recipe, texts, part)
            if not made:
                raise CommandError(_("No example could be made of these texts. Nothing was written."))
            part.replace(out)
        except ChildProcessError:
            raise CommandError(_("The work ended too early; the reason is above. Nothing was written.")) from None
        finally:
            part.unlink(missing_ok=True)
        return made

    def _written(self, recipe: Recipe, texts: list[Text], part: Path) -> int:
        far = Far(0, 0, 0)
        with closing(run_apart(recipe, texts, target=part)) as lines:  # it writes no more once that is closed
            for told in lines:
                if told.fault:
                    raise CommandError(problem_words("analyser", told.fault))
                if told.far:
                    far = told.far
                    self.stderr.write(f"{far.done:,} / {far.total:,} characters, {far.examples:,} examples")
        return far.examples


def _half_of(out: Path) -> Path:
    """An empty file beside `out`, of a name that nobody else has. Whole paths: what fills it runs in another folder."""
    part = out.absolute().with_name(f".{uuid4().hex}.part")
    try:
        part.touch(exist_ok=False)
    except OSError as problem:
        raise _failed(_("Cannot write the file: %(path)s (%(reason)s)"), out, problem) from None
    return part


def _must_be_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as problem:
        raise _failed(_("Cannot read the file: %(path)s (%(reason)s)"), path, problem) from None


def _failed(words: str, path: Path, problem: OSError) -> CommandError:
    return CommandError(words % {"path": path, "reason": problem.strerror})


def _found(path: Path, kind: str, target: Path, encoding: str) -> Found:
    try:
        return read_apart(path.absolute(), kind, target, encoding, lambda _said: None)
    except ChildProcessError:
        return Found(fault=TextCode.BROKEN.value)


def _recipe(options: dict[str, Any]) -> Recipe:
    base = ANCESTOR.as_json() if options["ancestor"] else {}
    given = {name: options[name] for name in (*NUMBERS, *WORDS, *CHOICES) if options[name] is not None}
    if path := options["stop_words"]:
        given["stop_words"] = _words_of(path)
    recipe = Recipe.of(base | {"kind": options["recipe"]} | given)
    if problems := recipe.problems():
        raise CommandError("\n".join(problem_words(field, code) for field, code in problems.items()))
    return recipe


def _words_of(path: Path) -> list[str]:
    """The words of a text in any encoding that a text may have."""
    try:
        return decode(path.read_bytes(), "").text.split()
    except OSError as problem:
        raise _failed(_("Cannot read the file: %(path)s (%(reason)s)"), path, problem) from None
    except TextFaultError as fault:
        raise CommandError(f"{path}: {' '.join(explain_text(fault.code, fault.params))}") from None
