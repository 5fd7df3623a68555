"""The incomplete beta function, and what of statistics follows from it: binomial tails, Student's quantiles.

The portal has no numpy: these are the few functions of scipy that a verdict needs (`tests/test_verdict.py` compares).
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp, lgamma, log, log1p, sqrt

TINY, CLOSE_ENOUGH, MOST_STEPS, HALVINGS = 1e-300, 1e-15, 2_000, 52


def beta_share(a: float, b: float, x: float) -> float:
    """I_x(a, b), the regularised incomplete beta function; a and b above zero."""
    if not 0 < x < 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Its continued fraction by Lentz's method (Numerical Recipes, 6.4)."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / _off_zero(1 + step * d), _off_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < CLOSE_ENOUGH:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def at_least(k: int, n: int, p: float) -> float:
    """P(X ≥ k) of n trials that each succeed with p."""
    if k <= 0:
        return 1.0
    return beta_share(k, n - k + 1, p) if k <= n else 0.0


def exactly(k: int, n: int, p: float) -> float:
    """P(X = k), for p between 0 and 1."""
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p))


def crossing(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises goes through zero between `low` and `high`."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


@lru_cache(maxsize=64)
def student_quantile(p: float, freedom: float) -> float:
    """The t below which a share `p` (above one half) of Student's distribution lies."""
    # in x = freedom / (freedom + t²), which is bounded
    x = crossing(lambda x: beta_share(freedom / 2, 0.5, x) - 2 * (1 - p), 0.0, 1.0)
    return sqrt(freedom * (1 - x) / x)
