"""Every setting that is read from the environment stands in .env.example, and nothing else does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_example_names_what_the_settings_read() -> None:
    read = set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", (ROOT / "ftsite/settings.py").read_text()))
    told = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert told == read


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FIELD_KEYS"])
def test_real_installation_refuses_to_start_without_its_secrets(missing: str, tmp_path: Path) -> None:
    given = {"SECRET_KEY": "s", "FIELD_KEYS": "f"} | {"EMBEDDED": "false", "VAR_DIR": str(tmp_path)}
    del given[missing]

    refused = subprocess.run([sys.executable, "-c", "import ftsite.settings"], cwd=ROOT, env=given, capture_output=True)

    assert refused.returncode == 1
    assert f'"{missing}" not set' in refused.stderr.decode().splitlines()[-1]


def test_wrong_value_is_named_with_its_setting(tmp_path: Path) -> None:
    given = {"PORT": "eight", "VAR_DIR": str(tmp_path)}

    refused = subprocess.run([sys.executable, "-c", "import ftsite.settings"], cwd=ROOT, env=given, capture_output=True)

    assert refused.returncode == 1
    assert '"PORT" invalid' in refused.stderr.decode().splitlines()[-1]


def test_embedded_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    show = "import ftsite.settings as s; print(s.SECRET_KEY, s.FIELD_KEYS)"
    command, given = [sys.executable, "-c", show], {"VAR_DIR": str(tmp_path)}

    first, second = (subprocess.run(command, cwd=ROOT, env=given, capture_output=True, check=True) for _ in range(2))

    assert first.stdout == second.stdout
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("secret_key", "field_key")] == [0o600, 0o600]


@pytest.mark.parametrize(("asked", "served"), [({}, "False"), ({"TRAINER_ENABLED": "true"}, "True")])
def test_real_installation_serves_the_trainer_only_if_asked(asked: dict[str, str], served: str, tmp_path: Path) -> None:
    """It takes half a gigabyte from whoever makes up a key."""
    show = (
        "import django; django.setup(); from django.urls import is_valid_path; "
        "print(is_valid_path('/trainer/v1/files') is not False)"
    )
    given = {"SECRET_KEY": "s", "FIELD_KEYS": "f", "EMBEDDED": "false", "VAR_DIR": str(tmp_path)} | asked
    command = [sys.executable, "-c", show]

    told = subprocess.run(
        command, cwd=ROOT, env=given | {"DJANGO_SETTINGS_MODULE": "ftsite.settings"}, capture_output=True, check=True
    )

    assert told.stdout.decode().strip() == served
