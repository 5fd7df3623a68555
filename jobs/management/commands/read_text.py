"""manage.py read_text PATH [--json]: the text of a document and what the page of a text says about it."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from jobs.management.machine_output import write_json
from jobs.text_faults import explain_text, noted
from jobs.training_data.texts.apart import read_apart
from jobs.training_data.texts.codes import TextCode
from jobs.training_data.texts.found import ENCODINGS, KINDS, Found

OLD = ("hwp", "doc")


class Command(BaseCommand):
    help = "Reads the text of a document. Exit status 1 where there is none."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help=" ".join(f".{kind}" for kind in KINDS))
        parser.add_argument("--encoding", choices=ENCODINGS, default="", help="of a plain text; else recognised")
        parser.add_argument("--json", action="store_true", help="print text, notes and refusal as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Programs rely on {text, notes: [{code, message}], refused: null or {code, line, message, remedy}}."""
        answer = _answer(options["path"].absolute(), options["encoding"])
        if options["json"]:
            write_json(self.stdout, answer)
        else:
            self._write(answer)
        if answer["refused"]:
            raise SystemExit(1)

    def _write(self, answer: dict[str, Any]) -> None:
        if refused := answer["refused"]:
            self.stderr.write(f"{refused['message']} → {refused['remedy']}")
            return
        for note in answer["notes"]:
            self.stderr.write(note["message"])
        self.stdout.write(answer["text"])


def _answer(path: Path, encoding: str) -> dict[str, Any]:
    kind = path.suffix.lower().removeprefix(".")
    if kind in OLD:
        return _refused(TextCode.OLD_FORMAT, *explain_text(TextCode.OLD_FORMAT, {}))
    if kind not in KINDS:
        message = _("Only .txt, .md, .docx, .hwpx and .pdf can be read. Name: %(name)s") % {"name": path.name}
        return _refused("unknown_kind", message, _("Save it as one of these and try again."))
    try:
        path.open("rb").close()
    except OSError as problem:
        message = _("Cannot read the file: %(path)s (%(reason)s)") % {"path": path, "reason": problem.strerror}
        return _refused("unreadable_file", message, _("Check the path and that you may read the file."))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "text"
        found = _found(path, kind, target, encoding)
        if found.fault:
            return _refused(found.fault, *explain_text(found.fault, found.params))
        notes = [{"code": code, "message": message} for code, message in noted(found.notes)]
        return {"text": target.read_bytes().decode(), "notes": notes, "refused": None}


def _found(path: Path, kind: str, target: Path, encoding: str) -> Found:
    try:
        return read_apart(path, kind, target, encoding, lambda _said: None)
    except ChildProcessError:  # ended by the system: too much memory, most likely
        return Found(fault=TextCode.BROKEN.value)


def _refused(code: str, message: str, remedy: str) -> dict[str, Any]:
    refused = {"code": str(code), "line": None, "message": message, "remedy": remedy}
    return {"text": "", "notes": [], "refused": refused}
