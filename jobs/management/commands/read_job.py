"""manage.py read_job PATH [--json]: what the import of a job's JSON would store, without a portal."""

import io
import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs import job_json
from jobs.job_json import NotAJobError, Told
from jobs.states import State

type Json = dict[str, Any]

FACTS = ("id", "status", "state", "model", "created_at", "finished_at", "error", "fine_tuned_model", "trained_tokens")


class Command(BaseCommand):
    help = "Reads a job's JSON and prints what an import would store. Exit status 1 if it is refused."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--json", action="store_true", help="print it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        said = _read(options["path"])
        out = getattr(self.stdout, "_out", None)
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(encoding="utf-8")  # whatever the terminal is set to: programs read this
        self.stdout.write(json.dumps(said, ensure_ascii=False, indent=2) if options["json"] else _as_text(said))
        if said["refused"]:
            raise SystemExit(1)


def _read(path: Path) -> Json:
    """{id, status, state, model, created_at, finished_at, error, fine_tuned_model, trained_tokens, notes, refused}.

    Programs rely on these keys.
    """
    try:
        with path.open("rb") as stream:
            parsed = job_json.parse(stream.read(job_json.LIMIT + 1))
        told = job_json.read(parsed.raw, timezone.now())
    except OSError as problem:
        words = _("Cannot read the file: %(path)s (%(reason)s)") % {"path": path, "reason": problem.strerror}
        return _refused("unreadable", words)
    except NotAJobError as refusal:
        return _refused(refusal.code, refusal.message, refusal.remedy, refusal.line)
    notes = [{"code": note.code, "message": note.message} for note in job_json.notes_on(parsed, told)]
    return _facts(told) | {"notes": notes, "refused": None}


def _refused(code: str, message: str, remedy: str = "", line: int | None = None) -> Json:
    refused = {"code": code, "line": line, "message": message, "remedy": remedy}
    return dict.fromkeys(FACTS) | {"notes": [], "refused": refused}


def _facts(told: Told) -> Json:
    """`state`: as what the portal takes the job's word; of one that goes on, "running"."""
    values = (
        told.remote_id,
        told.status or None,
        (told.end.state if told.end else State.RUNNING).value,
        told.base_model or None,
        _time(told.created_at),
        _time(told.finished_at if told.has_ended else None),
        told.error or None,
        told.fine_tuned_model or None,
        told.trained_tokens,
    )
    return dict(zip(FACTS, values, strict=True))


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _as_text(said: Json) -> str:
    if refused := said["refused"]:
        place = [_("line %(line)s") % {"line": refused["line"]}] if refused["line"] else []
        return ": ".join([*place, f"{refused['message']} {refused['remedy']}".strip()])
    facts = [f"{name}: {_plain(said[name])}" for name in FACTS]
    return "\n".join([*facts, *(note["message"] for note in said["notes"])])


def _plain(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
