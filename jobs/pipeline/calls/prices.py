"""Money of calls to a chat model, in whole billionths of a dollar."""

from decimal import ROUND_CEILING, Decimal

from jobs import pricing
from jobs.models.paid import NANO


def cost_nano(price: Decimal | None, tokens: int) -> int:
    """`price`: USD per million tokens. Rounded up; 0 where the price is unknown."""
    return 0 if price is None else int((price * tokens * NANO / pricing.MILLION).to_integral_value(ROUND_CEILING))
