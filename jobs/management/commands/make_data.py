"""manage.py make_data PATH… --recipe keywords|own --out OUT: training data out of texts, without a portal."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from jobs.recipe_words import problem_words
from jobs.text_faults import explain_text
from jobs.training_data.recipes.apart import run_apart
from jobs.training_data.recipes.recipe import ANCESTOR, Recipe
from jobs.training_data.recipes.told import Far, Text
from jobs.training_data.texts.apart import read_apart
from jobs.training_data.texts.found import ENCODINGS, KINDS

NUMBERS = ("low", "high", "seed", "size", "top")
WORDS = ("template", "system_prompt", "between")
CHOICES = {
    "cut": ("sentences", "characters"),
    "line_breaks": ("join", "keep"),
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
        recipe, out = _recipe(options), options["out"]
        if out.exists():
            raise CommandError(_("It is there already: %(path)s") % {"path": out})
        with tempfile.TemporaryDirectory() as folder:
            texts = [self._read(path, Path(folder) / str(number), options["encoding"])
                     for number, path in enumerate(options["paths"])]  # fmt: skip
            made = self._make(recipe, texts, out)
        self.stdout.write(_("Examples: %(count)s") % {"count": f"{made:,}"})

    def _read(self, path: Path, target: Path, encoding: str) -> Text:
        kind = path.suffix.lower().removeprefix(".")
        if kind not in KINDS:
            raise CommandError(_("Only .txt, .md, .docx, .hwpx and .pdf can be read. Name: %(name)s") % {"name": path})
        found = read_apart(path, kind, target, encoding, lambda _said: None)
        if found.fault:
            raise CommandError(f"{path}: {' '.join(explain_text(found.fault, found.params))}")
        self.stderr.write(f"{path}: {found.encoding or kind}, {found.sentences:,} sentences")
        return Text(path.name, str(target))

    def _make(self, recipe: Recipe, texts: list[Text], out: Path) -> int:
        part, far = out.with_name(f"{out.name}.part"), Far(0, 0, 0)
        try:
            for told in run_apart(recipe, texts, target=part):
                if told.fault:
                    raise CommandError(problem_words("analyser", told.fault))
                if told.far:
                    far = told.far
                    self.stderr.write(f"{far.done:,} / {far.total:,} characters, {far.examples:,} examples")
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        return far.examples


def _recipe(options: dict[str, Any]) -> Recipe:
    base = ANCESTOR.as_json() if options["ancestor"] else {}
    given = {name: options[name] for name in (*NUMBERS, *WORDS, *CHOICES) if options[name] is not None}
    if path := options["stop_words"]:
        given["stop_words"] = path.read_text(encoding="utf-8").split()
    recipe = Recipe.from_json(base | {"kind": options["recipe"]} | given)
    if problems := recipe.problems():
        raise CommandError("\n".join(problem_words(field, code) for field, code in problems.items()))
    return recipe
