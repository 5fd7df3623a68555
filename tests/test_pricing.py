"""Prices, their ends, and what "auto" becomes: each at its edge."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from jobs.pricing import Base, base, cents, chat_cost, estimate, likely_epochs, training_cost, won

SHUTDOWN, LAST_JOBS = date(2027, 1, 14), date(2027, 1, 6)
GPT = "gpt-4.1-mini-2025-04-14"


def a_base(**fields: Any) -> Base:
    whole: dict[str, Any] = {
        "profile": "openai",
        "id": "a",
        "label": "a",
        "training": Decimal(5),
        "input": Decimal("0.8"),
        "output": Decimal("3.2"),
        "source": "",
        "as_of": date(2026, 11, 1),
        "methods": ("supervised",),
        "methods_source": "",
    }
    return Base(**whole | fields)


@pytest.mark.parametrize(
    ("today", "left", "is_near_end"),
    [(date(2026, 10, 15), 91, False), (date(2026, 10, 16), 90, False), (date(2026, 10, 17), 89, True)],
)
def test_less_than_ninety_days_are_near_the_end(today: date, left: int, is_near_end: bool) -> None:
    with time_machine.travel(today):
        known = a_base(shutdown=SHUTDOWN)

        assert (known.days_left, known.is_near_end) == (left, is_near_end)


def test_without_a_date_nothing_ends() -> None:
    assert (a_base().days_left, a_base().is_near_end, a_base().takes_jobs) == (None, False, True)


@pytest.mark.parametrize(("today", "takes"), [(date(2027, 1, 5), True), (date(2027, 1, 6), False)])
def test_no_job_is_taken_from_the_last_day_on(today: date, takes: bool) -> None:
    with time_machine.travel(today):
        assert a_base(no_new_jobs=LAST_JOBS, shutdown=SHUTDOWN).takes_jobs is takes
        assert a_base(shutdown=LAST_JOBS).takes_jobs is takes


@pytest.mark.parametrize(
    ("examples", "epochs"), [(0, 25), (1, 25), (4, 25), (5, 20), (10, 10), (33, 4), (34, 3), (35, 3), (100_000, 3)]
)
def test_auto_is_about_a_hundred_passes_and_three_at_least(examples: int, epochs: int) -> None:
    assert likely_epochs(examples) == epochs
    guess = estimate("openai", GPT, tokens=1000, examples=examples, epochs="auto")
    assert (guess.epochs, guess.epochs_are_guessed, guess.trained_tokens) == (epochs, True, 1000 * epochs)


def test_a_tuned_model_costs_what_its_base_does() -> None:
    known = base("openai", GPT)

    assert known is not None
    assert base("openai", f"ft:{GPT}:org:name:id") == known
    assert base("openai", f"ft:{GPT}:org") == known
    assert base("openai", known.label) == known
    assert base("openai", f"ft:{GPT}") is None  # no model has such a name
    assert base("openai", f"x:{GPT}:org") is None
    assert base("trainer", GPT) is None


def test_money() -> None:
    known = base("openai", GPT)
    assert known is not None

    assert training_cost("openai", GPT, 3_000_000) == 3 * known.training
    assert training_cost("openai", "unknown", 3_000_000) is None
    assert chat_cost(known, 1_000_000, 2_000_000) == known.input + 2 * known.output
    assert chat_cost(None, 1, 1) is None
    order = estimate("openai", GPT, tokens=500_000, examples=50, epochs=2)
    assert (order.usd, order.epochs, order.epochs_are_guessed) == (known.training, 2, False)
    assert estimate("openai", "unknown", tokens=1, examples=1, epochs=1).usd is None


@pytest.mark.parametrize(
    ("method", "profile", "is_approximate"),
    [("dpo", "openai", True), ("dpo", "trainer", False), ("supervised", "openai", False)],
)
def test_what_counts_of_a_pair_is_known_of_our_own_trainer_alone(
    method: str, profile: str, is_approximate: bool
) -> None:
    assert estimate(profile, GPT, tokens=1, examples=1, epochs=1, method=method).is_approximate is is_approximate


def test_halves_are_rounded_up(settings: Any) -> None:
    settings.USD_KRW = Decimal("1000.5")

    assert (won(Decimal(1)), won(Decimal("0.9"))) == (1001, 900)
    assert [cents(Decimal(usd)) for usd in ("0.125", "0.1249", "0.005")] == [
        Decimal("0.13"),
        Decimal("0.12"),
        Decimal("0.01"),
    ]
