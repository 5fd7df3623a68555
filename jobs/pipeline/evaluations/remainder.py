"""The file to train on: what is left of a file without the questions that were set aside from it."""

from collections.abc import Callable

from jobs.models import Origin, QuestionSet, TrainingFile, User
from jobs.pipeline import storing


def remainder_of(questions: QuestionSet) -> TrainingFile | None:
    """The newest that was made, or is being made."""
    lines = questions.options.get("keep_out")
    rows = TrainingFile.objects.alive().filter(parent=questions.training_file_id, origin=Origin.REDUCED)
    return rows.filter(options={"lines": lines}).first() if lines and questions.training_file_id else None


def order_remainder(
    questions: QuestionSet, user: User | None, also: Callable[[TrainingFile], object] = lambda _file: None
) -> storing.Stored | None:
    """Ordered twice, it is made once. None where there is no file that the questions could be left out of."""
    file, lines = questions.training_file, questions.options.get("keep_out")
    if not file or file.deleted_at or not lines:
        return None
    name = storing.clean_name(f"{file.name.removesuffix('.jsonl')}-train.jsonl")
    return storing.order_version(file, user, Origin.REDUCED, {"lines": lines}, name=name, also=also)
