"""Runs the export child, and what a person does with its archive: both in .venv-trainer, away from any network."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tests.needs import ROOT, TRAINER_PYTHON

CHILD = "trainer.engines.transformers.export"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), **OFFLINE}
    command = [str(TRAINER_PYTHON), *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def export(folder: Path, kind: str, base: Path, weights: Path, **more: Any) -> list[dict[str, Any]]:
    """The lines of the child, which leaves `folder`/<kind>.zip."""
    folder.mkdir(parents=True, exist_ok=True)
    order = {
        "job": "ftjob-0123456789abcdef",
        "model": "ft:small-llama:team:diary:abcd1234",
        "base": str(base),
        "weights": str(weights),
        "target": str(folder / f"{kind}.zip"),
        "made_on": "2026-11-30",
    }
    (folder / "export.json").write_text(json.dumps(order | more), encoding="utf-8")
    done = python("-m", CHILD, str(folder), kind)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def unpacked(archive: Path, into: Path) -> Path:
    """The one folder of the archive."""
    with ZipFile(archive) as file:
        assert file.testzip() is None
        file.extractall(into)
    (top,) = into.iterdir()
    return top


def readme_code(folder: Path, language: str = "python") -> str:
    """The first block of that language in README.md, as a reader copies it."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    return readme.split(f"```{language}\n", 1)[1].split("```", 1)[0]
