"""What a judge costs at most: every pair in both orders, every reply as long as it may be."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings

from jobs import pricing
from jobs.models import Evaluation, Judging
from jobs.models.paid import NANO
from jobs.pipeline.calls.caller import prices
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.judging.pairs import Pair, pairs_of
from jobs.training_data.scoring.judge import LONGEST, judge_language, judge_messages
from jobs.training_data.scoring.judge_prompts import Language
from jobs.training_data.scoring.messages import as_text
from jobs.training_data.tokens import PER_EXAMPLE, PER_MESSAGE, count_text

COUNTED = 2_000  # answers; where there are more, a page counts each as long as it may be
ORDERS = 2
MARKS = 30  # tokens: the marks between the texts differ from call to call, and more where texts meet
SAMPLES: dict[Language, str] = {
    "ko": "겨울 골목을 묘사하는 글을 써 주세요.",
    "en": "Write a text about a street in winter.",
}


@dataclass(frozen=True)
class Estimate:
    """`same`: pairs with the same words, which are no call. `nano`: billionths of a dollar; None where unknown."""

    calls: int
    same: int
    prompt_tokens: int
    least_nano: int  # of the dearest call: no cap below it lets all of them be made
    nano: int | None

    @property
    def usd(self) -> Decimal | None:
        return None if self.nano is None else self.nano / NANO

    @property
    def least_usd(self) -> Decimal:
        return self.least_nano / NANO

    @property
    def cap(self) -> Decimal | None:
        """What is offered as the cap: the bound in whole cents, rounded up."""
        return None if self.usd is None else self.usd.quantize(pricing.CENT, rounding=ROUND_UP)

    def as_dict(self) -> dict[str, Any]:
        """Fit for a JSON column; Decimals as text."""
        usd = None if self.usd is None else str(self.usd)
        about = {"calls": self.calls, "same": self.same, "prompt_tokens": self.prompt_tokens, "usd": usd}
        return about | {"rate": str(settings.USD_KRW), "rate_date": settings.USD_KRW_DATE.isoformat()}


def prices_of(judging: Judging) -> tuple[Decimal | None, Decimal | None]:
    """USD per million tokens in and out; a tuned model is billed like its base."""
    return prices(judging.connection, judging.price_as or judging.model, judging.engine)


def bound(judging: Judging, prompt_tokens: int) -> int:
    """The most that one call may cost, in billionths of a dollar; 0 where the price is unknown."""
    into, out = prices_of(judging)
    return cost_nano(into, prompt_tokens) + cost_nano(out, judging.max_tokens)


def estimate(judging: Judging, evaluation: Evaluation) -> Estimate:
    """The judging needs not be stored yet."""
    longest = evaluation.max_tokens if evaluation.done > COUNTED else None
    counted: list[int] = []
    same = 0
    for pair in pairs_of(evaluation):
        if pair.is_same:
            same += 1
        else:
            counted.append(tokens_of(pair, judging.rubric, longest))
    costs = [bound(judging, tokens) for tokens in set(counted)]
    dearest = max(costs, default=0)
    known = None not in prices_of(judging)
    total = sum(bound(judging, tokens) for tokens in counted) * ORDERS if known else None
    return Estimate(len(counted) * ORDERS, same, sum(counted) * ORDERS, dearest, total)


def tokens_of(pair: Pair, rubric: str, longest: int | None = None) -> int:
    """Of one call, in either order. `longest`: count each answer as this many."""
    question = pair.question
    texts = [as_text(question.messages), question.reference]
    answers = [pair.a.answer, pair.b.answer]
    counted = [longest] * len(answers) if longest else [_tokens(text[:LONGEST]) for text in answers]
    frame = _frame(judge_language(question.messages), bool(question.reference), rubric)
    return frame + sum(_tokens(text[:LONGEST]) for text in texts) + sum(counted)


@lru_cache(maxsize=32)
def _tokens(text: str) -> int:
    """The same question, and the answer that all are held against, come several times in a row."""
    return count_text(text)


@lru_cache(maxsize=16)
def _frame(language: Language, has_reference: bool, rubric: str) -> int:
    question = [{"role": "user", "content": SAMPLES[language]}]
    shown = judge_messages(question, "", "", reference="-" if has_reference else None, rubric=rubric)
    return _of_messages(message["content"] for message in shown) + MARKS


def _of_messages(texts: Iterable[str]) -> int:
    return PER_EXAMPLE + sum(PER_MESSAGE + count_text(text) for text in texts)
