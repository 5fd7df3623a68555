"""What asking a chat model about every chunk costs at most, in whole billionths of a dollar."""

from dataclasses import asdict, dataclass
from decimal import ROUND_UP, Decimal
from typing import Any

from django.conf import settings

from jobs import pricing
from jobs.models.paid import NANO
from jobs.pipeline.calls.prices import cost_nano


@dataclass(frozen=True)
class Estimate:
    """The bound of a paid run: every chunk asked about once, every answer as long as it may be."""

    chunks: int
    prompt_tokens: int  # exact, by o200k
    max_tokens: int  # of one answer
    input: Decimal | None  # USD per million tokens; None: unknown
    output: Decimal | None
    practice: bool
    source: str
    as_of: str

    @property
    def completion_tokens(self) -> int:
        return self.chunks * self.max_tokens

    @property
    def usd(self) -> Decimal | None:
        if self.input is None or self.output is None:
            return None
        return (cost_nano(self.input, self.prompt_tokens) + cost_nano(self.output, self.completion_tokens)) / NANO

    @property
    def cap(self) -> Decimal | None:
        """What is offered as the cap: the bound in whole cents, rounded up."""
        return None if self.usd is None else self.usd.quantize(pricing.CENT, rounding=ROUND_UP)

    @property
    def each(self) -> Decimal | None:
        """What one call costs at most, on average."""
        return None if self.usd is None or not self.chunks else self.usd / self.chunks

    def as_dict(self) -> dict[str, Any]:
        """Fit for a JSON column; Decimals as text."""
        plain = asdict(self) | {"usd": self.usd, "completion_tokens": self.completion_tokens, "rate": settings.USD_KRW}
        return {key: str(value) if isinstance(value, Decimal) else value for key, value in plain.items()} | {
            "rate_date": settings.USD_KRW_DATE.isoformat()
        }


def estimate(
    profile: str, model: str, *, chunks: int, prompt_tokens: int, max_tokens: int, engine: str = ""
) -> Estimate:
    known = pricing.base(profile, model, engine)
    return Estimate(
        chunks=chunks,
        prompt_tokens=prompt_tokens,
        max_tokens=max_tokens,
        input=known.input if known else None,
        output=known.output if known else None,
        practice=bool(known and known.practice),
        source=known.source if known else "",
        as_of=known.as_of.isoformat() if known else "",
    )
