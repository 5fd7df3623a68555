"""The pure operations of jobs.training_data, each called with what the row's options say."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from jobs.models import TrainingFile
from jobs.pipeline import mending
from jobs.training_data import repairing
from jobs.training_data.converting import legacy_to_chat
from jobs.training_data.editing import apply_changes
from jobs.training_data.operations import choosing, parts, rewriting
from jobs.training_data.operations.dropping import drop_lines
from jobs.training_data.tables import asking
from jobs.training_data.tables.shapes import Mapping, Way

type Keep = Callable[[], None]


def convert(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    """options["to"]: `legacy`, `preferred` (a chat that ends in the preferred answer), or nothing: legacy to chat."""
    match file.options.get("to"):
        case "legacy":
            rewriting.chat_to_legacy(sources[0], target, keep)
        case "preferred":
            rewriting.preference_to_chat(sources[0], target, keep)
        case _:
            legacy_to_chat(sources[0], target, file.options.get("system_prompt", ""))


def edit(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    apply_changes(sources[0], target, file.options["changes"], keep)


def merge(_file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    choosing.merge(sources, target, keep)


def set_system_prompt(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    rewriting.set_system_prompt(sources[0], target, file.options["system_prompt"], keep)


def reduce(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    """options["drop"] names findings, options["lines"] the numbers of lines."""
    if "drop" in file.options:
        mending.reduce(file, sources, target, keep)
    else:
        drop_lines(sources[0], target, file.options["lines"], keep)


def sample(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    choosing.sample(sources[0], target, file.options["count"], file.options["seed"], keep)


def shuffle(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    choosing.shuffle(sources[0], target, file.options["seed"], keep)


def split(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    options = file.options
    parts.split_apart(sources[0], target, ratio=options["ratio"], seed=options["seed"], part=options["part"], keep=keep)


def map_table(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    """options["way"] and options["mapping"]: as jobs.training_data.tables.shapes has them. Adds options["notes"]."""
    way = msgspec.convert(file.options["way"], Way)
    mapping = msgspec.convert(file.options["mapping"], Mapping)
    made = asking.convert(sources[0], file.parent.name if file.parent else "", way, mapping, target, keep)
    file.options["notes"] = msgspec.to_builtins(made.notes)


def repair(file: TrainingFile, sources: list[Path], target: Path, keep: Keep) -> None:
    repairing.repair(sources[0], target, msgspec.convert(file.options, repairing.Repair), keep)
