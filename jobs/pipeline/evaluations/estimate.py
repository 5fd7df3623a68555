"""What an evaluation costs at most: every question asked once a repetition, every answer as long as it may be."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Any

from django.conf import settings

from jobs import pricing
from jobs.models import Candidate, CandidateKind, Evaluation
from jobs.models.paid import NANO
from jobs.pipeline.calls.caller import prices
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.evaluations.examples import most_tokens
from jobs.training_data.tokens import PER_EXAMPLE, PER_MESSAGE, count_text

MOST_QUESTIONS = 10_000
MOST_CALLS = 40_000  # of one order


@dataclass(frozen=True)
class Part:
    """One candidate's share. `nano`: billionths of a dollar; None where its price is unknown."""

    candidate: Candidate
    calls: int
    prompt_tokens: int
    nano: int | None


@dataclass(frozen=True)
class Estimate:
    parts: list[Part]

    @property
    def calls(self) -> int:
        return sum(part.calls for part in self.parts)

    @property
    def usd(self) -> Decimal | None:
        """None where the price of one of them is unknown."""
        known = [part.nano for part in self.parts if part.nano is not None]
        return sum(known) / NANO if len(known) == len(self.parts) else None

    @property
    def cap(self) -> Decimal | None:
        """What is offered as the cap: the bound in whole cents, rounded up."""
        return None if self.usd is None else self.usd.quantize(pricing.CENT, rounding=ROUND_UP)

    def as_dict(self) -> dict[str, Any]:
        """Fit for a JSON column; Decimals as text."""
        parts = [
            {"model": part.candidate.model, "calls": part.calls, "prompt_tokens": part.prompt_tokens, "nano": part.nano}
            for part in self.parts
        ]
        usd = None if self.usd is None else str(self.usd)
        rate = {"rate": str(settings.USD_KRW), "rate_date": settings.USD_KRW_DATE.isoformat()}
        return {"calls": self.calls, "usd": usd, "parts": parts, **rate}


def estimate(evaluation: Evaluation, candidates: Iterable[Candidate]) -> Estimate:
    """Neither needs to be stored yet; the question sets are."""
    return Estimate([_part(evaluation, candidate) for candidate in candidates])


def _part(evaluation: Evaluation, candidate: Candidate) -> Part:
    if candidate.kind == CandidateKind.RECORDED:
        return Part(candidate, 0, 0, 0)
    tokens = candidate.question_set.questions.values_list("tokens", flat=True)
    each = overhead(candidate) + most_tokens(candidate)
    calls = len(tokens) * evaluation.repetitions
    total = (sum(tokens) + len(tokens) * each) * evaluation.repetitions
    bounds = [bound(candidate, count + each, evaluation.max_tokens) for count in tokens]
    unknown = any(price is None for price in prices_of(candidate))
    return Part(candidate, calls, total, None if unknown else sum(bounds) * evaluation.repetitions)


def overhead(candidate: Candidate) -> int:
    """Tokens that stand before every question: the system prompt's."""
    return PER_EXAMPLE + (PER_MESSAGE + count_text(candidate.system_prompt) if candidate.system_prompt else 0)


def prices_of(candidate: Candidate) -> tuple[Decimal | None, Decimal | None]:
    """USD per million tokens in and out; a tuned model is billed like its base."""
    return prices(candidate.connection, candidate.price_as or candidate.model, candidate.engine)


def bound(candidate: Candidate, prompt_tokens: int, max_tokens: int) -> int:
    """The most that one call may cost, in billionths of a dollar; 0 where the price is unknown."""
    into, out = prices_of(candidate)
    return cost_nano(into, prompt_tokens) + cost_nano(out, max_tokens)
