"""Versions that mend what was found: personal data masked, duplicates left out. Made in a process of their own."""

from collections.abc import Callable
from pathlib import Path

from jobs.models import TrainingFile
from jobs.training_data.apart import lines_of

type Keep = Callable[[], None]


def mask(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    """By options {"kinds": […], "language": "ko"}."""
    _run("masking", sources[0], target, [file.options["language"], *file.options["kinds"]], keep)


def reduce(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    """By options {"drop": ["exact_duplicates", "near_duplicates"]}."""
    _run("reducing", sources[0], target, file.options["drop"], keep)


def _run(module: str, source: Path, target: Path, words: list[str], keep: Keep) -> None:
    answers = lines_of(f"jobs.training_data.{module}", str(source), str(target), *words)
    try:
        for _progress in answers:
            keep()
    finally:
        answers.close()
