"""manage.py export_team SLUG [--output PATH]: everything a team owns as one zip of plain files."""

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jobs.models import AuditEntry, Team
from jobs.pipeline.exporting import Archive

INCOMPLETE = 3


class Command(BaseCommand):
    help = (
        "Write everything a team owns, never a key, as one zip with a manifest. Exit status 1: nothing was written; "
        "3: written, but bytes of training files are missing on this server or damaged (the manifest names them)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="as in the team's address: /t/SLUG/")
        parser.add_argument("--output", type=Path, help="file or folder; else SLUG-DATE.zip here")

    def handle(self, *_args: Any, slug: str, output: Path | None, **_options: Any) -> None:
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise CommandError(f"No team has the slug {slug}. It stands in the team's address: /t/SLUG/")
        target = _target(slug, output)
        try:
            archive = Archive(team)
            _write(archive, target)
        except OSError as problem:
            raise CommandError(f"Cannot write {target}: {problem.strerror}. Nothing is left of it.") from None
        AuditEntry.objects.create(
            team=team, action="team.exported", subject=team.name[:200], after={"by": "manage.py export_team"}
        )
        self.stdout.write(f"{target} · {target.stat().st_size:,} bytes · {len(archive.files)} files")
        if archive.weights:
            models = ", ".join(one["model"] for one in archive.weights)
            self.stdout.write(f"Weights are not in it. Download them from the pages of their jobs: {models}")
        if archive.damaged:
            names = "\n".join(f"  {one['uuid']} · {one['reason']} · {one['name']}" for one in archive.damaged)
            raise CommandError(f"Written, but not whole on this server:\n{names}", returncode=INCOMPLETE)


def _target(slug: str, output: Path | None) -> Path:
    target = output or Path()
    if target.is_dir():
        target /= f"{slug}-{timezone.now():%Y-%m-%d}.zip"
    if target.exists():
        raise CommandError(f"{target} is there already. Move it away, or give another --output.")
    return target


def _write(archive: Archive, target: Path) -> None:
    """A half archive never bears the name of a whole one."""
    # no number of a process in its name: in a container the next one has the same, and would meet a dead one's half
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    half = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.writelines(archive.chunks())
            out.flush()
            os.fsync(out.fileno())
        half.rename(target)
    finally:
        half.unlink(missing_ok=True)
