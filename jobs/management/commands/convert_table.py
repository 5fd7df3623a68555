"""manage.py convert_table PATH [--out OUT] [--json]: a table to training data by its own guess, without a portal."""

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from jobs.faults import explain
from jobs.management.machine_output import write_json
from jobs.management.stopping import ends_at_a_signal
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.tables.asking import Made, convert
from jobs.training_data.tables.shapes import Mapping, Way

type Refused = dict[str, Any]

NOTHING = Made(examples=0, format="", columns=[], mapping=Mapping(), notes=[])


class Command(BaseCommand):
    help = "Converts a table (CSV, TSV, XLSX, JSON) to training data. Exit status 1 if it is refused."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--out", type=Path, help="the JSONL to write; it must not exist")
        parser.add_argument("--json", action="store_true", help="print what was made as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Programs rely on {format, examples, columns, mapping, notes: [{code, message}], refused}.

        `refused` is null or {code, line, message, remedy}.
        """
        path, out = options["path"], options["out"]
        with ends_at_a_signal():
            made, refused = _converted(path, out)
        if options["json"]:
            write_json(self.stdout, _answer(made) | {"refused": refused})
        elif refused:
            raise CommandError(f"{refused['message']} {refused['remedy']}".strip())
        else:
            self.stdout.write(_as_text(made))
        if refused:
            raise SystemExit(1)


def _converted(path: Path, out: Path | None) -> tuple[Made, Refused | None]:
    if out and os.path.lexists(out):
        return NOTHING, _refused(
            "out_exists", _("It is there already: %(path)s") % {"path": out}, _("Name another file.")
        )
    try:
        return (_written(path, out) if out else _tried(path)), None
    except RefusedError as refused:
        return NOTHING, _refused(refused.fault.code, *explain(refused.fault), line=refused.fault.line)
    except ChildProcessError:
        message = _("The work ended too early; the reason is above. Nothing was written.")
        return NOTHING, _refused("ended_early", message, "")
    except OSError as problem:
        words = {"path": problem.filename or path, "reason": problem.strerror or problem}
        message = _("Cannot read or write the file: %(path)s (%(reason)s)") % words
        return NOTHING, _refused("file_unreadable", message, _("Check the path and your rights to it."))


def _refused(code: str, message: str, remedy: str, line: int = 0) -> Refused:
    return {"code": code, "line": line, "message": message, "remedy": remedy}


def _tried(path: Path) -> Made:
    with tempfile.TemporaryDirectory() as folder:
        return convert(path, path.name, Way(), None, Path(folder) / "out")


def _written(path: Path, out: Path) -> Made:
    """`out` is there whole, or not at all."""
    part = out.absolute().with_name(f".{uuid4().hex}.part")
    try:
        part.touch(exist_ok=False)
        made = convert(path, path.name, Way(), None, part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return made


def _answer(made: Made) -> dict[str, Any]:
    return {
        "format": made.format,
        "examples": made.examples,
        "columns": made.columns,
        "mapping": {key: value for key, value in msgspec.structs.asdict(made.mapping).items() if value},
        "notes": [{"code": note.code, "message": explain(note)[0]} for note in made.notes],
    }


def _as_text(made: Made) -> str:
    mapping = _answer(made)["mapping"]
    return "\n".join(
        [
            _("Format: %(format)s") % {"format": made.format},
            _("Examples: %(count)s") % {"count": f"{made.examples:,}"},
            _("Columns: %(names)s") % {"names": ", ".join(made.columns)},
            _("Read as: %(mapping)s") % {"mapping": ", ".join(f"{key}={value}" for key, value in mapping.items())},
            *(f"  {' → '.join(explain(note))}" for note in made.notes),
        ]
    )
