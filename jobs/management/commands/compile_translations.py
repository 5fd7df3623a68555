"""Compiles locale/*/LC_MESSAGES/django.po in pure Python, so that no one has to install gettext to start."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

SOURCES = ("jobs", "ftsite", "trainer", "wire", "templates")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]")


def catalogues() -> Iterator[Path]:
    """Yield every catalogue that people edit."""
    for root in settings.LOCALE_PATHS:
        yield from sorted(Path(root).glob("*/LC_MESSAGES/django.po"))


def compile_catalogues() -> int:
    """Write the .mo beside each .po that is newer than its own; return how many were written."""
    written = 0
    for po in catalogues():
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        draft = mo.with_name(f".{mo.name}.{os.getpid()}")  # a server that reads meanwhile must not see half of it
        polib.pofile(str(po)).save_as_mofile(str(draft))
        draft.replace(mo)
        written += 1
    return written


def _absent() -> set[str]:
    """Return the languages that people may choose and no catalogue speaks."""
    return {code for code, _name in settings.LANGUAGES} - {po.parts[-3] for po in catalogues()} - {"en"}


def _translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _faults(po: Path) -> Iterator[str]:
    """Yield what is wrong with a catalogue by itself: gaps, fuzzy entries, lost placeholders."""
    for entry in polib.pofile(str(po)):
        if entry.obsolete:
            continue
        if entry.fuzzy:
            yield f"fuzzy: {entry.msgid!r}"
        elif not all(_translations(entry)):
            yield f"not translated: {entry.msgid!r}"
        else:
            wanted = {*PLACEHOLDER.findall(entry.msgid), *PLACEHOLDER.findall(entry.msgid_plural or "")}
            for text in _translations(entry):
                if strange := set(PLACEHOLDER.findall(text)) - wanted:
                    yield f"unknown placeholder {', '.join(sorted(strange))} in the translation of {entry.msgid!r}"


def _messages(catalogue: polib.POFile) -> set[tuple[str | None, str]]:
    return {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete}


def source_catalogue() -> polib.POFile:
    """Return everything that gettext finds in the source, not translated. Needs Debian's gettext."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for name in SOURCES:
            if (settings.BASE_DIR / name).exists():
                shutil.copytree(
                    settings.BASE_DIR / name, tree / name, ignore=shutil.ignore_patterns("*.pyc", "migrations")
                )
        (tree / "locale").mkdir()
        command = [sys.executable, "-m", "django", "makemessages", "--locale=ko", "--verbosity=0"]
        command.append("--add-location=file")  # line numbers would change with every commit
        environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)  # noqa: S603
        found = tree / "locale/ko/LC_MESSAGES/django.po"
        return polib.pofile(str(found)) if found.exists() else polib.POFile()


def missing_from(po: Path, source: polib.POFile) -> list[str]:
    """Return msgids of the source that `po` does not have."""
    return sorted(msgid for _context, msgid in _messages(source) - _messages(polib.pofile(str(po))))


class Command(BaseCommand):
    help = "Compile the translations (.po to .mo) without gettext; --check: tell whether they are complete."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="compile nothing; exit 1 where one is missing")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        if not check:
            self.stdout.write(f"{compile_catalogues()} compiled")
            return
        faults = [f"{language}: no catalogue" for language in _absent()]
        faults += [f"{po.parts[-3]}: {fault}" for po in catalogues() for fault in self.check_one(po)]
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write("translations are complete")

    def check_one(self, po: Path) -> list[str]:
        faults = list(_faults(po))
        if shutil.which("xgettext"):
            faults += [f"missing: {msgid!r}" for msgid in missing_from(po, source_catalogue())]
        else:
            self.stderr.write("gettext is not installed: not compared with the source")
        return faults
