"""manage.py verify_export PATH: is an archive of a team what its manifest says?"""

import hashlib
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.core.management.base import BaseCommand, CommandError

CHUNK = 1024 * 1024


class Command(BaseCommand):
    help = "Compare every file of an archive of export_team with its manifest. Exit status 1 where they differ."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)

    def handle(self, *_args: Any, path: Path, **_options: Any) -> None:
        try:
            with ZipFile(path) as archive:
                manifest = json.loads(archive.read("manifest.json"))
                wrong = faults(archive, manifest)
        except (OSError, BadZipFile, KeyError, ValueError, TypeError) as problem:
            raise CommandError(f"{path} is not an archive of a team: {problem}") from None
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write(
            f"{manifest['team']['name']} · {manifest['made_at']} · {len(manifest['files'])} files as the manifest says"
            f" · {len(manifest['missing'])} training files not in it"
        )


def faults(archive: ZipFile, manifest: dict[str, Any]) -> list[str]:
    """What is absent, changed, or not in the manifest."""
    told = {entry["path"]: entry for entry in manifest["files"]}
    there = set(archive.namelist()) - {"manifest.json"}
    wrong = [f"{path}: absent" for path in sorted(told.keys() - there)]
    wrong += [f"{path}: not in the manifest" for path in sorted(there - told.keys())]
    return wrong + [
        f"{path}: changed" for path in sorted(there & told.keys()) if _read(archive, path) != _as(told[path])
    ]


def _as(entry: dict[str, Any]) -> tuple[int, str]:
    return entry["bytes"], entry["sha256"]


def _read(archive: ZipFile, path: str) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        with archive.open(path) as stream:
            while data := stream.read(CHUNK):
                size += len(data)
                digest.update(data)
    except BadZipFile:
        return -1, ""
    return size, digest.hexdigest()
