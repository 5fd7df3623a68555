"""Splits the lock of real training, read from standard input, into the files that scripts/trainer installs.

    uv pip compile … requirements/trainer.in | python3 scripts/split_trainer_lock.py

torch gets a file of its own: pip ranks what carries a hash in its link above a local file, so that one list with both
hashes would bring the CUDA build without its libraries. The libraries of CUDA are needed with that build only.
"""

import re
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
HEADER = "# Made by scripts/split_trainer_lock.py (CONTRIBUTING.md, Dependencies).\n"
OF_CUDA = re.compile(r"\A(?:nvidia-|cuda-|triton\b)")


def pins(lock: str) -> list[str]:
    """Each package's lines: its name with the version, then its hashes, then who wants it."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return [block for block in blocks if not block.startswith(("#", "\n")) and block]


def file_of(pin: str) -> str:
    if pin.startswith("torch=="):
        return "trainer-torch.txt"
    return "trainer-cuda.txt" if OF_CUDA.match(pin) else "trainer.txt"


def split(lock: str) -> dict[str, str]:
    """{name of the file: its text}"""
    files: dict[str, str] = {}
    for pin in pins(lock):
        name = file_of(pin)
        files[name] = files.get(name, HEADER) + pin
    return files


def main() -> None:
    for name, text in split(sys.stdin.read()).items():
        (REQUIREMENTS / name).write_text(text)


if __name__ == "__main__":
    main()
