"""What follows from the scores of an evaluation: each model against one that it is compared with (ADR 0047).

The measure needs no judge: closeness to the good answers where the questions have them (chrF), else how many of a
question's keywords are used. Stored as plain JSON; `jobs.verdict_words` makes the sentence.
"""

from collections import defaultdict
from statistics import fmean, median
from typing import Any

import msgspec
from django.db.models import F

from jobs.engines import Engine
from jobs.models import Answer, Candidate, CandidateKind, Choice, Evaluation, Team
from jobs.run_states import ChunkState
from jobs.training_data.scoring.records import Outcome
from jobs.training_data.scoring.verdict import verdict

OUTCOMES: dict[str, Outcome] = {Choice.A: "win", Choice.B: "loss", Choice.TIE: "tie"}
MARGINS = {"chrf": 1.0, "coverage": 0.0}  # a smaller difference is a tie
ENOUGH = 0.5  # share of the answers that must have a measure
COMPARED_WITH = (CandidateKind.BASE, CandidateKind.RECORDED, CandidateKind.CHAT, CandidateKind.CHECKPOINT)

type Values = dict[tuple[int, int], float]  # by question and repetition


class Kept:
    """What is known of one candidate's answers."""

    def __init__(self) -> None:
        self.scores: list[dict[str, Any]] = []
        self.seconds: list[float] = []
        self.values: dict[str, Values] = {name: {} for name in MARGINS}

    def add(self, place: tuple[int, int], scores: dict[str, Any], seconds: float | None) -> None:
        self.scores.append(scores)
        if seconds is not None:
            self.seconds.append(seconds)
        if "chrf" in scores:
            self.values["chrf"][place] = scores["chrf"]
        if scores.get("keywords"):
            self.values["coverage"][place] = scores["covered"] / scores["keywords"]

    def figures(self) -> dict[str, Any]:
        """Means and counts, as the page shows them; what is not known is left out."""
        found: dict[str, Any] = {"answers": len(self.scores)}
        for name, values in self.values.items():
            if values:
                found[name] = round(fmean(values.values()), 4)
        for name in ("loops", "refusal", "empty", "cut", "foreign", "copied"):
            found[name] = sum(bool(scores.get(name)) for scores in self.scores)
        if self.scores:
            found["characters"] = round(fmean(scores["characters"] for scores in self.scores))
            found["longest_copy"] = max(scores.get("copy", 0) for scores in self.scores)
            found["knows_copies"] = any("copy" in scores for scores in self.scores)
        return found | ({"seconds": round(median(self.seconds), 2)} if self.seconds else {})


def verdict_of(evaluation: Evaluation) -> dict[str, Any]:
    """{"measure", "pairs": […], "figures": {position: …}}."""
    candidates = list(evaluation.candidates.select_related("tuned_model"))
    kept = _kept(evaluation)
    measure = _measure(list(kept.values()))
    figures = {str(one.position): kept[one.pk].figures() for one in candidates}
    other = compared_with(candidates)
    pairs = [_pair(one, other, kept, measure) for one in candidates if other and measure and one.pk != other.pk]
    return {"measure": measure, "pairs": pairs, "figures": figures}


def compared_with(candidates: list[Candidate]) -> Candidate | None:
    """The one that all others are held against: a base, recorded answers, a plain model, an early checkpoint."""
    if len(candidates) < 2:
        return None
    places = {kind: place for place, kind in enumerate(COMPARED_WITH)}
    return min(candidates, key=lambda one: (places.get(CandidateKind(one.kind), len(places)), -one.position))


def _kept(evaluation: Evaluation) -> dict[int, Kept]:
    found: dict[int, Kept] = defaultdict(Kept)
    rows = Answer.objects.filter(evaluation=evaluation, state=ChunkState.DONE).order_by()
    about = rows.values_list("candidate_id", "question_id", "repetition", "scores", "seconds")
    for candidate, question, repetition, scores, seconds in about.iterator(2000):
        if scores:
            found[candidate].add((question, repetition), scores, seconds)
    return found


def _measure(kept: list[Kept]) -> str:
    """The first of the measures that enough answers have; empty where none is."""
    answers = sum(len(one.scores) for one in kept)
    for name in MARGINS:
        if answers and sum(len(one.values[name]) for one in kept) >= ENOUGH * answers:
            return name
    return ""


def about_pair(mine: Candidate, other: Candidate, figures: dict[str, Any], measure: str) -> dict[str, Any]:
    """What a sentence about the two must know beside the verdict."""
    is_base = other.kind == CandidateKind.BASE and mine.price_as == other.model
    about = {"a": mine.position, "b": other.position, "a_model": mine.model, "b_model": other.model}
    about |= {"a_shown": mine.few_shot, "b_shown": other.few_shot}
    about |= {"b_is_base": is_base, "tuned": mine.tuned_model_id, "measure": measure}
    about |= {"simulated": Engine.SIMULATED in (mine.engine, other.engine)}
    return about | {name: figures.get(name, 0) for name in ("answers", "copied", "foreign")}


def _pair(mine: Candidate, other: Candidate, kept: dict[int, Kept], measure: str) -> dict[str, Any]:
    outcomes = _outcomes(kept[mine.pk].values[measure], kept[other.pk].values[measure], MARGINS[measure])
    found: dict[str, Any] = msgspec.to_builtins(verdict(outcomes))
    return about_pair(mine, other, kept[mine.pk].figures(), measure) | found


def _outcomes(mine: Values, theirs: Values, margin: float) -> list[list[Outcome]]:
    """Of each question that both answered, one for each repetition."""
    found: dict[int, list[Outcome]] = defaultdict(list)
    for place, value in mine.items():
        if place in theirs:
            gap = value - theirs[place]
            found[place[0]].append("tie" if abs(gap) <= margin else "win" if gap > 0 else "loss")
    return list(found.values())


def announce(evaluation: Evaluation) -> None:
    """Its verdict is another one: have open lists of jobs show it."""
    if evaluation.job_id:
        Team.objects.filter(pk=evaluation.team_id).update(jobs_version=F("jobs_version") + 1)
