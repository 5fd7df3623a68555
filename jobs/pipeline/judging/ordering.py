"""Stores an order of a judge: the row is the order."""

from jobs.models import Candidate, Evaluation, Judging
from jobs.pipeline.calls import record


def place(judging: Judging) -> Judging:
    """The same order token again, or a judge that is at work on this evaluation already, is an IntegrityError."""
    judging.name = judging.model[:120]
    judging.of_candidates = is_of_candidates(judging, judging.evaluation)
    return record.place(judging, lambda row: None)


def is_of_candidates(judging: Judging, evaluation: Evaluation) -> bool:
    """It is one of the models, the base of one, or was made from the same one: it may prefer what is like itself."""
    return any(_roots(judging) & _roots(one) for one in evaluation.candidates.all())


def _roots(one: Judging | Candidate) -> set[str]:
    return {one.model, one.price_as or one.model}
