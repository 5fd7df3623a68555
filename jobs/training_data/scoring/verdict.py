"""Which of two is better, how sure that is, and how many questions would be needed to tell (ADR 0045)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil, fsum, sqrt
from statistics import fmean

from jobs.training_data.scoring.beta import at_least, crossing, exactly, student_quantile
from jobs.training_data.scoring.records import Conclusion, Difference, Outcome, Side, Verdict

LEVEL = 0.05
Z, Z_POWER = 1.959964, 0.841621  # normal quantiles of 1 - LEVEL / 2 and of POWER
POWER = 0.8  # chance that `needed` questions show a difference of this size
FEWEST = 6  # questions without which no sign test can be significant: 2 / 2**6 < LEVEL <= 2 / 2**5
MOST_NEEDED = 10_000  # what an evaluation takes
LARGEST = 1e12  # of a score; what is beyond it would overflow when squared
SMALL = 0.2  # wins less losses, of all questions: 60 against 40
WORTH: dict[Outcome, int] = {"win": 1, "tie": 0, "loss": -1}


def verdict(questions: Iterable[Sequence[Outcome]]) -> Verdict:
    """From the outcomes of each question's repetitions. It is won where more are won than lost.

    A question without outcomes is not counted.
    """
    sums = [sum(WORTH[outcome] for outcome in outcomes) for outcomes in questions if outcomes]
    counted = Counter((total > 0) - (total < 0) for total in sums)
    return verdict_of(counted[1], counted[0], counted[-1])


def verdict_of(wins: int, ties: int, losses: int) -> Verdict:
    """From numbers of questions."""
    n, decided = wins + ties + losses, wins + losses
    low, high = share_interval(wins, decided)
    p = sign_test(wins, losses)
    winner: Side = ("a" if wins > losses else "b") if p <= LEVEL else ""
    is_small = _is_small(n, decided, low, high)
    conclusion = _conclusion(n, winner, is_small)
    return Verdict(
        n=n,
        wins=wins,
        ties=ties,
        losses=losses,
        share=wins / decided if decided else None,
        low=low,
        high=high,
        p=p,
        winner=winner,
        needed=_needed(n, wins, losses) if conclusion == "too_few" else None,
        conclusion=conclusion,
        notes=("mostly_ties",) * (ties * 2 > n) + ("small",) * (is_small and winner != ""),
    )


def sign_test(wins: int, losses: int) -> float:
    """Two-sided and exact; ties say nothing of which is better, and are left out."""
    return min(1.0, 2 * at_least(max(wins, losses), wins + losses, 0.5))


def share_interval(wins: int, decided: int) -> tuple[float, float]:
    """The mid-P interval, stretched to one half where the exact test sees no winner: so the two never contradict."""
    low, high = _low(wins, decided), 1 - _low(decided - wins, decided)
    return (low, high) if sign_test(wins, decided - wins) <= LEVEL else (min(low, 0.5), max(high, 0.5))


def _low(wins: int, n: int) -> float:
    """The share at which so many wins or more are LEVEL / 2 likely, this very number counted half."""
    if not wins:
        return 0.0
    return crossing(lambda p: at_least(wins, n, p) - exactly(wins, n, p) / 2 - LEVEL / 2, 0.0, 1.0)


def _is_small(n: int, decided: int, low: float, high: float) -> bool:
    """Whether wins less losses are few among all questions, at either end of the interval."""
    most_decided = 1 - _low(n - decided, n)
    return most_decided * max(2 * high - 1, 1 - 2 * low) <= SMALL


def _conclusion(n: int, winner: Side, is_small: bool) -> Conclusion:
    if not n:
        return "none"
    if winner:
        return "better" if winner == "a" else "worse"
    return "alike" if is_small else "too_few"


def _needed(n: int, wins: int, losses: int) -> int | None:
    """Questions of which, at this rate of wins, losses and ties, the sign test would find a winner with POWER."""
    decided, gap = wins + losses, abs(wins - losses) / 2
    if not gap:
        return None
    gap /= decided
    about = ((Z / 2 + Z_POWER * sqrt(0.25 - gap * gap)) / gap) ** 2  # the normal approximation
    first = max(FEWEST, decided + 1, int(about))
    most = MOST_NEEDED * decided // n
    found = next((m for m in range(first, most + 1) if _power(m, 0.5 + gap) >= POWER), None)
    return ceil(found * n / decided) if found else None


def _power(m: int, share: float) -> float:
    """How likely the sign test of m decided questions finds the better one."""
    return at_least(_critical(m), m, share)


def _critical(m: int) -> int:
    """The fewest wins of m that are significant."""
    low, high = m // 2, m + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if 2 * at_least(middle, m, 0.5) <= LEVEL else (middle, high)
    return high


def difference(questions: Iterable[Sequence[float]], small: float = 0.0) -> Difference:
    """From each question's differences, a less b, one for each repetition. Left out is what can be no score.

    The interval is Student's. `small`: a mean difference up to which two are alike.
    """
    finite = ([value for value in values if abs(value) <= LARGEST] for values in questions)
    means = [fmean(values) for values in finite if values]
    n, mean = len(means), fmean(means) if means else None
    low, high = _mean_interval(means) if n >= FEWEST else (None, None)
    winner: Side = "" if low is None or high is None else "a" if low > 0 else "b" if high < 0 else ""
    is_small = low is not None and high is not None and -small <= low and high <= small
    conclusion = _conclusion(n, winner, is_small)
    needed = _mean_needed(means) if conclusion == "too_few" else None
    return Difference(n=n, mean=mean, low=low, high=high, winner=winner, needed=needed, conclusion=conclusion)


def _mean_interval(means: Sequence[float]) -> tuple[float, float]:
    n, mean = len(means), fmean(means)
    reach = student_quantile(1 - LEVEL / 2, n - 1) * _deviation(means, mean) / sqrt(n)
    return mean - reach, mean + reach


def _mean_needed(means: Sequence[float]) -> int | None:
    n, mean = len(means), fmean(means)
    if n < 2 or not mean:
        return None
    root = (Z + Z_POWER) * _deviation(means, mean) / mean
    about = root * root + Z * Z / 2  # the last for Student's wider tails
    return max(FEWEST, n + 1, ceil(about)) if about <= MOST_NEEDED else None


def _deviation(means: Sequence[float], mean: float) -> float:
    return sqrt(fsum((value - mean) ** 2 for value in means) / (len(means) - 1))
