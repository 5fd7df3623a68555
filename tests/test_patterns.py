"""No regular expression of ours can be held up by the text that it meets: people and services choose that text."""

import re
from typing import Any

import pytest
from django.test import Client

from ftsite.logs import HIDDEN, LONGEST, Cleaner
from tests.hard_text import growth, nested, seconds, units
from tests.logging_out import real_log
from tests.patterns import Pattern, patterns

MOST = 6.0  # times as long for a text of four times the length: 4 is linear, 16 is quadratic

ALL = patterns()


@pytest.mark.parametrize("pattern", ALL, ids=lambda pattern: pattern.at)
def test_four_times_the_text_takes_at_most_six_times_as_long(pattern: Pattern) -> None:
    assert not nested(pattern.compiled), f"{pattern.at}: a repetition without end in another"

    slow = {unit: times for unit in units(pattern.compiled) if (times := growth(pattern.compiled, unit)) > MOST}

    assert slow == {}, f"{pattern.at}: {pattern.compiled.pattern!r}"


def test_all_of_them_are_found() -> None:
    """One of each kind of place: a module's name, a tuple in a tuple, a dictionary's key, a function's own."""
    held = {pattern.compiled.pattern for pattern in ALL}
    assert {"/trainer/v1/.*", r"\bsk-[\w.-]{6,}", r"[A-Za-z0-9._-]{8,64}", r"[\d.]+"} <= held
    assert len(ALL) > 90


@pytest.mark.parametrize(
    ("pattern", "unit"),
    [(r"\w*token=", "a"), (r"\s*\n\s*$", " "), (r"<a [^>]*?href=", "<a "), (r"(.*)x(.*)y", "x"), (rb"\[.*\]", b"[")],
)
def test_what_is_slow_is_seen(pattern: Any, unit: Any) -> None:
    assert unit in units(re.compile(pattern))
    assert growth(re.compile(pattern), unit) > MOST


@pytest.mark.parametrize(
    ("pattern", "is_nested"),
    [
        (r"(a+)+", True),
        (r"(?:a|b*c)*", True),
        (r"(?=(x*y)+)", True),
        (r"(?:\w+\s?)*$", True),
        (r"(?:a*+b)*", False),
        (r"(?:a{1,9}b)*", False),
        (r"(?:ab)*c+", False),
    ],
)
def test_nested_repetition_is_seen(pattern: str, is_nested: bool) -> None:
    assert nested(re.compile(pattern)) is is_nested


# --- the log, where anybody's text comes by ---------------------------------------------------------------


@pytest.mark.parametrize("word", ["password", "secret", "a", "csrf", "token", "=", "bearer ", "://", "DETAIL: ", "sk-"])
def test_a_line_of_the_log_is_cleaned_in_one_pass(word: str) -> None:
    cleaner = Cleaner(["a-very-own-secret"])
    text = word * (100_000 // len(word))

    times = [seconds(pattern, text, 2) for pattern, _instead in cleaner.shapes]

    assert sum(times) < 1.0


def test_a_stranger_s_long_word_does_not_hold_up_the_server(client: Client, db: None) -> None:
    """32 KB took 3.5 s, in which no other request was answered."""
    with real_log() as log:
        answer = client.get(f"/t/{'password' * 4000}/jobs/")

    (line,) = log.lines("ftsite.middleware")
    assert answer.status_code == 400  # longer than Django lets a redirect be
    assert line["team"] == "password" * 8
    assert line["ms"] < 500


def test_a_long_text_keeps_its_ends() -> None:
    text = "Traceback:\n" + "x" * 90_000 + "\nValueError: key sk-proj-abcdefghijklmnop is wrong"

    cleaned = Cleaner().clean(text)

    assert len(cleaned) < LONGEST + 50
    assert cleaned.startswith("Traceback:\nxxx")
    assert cleaned.endswith(f"xxx\nValueError: key {HIDDEN} is wrong")
    assert f"[{len(text) - len('sk-proj-abcdefghijklmnop') + len(HIDDEN) - LONGEST} characters left out]" in cleaned
