"""Blind votes: two answers to one question, side by side, in an order that the member cannot guess."""

from collections import defaultdict
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils.functional import cached_property

from jobs.models import Answer, Candidate, Choice, Evaluation, Question, User, Vote
from jobs.pipeline.evaluations.verdicts import OUTCOMES, about_pair, announce, compared_with
from jobs.pipeline.judging.tally import tally as of_judges
from jobs.run_states import ChunkState
from jobs.training_data.scoring.records import Outcome
from jobs.training_data.scoring.verdict import verdict

SIDES = {"left": (Choice.A, Choice.B), "right": (Choice.B, Choice.A), "tie": (Choice.TIE, Choice.TIE)}


class Ballot(NamedTuple):
    """What a member is shown."""

    question: Question
    a: int  # of these candidates
    b: int
    left: Answer
    right: Answer


class Booth:
    """One member's votes on one evaluation."""

    def __init__(self, evaluation: Evaluation, user: User) -> None:
        self.evaluation, self.user = evaluation, user
        self.candidates = list(evaluation.candidates.all())

    @cached_property
    def pairs(self) -> list[tuple[Candidate, Candidate]]:
        other = compared_with(self.candidates)
        return [(one, other) for one in self.candidates if other and one.pk != other.pk]

    @cached_property
    def _texts(self) -> dict[int, dict[int, str]]:
        """By question and candidate: a digest is enough to see which two differ."""
        rows = Answer.objects.filter(candidate__in=self.candidates, state=ChunkState.DONE, repetition=0)
        found: dict[int, dict[int, str]] = defaultdict(dict)
        for question, candidate, text in rows.exclude(answer="").values_list("question_id", "candidate_id", "answer"):
            found[question][candidate] = blake2b(text.strip().encode(), digest_size=8).hexdigest()
        return found

    @cached_property
    def all(self) -> list[tuple[int, int, int]]:
        """Question and candidates of every ballot: both answered, and not the same. Mixed, for everybody otherwise."""
        found = [
            (question, a.pk, b.pk)
            for question, texts in self._texts.items()
            for a, b in self.pairs
            if a.pk in texts and b.pk in texts and texts[a.pk] != texts[b.pk]
        ]
        return sorted(found, key=self._drawn)

    def _drawn(self, place: tuple[int, int, int]) -> bytes:
        return blake2b(repr((self.user.pk, str(self.evaluation.uuid), *place)).encode(), digest_size=8).digest()

    def is_swapped(self, place: tuple[int, int, int]) -> bool:
        """Whether `b` is on the left."""
        return bool(self._drawn(place)[0] & 1)

    @cached_property
    def given(self) -> set[tuple[int, int, int]]:
        return set(self._votes.values_list("question_id", "a_id", "b_id"))

    @property
    def _votes(self) -> Any:
        return Vote.objects.filter(evaluation=self.evaluation, user=self.user)

    @property
    def done(self) -> int:
        return sum(place in self.given for place in self.all)

    def next(self) -> Ballot | None:
        place = next((place for place in self.all if place not in self.given), None)
        if place is None:
            return None
        question, a, b = place
        rows = Answer.objects.filter(question=question, candidate__in=(a, b), repetition=0)
        answers = {answer.candidate_id: answer for answer in rows.select_related("question")}
        left, right = (answers[b], answers[a]) if self.is_swapped(place) else (answers[a], answers[b])
        return Ballot(left.question, a, b, left, right)

    def cast(self, place: tuple[int, int, int], side: str) -> bool:
        """`side`: "left", "right" or "tie". A second vote on the same changes nothing; False where there is none."""
        if place not in self.all or side not in SIDES:
            return False
        question, a, b = place
        about = {"evaluation": self.evaluation, "user": self.user, "question_id": question, "a_id": a, "b_id": b}
        with transaction.atomic():
            Vote.objects.get_or_create(**about, defaults={"choice": SIDES[side][self.is_swapped(place)]})
            count(self.evaluation)
        return True

    def take_back(self) -> bool:
        """The member's last vote."""
        with transaction.atomic():
            last = self._votes.order_by("-created_at", "-pk").first()
            if last:
                last.delete()
                count(self.evaluation)
        return last is not None


@transaction.atomic
def count(evaluation: Evaluation) -> None:
    """Store what people and judges say, within a transaction: two at once wait for each other here."""
    row = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
    found = row.verdict | {"votes": tally(row), "judges": of_judges(row)}
    Evaluation.objects.filter(pk=row.pk).update(verdict=found, version=F("version") + 1)
    announce(row)


def tally(evaluation: Evaluation) -> list[dict[str, Any]]:
    """For each two candidates that were voted on, their verdict: a question is one unit, each member one repetition."""
    outcomes: dict[tuple[int, int], dict[int, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    people: dict[tuple[int, int], set[int | None]] = defaultdict(set)
    votes = Vote.objects.filter(evaluation=evaluation).values_list("a_id", "b_id", "question_id", "user_id", "choice")
    for a, b, question, user, choice in votes:
        outcomes[a, b][question].append(OUTCOMES[choice])
        people[a, b].add(user)
    known = {candidate.pk: candidate for candidate in evaluation.candidates.all()}
    figures = evaluation.verdict.get("figures", {})
    return [
        about_pair(known[a], known[b], figures.get(str(known[a].position), {}), "votes")
        | {"people": len(people[a, b])}
        | msgspec.to_builtins(verdict(outcomes[a, b].values()))
        for a, b in outcomes
    ]
