"""Real training's locks, and what scripts/trainer says and does before anything is downloaded."""

import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from scripts.split_trainer_lock import split

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("trainer", "trainer-torch", "trainer-torch-local", "trainer-cuda")
PIN = re.compile(r"\A(?P<name>[a-z0-9][\w.-]*)==(?P<version>\S+)")


def lock(part: str) -> str:
    return (ROOT / f"requirements/{part}.txt").read_text()


def pins(text: str) -> list[str]:
    return [line for line in text.splitlines() if PIN.match(line)]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What scripts/trainer needs of the repository; where only the portal's Python has a venv module, that one."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/trainer", folder / "scripts")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def run(clone: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "scripts/trainer"]
    return subprocess.run(command, cwd=clone, env=os.environ | environment, capture_output=True, text=True, check=False)


def with_free_disk(clone: Path, kilobytes: int) -> str:
    """A PATH whose `df` reports so much room."""
    stand_in = clone / "bin" / "df"
    stand_in.parent.mkdir()
    stand_in.write_text(f"#!/bin/sh\necho Filesystem\necho /dev/x 9 9 {kilobytes} 9% /\n")
    stand_in.chmod(0o755)
    return f"{stand_in.parent}:{os.environ['PATH']}"


def install_nothing(clone: Path, torch: str) -> Path:
    """The trace of a finished installation."""
    folder = clone / ".venv-trainer"
    venv.create(folder, with_pip=True, symlinks=True)
    (folder / "installed-trainer.txt").write_text("".join(lock(part) for part in PARTS))
    (folder / "torch.txt").write_text(f"{torch}\n")
    return folder


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*")), ids=lambda path: path.name)
def test_no_lock_names_a_host(path: Path) -> None:
    text = path.read_text()

    assert (
        re.findall(r"https?:|--(?:extra-)?index-url|--find-links|--trusted-host", text.replace("(--find-links)", ""))
        == []
    )


@pytest.mark.parametrize("part", PARTS)
def test_every_pin_carries_a_hash(part: str) -> None:
    for block in re.split(r"^(?=[a-z0-9])", lock(part), flags=re.MULTILINE):
        assert not PIN.match(block) or re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block

    assert pins(lock(part)) != []


def test_both_builds_of_torch_have_the_version_that_is_wanted() -> None:
    wanted = re.findall(r"^torch==\S+", (ROOT / "requirements/trainer.in").read_text(), re.MULTILINE)

    assert re.findall(r"^torch==\S+", lock("trainer-torch"), re.MULTILINE) == wanted
    assert re.findall(r"^torch==\S+", lock("trainer-torch-local"), re.MULTILINE) == wanted
    assert "torch==" not in lock("trainer") + lock("trainer-cuda")


def test_the_local_build_is_not_one_of_the_registrys() -> None:
    """pip would take the registry's before it, without the libraries that one needs."""
    [local] = re.findall(r"sha256:\w+", lock("trainer-torch-local"))

    assert local not in lock("trainer-torch")


def test_the_lock_is_split_by_who_needs_it() -> None:
    whole = (
        "accelerate==1.0 \\\n    --hash=sha256:aa\n    # via peft\n"
        "cuda-toolkit==13 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"
        "nvidia-cudnn-cu13==9 \\\n    --hash=sha256:cc\n"
        "torch==2.13.0 \\\n    --hash=sha256:dd\n    # via\n    #   peft\n"
        "torchless==1 \\\n    --hash=sha256:ee\n"
        "triton==3 \\\n    --hash=sha256:ff\n"
    )

    parts = {name: pins(text) for name, text in split(whole).items()}

    assert parts == {
        "trainer.txt": ["accelerate==1.0 \\", "torchless==1 \\"],
        "trainer-torch.txt": ["torch==2.13.0 \\"],
        "trainer-cuda.txt": [
            "cuda-toolkit==13 ; sys_platform == 'linux' \\",
            "nvidia-cudnn-cu13==9 \\",
            "triton==3 \\",
        ],
    }
    assert "    #   peft\n" in split(whole)["trainer-torch.txt"]


def test_a_build_that_does_not_exist_is_refused(clone: Path) -> None:
    ended = run(clone, TRAINER_TORCH="gpu")

    assert ended.returncode == 1
    assert ended.stderr == "✗ TRAINER_TORCH is cpu or cuda, not 'gpu'.\n"
    assert not (clone / ".venv-trainer").exists()


def test_an_environment_of_others_is_left_alone(clone: Path) -> None:
    theirs = clone / "theirs"
    theirs.mkdir()
    (clone / ".venv-trainer").symlink_to(theirs)

    ended = run(clone)

    assert ended.returncode == 1
    assert ended.stderr.startswith("✗ .venv-trainer is a link: ")
    assert list(theirs.iterdir()) == []


def test_a_small_disk_is_refused_before_the_download(clone: Path) -> None:
    ended = run(clone, TRAINER_TORCH="cuda", PATH=with_free_disk(clone, 2_000_000))

    assert ended.returncode == 1
    assert "· Downloads about 3100 MB, takes about 7000 MB here (1953 MB are free).\n" in ended.stdout
    assert re.search(r"make room for 100\d\d MB in .+; nothing was downloaded\.", ended.stderr)
    assert not (clone / ".venv-trainer").exists()


def test_what_was_broken_off_does_not_look_finished(clone: Path) -> None:
    """The worker takes .venv-trainer/bin/python for an installation that works."""
    folder = install_nothing(clone, "cpu")
    (folder / "installed-trainer.txt").write_text("another lock\n")

    ended = run(clone, TRAINER_TORCH="cuda", PATH=with_free_disk(clone, 1000))

    assert ended.returncode == 1
    assert not (folder / "bin/python").exists()


def test_a_second_run_does_nothing(clone: Path) -> None:
    folder = install_nothing(clone, "cpu")
    before = (folder / "bin/python").lstat().st_mtime_ns

    ended = run(clone, PATH=with_free_disk(clone, 1000))

    assert (ended.returncode, ended.stdout) == (0, "· Real training is installed: nothing to do.\n")
    assert (folder / "bin/python").lstat().st_mtime_ns == before


def test_another_build_is_installed_where_one_is_ordered(clone: Path) -> None:
    install_nothing(clone, "local")

    ended = run(clone, TRAINER_TORCH="cuda", PATH=with_free_disk(clone, 1000))

    assert ended.returncode == 1
    assert ended.stdout.startswith("· PyTorch for cuda instead: ")
