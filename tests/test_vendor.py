"""What we serve of others is what the lock says, carries its licence, and every icon a page names is there."""

import json
import re

import pytest

from jobs.templatetags.icons import DRAWINGS, icon
from scripts.vendor import ICONS, LOCK, ROOT, VENDOR, digests

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMED_ICON = re.compile(r"""{%\s*icon\s+["']([a-z0-9-]+)["']""")


def test_vendored_files_match_lock() -> None:
    locked = json.loads(LOCK.read_text())

    assert digests() == locked


def test_every_vendored_package_carries_its_licence() -> None:
    packages = {path.name for path in VENDOR.iterdir() if path.is_dir()}

    licensed = {path.parent.name for path in VENDOR.glob("*/LICENSE*")}

    assert packages == licensed


def test_package_lock_names_no_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    assert [name for name, entry in packages.items() if "resolved" in entry] == []


@pytest.mark.parametrize("name", sorted({n for t in TEMPLATES for n in NAMED_ICON.findall(t.read_text())}))
def test_icon_named_in_a_template_is_vendored(name: str) -> None:
    assert name in ICONS
    assert (ROOT / DRAWINGS / f"{name}.svg").is_file()


def test_icon_is_decoration_in_the_colour_of_the_text() -> None:
    drawing = icon("play")

    assert drawing.startswith('<svg class="icon icon-play" viewBox="0 0 24 24" aria-hidden="true"')
    assert "stroke=" not in drawing
