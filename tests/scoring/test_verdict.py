"""Verdicts: intervals that cover, winners that are none by chance, and scipy as the judge of both."""

import random
from functools import cache
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jobs.training_data.scoring.beta import at_least, beta_share, student_quantile
from jobs.training_data.scoring.records import Outcome, Verdict
from jobs.training_data.scoring.verdict import difference, share_interval, sign_test, verdict, verdict_of

TRIALS = 2_000
COVERED = (0.935, 0.975)
OUTCOMES: tuple[Outcome, Outcome, Outcome] = ("win", "tie", "loss")
cached = cache(verdict_of)


def drawn(n: int, p: float, ties: float, seed: int) -> list[Verdict]:
    """Verdicts on n questions each, of which a share of `ties` is even, and a wins the others with p."""
    source = random.Random(f"{n} {p} {ties} {seed}")
    found = []
    for _ in range(TRIALS):
        tied = sum(source.random() < ties for _ in range(n))
        wins = sum(source.random() < p for _ in range(n - tied))
        found.append(cached(wins, tied, n - tied - wins))
    return found


def coverage(verdicts: list[Verdict], p: float) -> float:
    return sum(each.low <= p <= each.high for each in verdicts) / len(verdicts)


def false_winners(verdicts: list[Verdict]) -> float:
    return sum(each.winner != "" for each in verdicts) / len(verdicts)


# --- coverage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "p"), [(20, 0.5), (20, 0.7), (48, 0.5), (48, 0.7), (48, 0.95), (200, 0.5), (200, 0.7), (200, 0.95)]
)
def test_the_interval_covers_in_nineteen_of_twenty(n: int, p: float) -> None:
    share = coverage(drawn(n, p, 0, seed=1), p)

    assert COVERED[0] <= share <= COVERED[1]


def test_of_twenty_questions_at_95_percent_no_interval_covers_in_nineteen_of_twenty() -> None:
    """20 to 18 wins make .925, 20 to 17 make .984: nothing is between. The verdict takes the safe one."""
    without_17, with_17 = (float(stats.binom.sf(wins, 20, 0.95)) for wins in (17, 16))
    assert (without_17 < COVERED[0], with_17 > COVERED[1]) == (True, True)

    covers = [wins for wins in range(21) if cached(wins, 0, 20 - wins).low <= 0.95 <= cached(wins, 0, 20 - wins).high]

    assert covers == [17, 18, 19, 20]
    assert coverage(drawn(20, 0.95, 0, seed=1), 0.95) == pytest.approx(with_17, abs=0.01)


@pytest.mark.parametrize("ties", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("n", [20, 48, 200])
@pytest.mark.parametrize("p", [0.5, 0.7, 0.95])
def test_ties_do_not_make_it_cover_less(n: int, p: float, ties: float) -> None:
    assert coverage(drawn(n, p, ties, seed=2), p) >= COVERED[0]


@pytest.mark.parametrize("ties", [0, 0.2, 0.5])
@pytest.mark.parametrize("n", [20, 48, 200])
def test_a_false_winner_is_rare(n: int, ties: float) -> None:
    assert false_winners(drawn(n, 0.5, ties, seed=3)) <= 0.05


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 20, 48, 200])
def test_there_is_a_winner_exactly_where_the_interval_leaves_out_one_half(n: int) -> None:
    for wins in range(n + 1):
        found = cached(wins, 0, n - wins)
        assert (found.winner != "") == (not found.low <= 0.5 <= found.high)
        assert 0 <= found.low <= wins / n <= found.high <= 1
        other = cached(n - wins, 0, wins)
        assert (other.low, other.high) == pytest.approx((1 - found.high, 1 - found.low))


# --- scipy --------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.integers(0, 3000), st.integers(0, 3000), st.floats(0.001, 0.999))
def test_functions_are_those_of_scipy(wins: int, losses: int, x: float) -> None:
    n = wins + losses
    assert sign_test(wins, losses) == pytest.approx(stats.binomtest(wins, n).pvalue if n else 1, rel=1e-6, abs=1e-200)
    assert at_least(wins, n, x) == pytest.approx(stats.binom.sf(wins - 1, n, x), rel=1e-6, abs=1e-12)
    assert beta_share(wins + 0.5, losses + 0.5, x) == pytest.approx(
        stats.beta.cdf(x, wins + 0.5, losses + 0.5), abs=1e-9
    )


@pytest.mark.parametrize("freedom", [1, 2, 5, 19, 47, 199, 5000])
def test_quantiles_are_those_of_student(freedom: int) -> None:
    assert student_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-8)


@pytest.mark.parametrize(("wins", "n"), [(34, 48), (20, 20), (17, 20), (1, 9), (140, 200), (9_950, 10_000)])
def test_bounds_are_where_half_counted_tails_are_two_and_a_half_percent(wins: int, n: int) -> None:
    low, high = share_interval(wins, n)

    above = stats.binom.sf(wins, n, low) + stats.binom.pmf(wins, n, low) / 2
    below = stats.binom.cdf(wins, n, high) - stats.binom.pmf(wins, n, high) / 2
    assert above == pytest.approx(0.025)
    assert wins == n or below == pytest.approx(0.025)


def test_the_sentence_of_the_design() -> None:
    """ "Better in 71 % of 48 pairs (95 %: 57-82)"."""
    found = verdict_of(34, 0, 14)

    assert [round(100 * (each or 0)) for each in (found.share, found.low, found.high)] == [71, 57, 82]
    assert (found.winner, found.conclusion, found.needed) == ("a", "better", None)


# --- how many would do --------------------------------------------------------------------------------


@pytest.mark.parametrize(("wins", "ties", "losses"), [(7, 0, 3), (7, 10, 3), (31, 0, 17), (13, 4, 7), (5, 0, 0)])
def test_so_many_questions_would_find_it_in_four_of_five(wins: int, ties: int, losses: int) -> None:
    found = verdict_of(wins, ties, losses)
    assert (found.conclusion, found.winner) == ("too_few", "")
    assert found.needed is not None

    m = found.needed * (wins + losses) // (wins + ties + losses)
    power = sum(
        stats.binom.pmf(k, m, wins / (wins + losses))
        for k in range(m // 2, m + 1)
        if stats.binomtest(k, m).pvalue <= 0.05
    )
    assert power >= 0.8 - 1e-9
    assert m <= 6 or power < 0.87


@pytest.mark.parametrize(
    ("counts", "conclusion", "needed"),
    [
        ((0, 0, 0), "none", None),
        ((0, 3, 0), "too_few", None),
        ((0, 20, 0), "alike", None),
        ((5, 0, 5), "too_few", None),
        ((50, 0, 50), "alike", None),
        ((5, 0, 0), "too_few", 6),
        ((6, 0, 0), "better", None),
        ((0, 0, 6), "worse", None),
        ((1, 0, 0), "too_few", 6),
        ((10, 300, 8), "alike", None),
    ],
)
def test_what_follows(counts: tuple[int, int, int], conclusion: str, needed: int | None) -> None:
    found = verdict_of(*counts)

    assert (found.conclusion, found.needed) == (conclusion, needed)


def test_notes() -> None:
    assert verdict_of(6, 7, 0).notes == ("mostly_ties",)
    assert verdict_of(5_100, 0, 4_900).notes == ("small",)
    assert verdict_of(34, 0, 14).notes == ()


def test_a_question_is_one_unit_however_often_it_is_repeated() -> None:
    win, tie, loss = OUTCOMES
    often = [[win, win, loss]] * 7 + [[loss, tie, loss]] * 3
    assert verdict(often) == verdict_of(7, 0, 3)

    even = verdict([[win, loss], [tie], []])
    assert (even.n, even.ties) == (2, 2)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_any_counts_give_a_verdict(wins: int, ties: int, losses: int) -> None:
    found = verdict_of(wins, ties, losses)

    assert (found.winner != "") == (not found.low <= 0.5 <= found.high)
    assert found.needed is None or found.n < found.needed


# --- differences of scores ----------------------------------------------------------------------------


def samples(kind: str, n: int, mean: float) -> list[list[list[float]]]:
    source = random.Random(f"{kind} {n}")
    shapes = {
        "normal": lambda: source.gauss(mean, 1),
        "flat": lambda: source.uniform(mean - 1, mean + 1),
        "of two skewed": lambda: mean + log(source.random()) - log(source.random()),
        "three values": lambda: mean + source.choice((-1, 0, 0, 0, 1)),
    }
    return [[[shapes[kind]()] for _ in range(n)] for _ in range(TRIALS)]


@pytest.mark.parametrize("kind", ["normal", "flat", "of two skewed", "three values"])
@pytest.mark.parametrize("n", [20, 48, 200])
def test_the_interval_of_a_mean_difference_covers(n: int, kind: str) -> None:
    found = [difference(sample) for sample in samples(kind, n, mean=0)]

    covered = sum(each.low is not None and each.high is not None and each.low <= 0 <= each.high for each in found)
    assert COVERED[0] <= covered / TRIALS <= COVERED[1]
    assert sum(each.winner != "" for each in found) == TRIALS - covered


def test_the_interval_is_that_of_scipy() -> None:
    values = [0.2, -0.1, 0.4, 0.3, 0.0, 0.5, 0.1]
    found = difference([[value] for value in values])

    wanted = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert (found.winner, found.conclusion) == ("a", "better")


def test_so_many_differences_would_find_it_in_four_of_five() -> None:
    values = [0.9, -0.7, 1.3, -0.2, 0.4, -1.1, 0.8, 0.6]
    found = difference([[value] for value in values])
    assert (found.conclusion, found.needed is not None) == ("too_few", True)

    n = found.needed or 0
    size = abs(stats.ttest_1samp(values, 0).statistic) / len(values) ** 0.5
    power = stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, size * n**0.5)
    assert power == pytest.approx(0.8, abs=0.02)


def test_repetitions_are_averaged_and_what_is_no_number_left_out() -> None:
    found = difference([[1.0, 3.0], [2.0, float("nan")], [], [float("inf")]] + [[2.0]] * 4)

    assert (found.n, found.mean, found.low, found.high, found.winner) == (6, 2.0, 2.0, 2.0, "a")
    few = difference([[2.0]] * 5)
    assert (few.n, few.low, few.winner, few.conclusion, few.needed) == (5, None, "", "too_few", 6)
    assert difference([]).conclusion == "none"


@given(st.lists(st.lists(st.floats(), max_size=3), max_size=30))
def test_any_differences_give_a_conclusion(values: list[list[float]]) -> None:
    found = difference(values)

    if found.low is not None and found.high is not None and found.mean is not None:
        assert (found.winner != "") == (not found.low <= 0 <= found.high)
        assert found.low <= found.mean <= found.high
    assert found.needed is None or found.n < found.needed


def test_a_small_difference_is_none() -> None:
    values = [[0.01], [-0.02], [0.015], [-0.005], [0.0], [0.01], [-0.01]]

    assert difference(values, small=0.05).conclusion == "alike"
    assert difference(values).conclusion == "too_few"
    assert difference(values).mean == pytest.approx(0)
