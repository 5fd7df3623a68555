"""What README and ADRs say of the repository is true of it: settings, links, commands, sizes."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
READMES = ["README.md", "README.ko.md"]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))


def told_settings(text: str) -> dict[str, str]:
    """Each setting of the table and its default, as they stand there."""
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|([^|]*)\|", text, re.MULTILINE)
    told = {}
    for names, defaults in rows:
        given = re.findall(r"`([^`]+)`", defaults)
        for place, name in enumerate(re.findall(r"[A-Z_]+", names)):
            told[name] = given[place] if place < len(given) else ""
    return told


def example_settings() -> dict[str, str]:
    rows = re.findall(r"^# ([A-Z_]+)=(.*?)(?: +#.*)?$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("page", READMES)
def test_readme_names_every_setting(page: str) -> None:
    assert told_settings((ROOT / page).read_text()).keys() == example_settings().keys()


@pytest.mark.parametrize("page", READMES)
def test_readme_gives_the_defaults_of_the_example(page: str) -> None:
    made = {"SECRET_KEY", "FIELD_KEYS", "DATABASE_URL"}  # said in other words
    told = {name: value.replace("$PORT", "8000") for name, value in told_settings((ROOT / page).read_text()).items()}

    wrong = {name: value for name, value in example_settings().items() if name not in made and told[name] != value}

    assert wrong == {}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", (ROOT / page).read_text())

    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_tests_that_a_page_names_exist(page: str) -> None:
    """`tests/test_x.py` and `tests/test_x.py::test_y`."""
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / page).read_text())

    missing = [
        (path, test)
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]

    assert missing == []


@pytest.mark.parametrize("page", READMES)
def test_commands_and_samples_of_the_readme_exist(page: str) -> None:
    text = (ROOT / page).read_text()

    commands = set(re.findall(r"manage\.py (\w+)", text))
    samples = set(re.findall(r"samples/[\w-]+\.jsonl", text))

    assert commands - get_commands().keys() == set()
    assert samples == {path.relative_to(ROOT).as_posix() for path in (ROOT / "samples").glob("*.jsonl")}


def test_both_readmes_have_the_same_commands() -> None:
    blocks = [
        re.findall(r"^(?:\.venv|make|docker).*?(?=\s+#|$)", (ROOT / p).read_text(), re.MULTILINE) for p in READMES
    ]

    assert blocks[0] == blocks[1]
    assert blocks[0] != []


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.stem[:4])
def test_adr_is_short_and_whole(adr: Path) -> None:
    lines = adr.read_text().splitlines()

    assert len(lines) <= 40
    assert lines[0].startswith(f"# {adr.stem[:4]} ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


def test_adrs_are_numbered_without_gap() -> None:
    assert [adr.stem[:4] for adr in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
