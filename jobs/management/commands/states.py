"""Writes docs/states.md, the picture of a job's life, from jobs/states.py."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.states import CLAIMED, FINAL, NEXT, State

MEANING = {
    State.NEW: "The order is a row. Nothing has been sent yet; a worker takes it at the next tick.",
    State.PUSHING: "A worker holds the job and uploads its files, each once per connection.",
    State.READY: "The service holds the files. The job itself has not been asked for.",
    State.SUBMITTING: "A worker holds the job and asks the service to start it: one call, never repeated.",
    State.UNSURE: "The answer was lost. It is settled by asking until the job is found or proven absent.",
    State.RUNNING: "The service has the job. It is followed by polling; its own words are kept beside.",
    State.SUCCEEDED: "The service made a model.",
    State.FAILED: "Refused or broken off; the service's reason is kept in full.",
    State.CANCELLED: "Stopped on a member's word.",
    State.ADOPTING: "Imported: the team's connections are asked whether they know it.",
    State.RECORDED: "Imported, and no connection knows it: what was imported is kept, to be looked for on a wish.",
}
HEAD = """# The life of a fine-tune job

Written by `manage.py states` from `jobs/states.py`; `make lint` fails where it is stale.

"""


def picture() -> str:
    """Return docs/states.md as it should be."""
    arrows = ["    [*] --> new", "    [*] --> adopting"]
    arrows += [f"    {state} --> {after}" for state in State for after in State if after in NEXT[state]]
    arrows += [f"    {state} --> [*]" for state in State if state in FINAL]
    rows = [
        f"| `{state}` | {'a worker' if state in CLAIMED else 'no one' if state in FINAL else 'the tick'} | "
        f"{MEANING[state]} |"
        for state in State
    ]
    return "\n".join(
        [
            HEAD + "```mermaid\nstateDiagram-v2",
            *arrows,
            "```\n",
            "| state | who moves it on | what it means |\n|---|---|---|",
            *rows,
            "",
        ]
    )


class Command(BaseCommand):
    help = "Write docs/states.md from jobs/states.py; --check: tell whether it is fresh."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where it is stale")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        path = settings.BASE_DIR / "docs/states.md"
        if not check:
            path.write_text(picture(), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != picture():
            raise CommandError("docs/states.md is stale: run `manage.py states`")
