"""What could be put right about a file's text, found after its check and kept in its report."""

from collections.abc import Callable
from typing import Any

import msgspec

from jobs.models import Origin, TrainingFile, User
from jobs.pipeline import storing
from jobs.pipeline.storing import Stored
from jobs.training_data.offering import offered


def look(file: TrainingFile, keep: Callable[[], None]) -> dict[str, Any] | None:
    """`repairing.Found` as plain values; None where nothing is to be done."""
    found = offered(file.path, file.name, keep)
    if not found:
        return None
    built: dict[str, Any] = msgspec.to_builtins(found)
    return built


def order(file: TrainingFile, user: User, also: Callable[[TrainingFile], object]) -> Stored | None:
    """Order what was found and shown. None where nothing was."""
    found = file.report.get("repair")
    if not found:
        return None
    name = storing.version_name(file.name, "repaired", keep_ending=True)
    return storing.order_version(file, user, Origin.REPAIRED, found["repair"], name=name, also=also)
