"""Which questions belong to a training file."""

from jobs.models import Origin, QuestionOrigin, QuestionSet, QuestionState, TrainingFile


def set_aside(file: TrainingFile | None) -> QuestionSet | None:
    """The questions that were set aside when this training file was made."""
    lines = file.options.get("lines") if file and file.origin == Origin.REDUCED else None
    if file is None or not lines:
        return None
    rows = QuestionSet.objects.filter(training_file=file.parent_id, origin=QuestionOrigin.HELD_OUT, deleted_at=None)
    ready = rows.filter(state=QuestionState.READY)
    return next((one for one in ready if one.options.get("keep_out") == lines), None)
