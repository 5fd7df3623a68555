"""Brings locale/*/LC_MESSAGES/django.po up to date with the source, for `make messages`. Needs Debian's gettext."""

from pathlib import Path
from typing import Any

import polib
from django.core.management.base import BaseCommand

from jobs.management.commands.compile_translations import catalogues, source_catalogue

OVERRIDE = "library:"  # begins the comment of a translation of ours for a text of Django or allauth
NO_WRAPPING = 100_000  # one text a line: a diff then shows what was changed, and nothing that only moved


def _is_plural_gap(entry: polib.POEntry) -> bool:
    return bool(entry.msgid_plural) and not any(entry.msgstr_plural.values())


def _carry_over(entry: polib.POEntry, known: polib.POEntry | None, forms: int) -> None:
    """Give a message of the source the translation that we have of it; `forms` is the language's number of plurals."""
    if entry.msgid_plural:
        old = known.msgstr_plural if known else {}
        entry.msgstr_plural = {form: old.get(form, "") for form in range(forms)}
    elif known:
        entry.msgstr = known.msgstr
    entry.tcomment = known.tcomment if known else ""


def merge(po: Path, source: polib.POFile) -> list[str]:
    """Rewrite `po`, sorted, with the messages of the source and the overrides; return those without a translation."""
    old = polib.pofile(str(po), wrapwidth=NO_WRAPPING)
    known = {(entry.msgctxt, entry.msgid): entry for entry in old if not entry.obsolete}
    forms = int(old.metadata["Plural-Forms"].partition("nplurals=")[2].partition(";")[0])
    fresh = polib.POFile(wrapwidth=NO_WRAPPING)
    fresh.metadata, fresh.header = old.metadata, old.header
    for entry in source:
        _carry_over(entry, known.pop((entry.msgctxt, entry.msgid), None), forms)
    overrides = [entry for entry in known.values() if entry.tcomment.startswith(OVERRIDE)]
    fresh.extend(sorted([*source, *overrides], key=lambda entry: (entry.msgid, entry.msgctxt or "")))
    fresh.save(str(po))
    return [entry.msgid for entry in fresh if _is_plural_gap(entry) or not (entry.msgstr or entry.msgid_plural)]


class Command(BaseCommand):
    help = "Collect every text of the source into the .po files, keep what is translated, name what is not."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for po in catalogues():
            gaps = merge(po, source_catalogue())
            for msgid in gaps:
                self.stdout.write(f"to translate: {msgid!r}")
            self.stdout.write(f"{po.parts[-3]}: {len(gaps)} to translate")
