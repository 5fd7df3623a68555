"""Translations are compiled without gettext, and their gaps are found."""

import gettext
import os
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.management import CommandError, call_command

from jobs.management.commands.collect_messages import OVERRIDE
from jobs.management.commands.compile_translations import catalogues, compile_catalogues

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"\n\n'


@pytest.fixture
def po(settings: Any, tmp_path: Path) -> Path:
    """An empty Korean catalogue of a project of its own."""
    settings.BASE_DIR = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    path = tmp_path / "locale/ko/LC_MESSAGES/django.po"
    path.parent.mkdir(parents=True)
    return path


def check() -> str:
    out = StringIO()
    call_command("compile_translations", "--check", stdout=out, stderr=StringIO())
    return out.getvalue()


def test_compiled_catalogue_is_what_gettext_reads(po: Path) -> None:
    po.write_text(HEAD + 'msgid "Jobs"\nmsgstr "학습 작업"\n')

    written = compile_catalogues()

    with po.with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Jobs") == "학습 작업"
    assert written == 1


def test_only_what_changed_is_compiled_again(po: Path) -> None:
    po.write_text(HEAD + 'msgid "Jobs"\nmsgstr "학습 작업"\n')
    compile_catalogues()

    assert compile_catalogues() == 0
    later = po.with_suffix(".mo").stat().st_mtime + 5
    os.utime(po, (later, later))
    assert compile_catalogues() == 1


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "Jobs"\nmsgstr ""\n', "ko: not translated: 'Jobs'"),
        ('#, fuzzy\nmsgid "Jobs"\nmsgstr "학습 작업"\n', "ko: fuzzy: 'Jobs'"),
        (
            'msgid "%(n)s job"\nmsgid_plural "%(n)s jobs"\nmsgstr[0] "작업 %(m)s"\n',
            "ko: unknown placeholder %(m)s in the translation of '%(n)s job'",
        ),
    ],
)
def test_check_names_a_faulty_entry(po: Path, entry: str, fault: str) -> None:
    po.write_text(HEAD + entry)

    with pytest.raises(CommandError) as refused:
        check()

    assert str(refused.value) == fault


def test_check_accepts_a_whole_catalogue(po: Path) -> None:
    po.write_text(HEAD + 'msgid "Jobs"\nmsgstr "학습 작업"\n')

    assert check() == "translations are complete\n"


@pytest.mark.usefixtures("po")
def test_check_misses_a_language_without_a_catalogue() -> None:
    with pytest.raises(CommandError) as refused:
        check()

    assert str(refused.value) == "ko: no catalogue"


@pytest.mark.gettext
def test_check_finds_what_the_source_says_and_the_catalogue_does_not(po: Path, settings: Any) -> None:
    source = settings.BASE_DIR / "jobs/page.py"
    source.parent.mkdir()
    source.write_text('from django.utils.translation import gettext\n\nSAID = gettext("Brand new")\n')
    po.write_text(HEAD)

    with pytest.raises(CommandError) as refused:
        check()

    assert str(refused.value) == "ko: missing: 'Brand new'"


@pytest.mark.gettext
def test_collecting_keeps_translations_sorts_and_names_gaps(po: Path, settings: Any) -> None:
    source = settings.BASE_DIR / "jobs/page.py"
    source.parent.mkdir()
    source.write_text('from django.utils.translation import gettext\n\nSAID = gettext("New"), gettext("Kept")\n')
    override = '# library: allauth\nmsgid "Bad Token"\nmsgstr "올바르지 않은 링크"\n\n'
    po.write_text(HEAD + override + 'msgid "Gone"\nmsgstr "없어짐"\n\nmsgid "Kept"\nmsgstr "남음"\n')
    out = StringIO()

    call_command("collect_messages", stdout=out)

    assert [(entry.msgid, entry.msgstr) for entry in polib.pofile(str(po))] == [
        ("Bad Token", "올바르지 않은 링크"),
        ("Kept", "남음"),
        ("New", ""),
    ]
    assert out.getvalue() == "to translate: 'New'\nko: 1 to translate\n"


def test_every_override_is_of_a_text_that_its_library_has() -> None:
    ours = [entry for path in catalogues() for entry in polib.pofile(str(path)) if entry.tcomment.startswith(OVERRIDE)]
    folders = {entry.tcomment.removeprefix(OVERRIDE).strip() for entry in ours}
    paths = {name: Path(*import_module(name).__path__) / "locale/ko/LC_MESSAGES/django.po" for name in folders}
    texts = {name: {entry.msgid for entry in polib.pofile(str(path))} for name, path in paths.items()}

    lost = [entry.msgid for entry in ours if entry.msgid not in texts[entry.tcomment.removeprefix(OVERRIDE).strip()]]

    assert (len(ours) > 0, lost) == (True, [])
