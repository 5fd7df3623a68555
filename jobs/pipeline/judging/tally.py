"""What judges say of an evaluation: each pair of models with its verdict, and how far the judge agrees with people."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from jobs.engines import Engine
from jobs.models import Candidate, Evaluation, Judging, Judgment, Vote
from jobs.pipeline.evaluations.verdicts import OUTCOMES, about_pair
from jobs.run_states import ChunkState, RunState
from jobs.training_data.scoring.judge import agreement, combined, majority
from jobs.training_data.scoring.records import Outcome, Reading
from jobs.training_data.scoring.verdict import verdict

type Two = tuple[int, int]  # candidates, of which the first is held against the second

COLUMNS = ("a__candidate_id", "b__candidate_id", "a__question_id", "a__repetition", "in_reverse", "state", "vote")
MOMENTS = ("answered_at", "a__answered_at", "b__answered_at")


class Readings:
    """Both replies to two answers; none where it is missing, or an answer has changed since."""

    __slots__ = ("in_order", "in_reverse")

    def __init__(self) -> None:
        self.in_order, self.in_reverse = Reading(), Reading()

    @property
    def outcome(self) -> Outcome | None:
        return combined(self.in_order, self.in_reverse)

    @property
    def is_swayed(self) -> bool:
        """It chose by the order: first both times, or second both times."""
        return self.in_order.vote == self.in_reverse.vote and self.in_order.vote in ("first", "second")


class Judged:
    """The replies about two models."""

    def __init__(self) -> None:
        self.readings: dict[tuple[int, int], Readings] = defaultdict(Readings)  # by question and repetition
        self.no_vote = 0

    def outcomes(self) -> Iterable[list[Outcome]]:
        found: dict[int, list[Outcome]] = defaultdict(list)
        for (question, _repetition), readings in self.readings.items():
            if outcome := readings.outcome:
                found[question].append(outcome)
        return found.values()

    def firsts(self) -> dict[int, Outcome]:
        """By question, of the answers that people vote on: the first of each."""
        found = {question: one.outcome for (question, repetition), one in self.readings.items() if not repetition}
        return {question: outcome for question, outcome in found.items() if outcome}

    @property
    def swayed(self) -> int:
        return sum(one.is_swayed for one in self.readings.values())


class People(NamedTuple):
    """What members prefer, by two models and question."""

    outcomes: dict[Two, dict[int, list[Outcome]]]

    def agree(self, two: Two, judged: Judged) -> dict[str, Any] | None:
        voted = self.outcomes.get(two, {})
        both = [(one, majority(voted[question])) for question, one in judged.firsts().items() if question in voted]
        found = agreement((one, other) for one, other in both if other)
        return {"n": found.n, "agreed": found.agreed, "kappa": found.kappa} if found.n else None


def tally(evaluation: Evaluation) -> list[dict[str, Any]]:
    """For each judge that is done, and each two models, the verdict. Of one model's judgings the latest counts."""
    known = {candidate.pk: candidate for candidate in evaluation.candidates.all()}
    latest: dict[tuple[int, str], Judging] = {}
    for judging in evaluation.judgings.filter(state=RunState.DONE).order_by("created_at", "pk"):
        latest[judging.connection_id, judging.model] = judging
    people = _people(evaluation) if latest else People({})
    figures = evaluation.verdict.get("figures", {})
    return [
        _entry(judging, known, two, judged, people, figures)
        for judging in reversed(latest.values())
        for two, judged in _judged(judging).items()
    ]


def _entry(
    judging: Judging, known: dict[int, Candidate], two: Two, judged: Judged, people: People, figures: dict[str, Any]
) -> dict[str, Any]:
    a, b = (known[pk] for pk in two)
    about = about_pair(a, b, figures.get(str(a.position), {}), "judge")
    about["simulated"] = about["simulated"] or judging.engine == Engine.SIMULATED
    about |= {"judge": judging.model, "judging": str(judging.uuid), "of_candidates": judging.of_candidates}
    about |= {"no_vote": judged.no_vote, "swayed": judged.swayed, "agreement": people.agree(two, judged)}
    found: dict[str, Any] = msgspec.to_builtins(verdict(judged.outcomes()))
    return about | found


def _judged(judging: Judging) -> dict[Two, Judged]:
    found: dict[Two, Judged] = defaultdict(Judged)
    rows = Judgment.objects.filter(judging=judging).order_by().values_list(*COLUMNS, *MOMENTS)
    for a, b, question, repetition, in_reverse, state, vote, at, *answered in rows.iterator(2000):
        judged = found[a, b]
        if state != ChunkState.DONE or not vote:
            judged.no_vote += 1
        elif at is None or all(moment is None or moment <= at for moment in answered):
            readings = judged.readings[question, repetition]
            setattr(readings, "in_reverse" if in_reverse else "in_order", Reading(vote=vote))
    return found


def _people(evaluation: Evaluation) -> People:
    found: dict[Two, dict[int, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    votes = Vote.objects.filter(evaluation=evaluation).order_by()
    for a, b, question, choice in votes.values_list("a_id", "b_id", "question_id", "choice"):
        found[a, b][question].append(OUTCOMES[choice])
    return People(found)
