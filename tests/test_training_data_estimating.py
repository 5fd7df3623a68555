"""The first estimate: honest, quick, and the same for the same seed."""

import random
from pathlib import Path

import pytest

from jobs.training_data.checking import check
from jobs.training_data.estimating import About, estimate
from tests.factories import chat_lines
from tests.training_cases import GOOD_BYTES, answer, line, user

WORDS = ["함박눈이", "소리", "없이", "내려", "장독대", "위에", "소복이", "쌓였다", "The", "first", "snow", "fell"]


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Most lines are short, some a hundred times as long, and the long ones hold most of the bytes."""
    chance, path = random.Random(4), tmp_path_factory.mktemp("skewed") / "data.jsonl"
    with path.open("w") as target:
        for _ in range(4_000):
            long = max(1, round(chance.lognormvariate(3, 1.5)))
            target.write(line(user(chance.choice(WORDS)), answer(" ".join(chance.choices(WORDS, k=long)))) + "\n")
    return path


def holds(about: About, exact: int) -> bool:
    return about.low <= exact <= about.high


def test_the_interval_holds_in_93_of_100_trials(skewed: Path) -> None:
    exact = check(skewed)

    trials = [estimate(skewed, seed, draws=200) for seed in range(100)]

    assert sum(holds(each.examples, exact.examples) for each in trials if each) >= 93
    assert sum(holds(each.tokens, exact.tokens) for each in trials if each) >= 93
    widths = [each.tokens.high - each.tokens.low for each in trials if each]
    assert max(widths) < exact.tokens * 0.15


def test_the_same_seed_says_the_same(skewed: Path) -> None:
    assert estimate(skewed, 7, draws=50) == estimate(skewed, 7, draws=50) != estimate(skewed, 8, draws=50)


def test_one_line_without_an_end_is_one_example(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(line(user(), answer("눈이 내렸다. \\u2603 " * 4_000)))

    said, exact = estimate(path, draws=30), check(path)

    assert said
    assert said.examples.low <= 1 <= said.examples.high
    assert abs(said.tokens.value - exact.tokens) < exact.tokens * 0.2


def test_lines_with_faults_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"messages": []}\n' * 500)

    said = estimate(path, draws=30)

    assert said
    assert said.tokens == About(0, 0, 0)


@pytest.mark.parametrize("content", [b"", b"[1]", b"\x89PNG", GOOD_BYTES, b"\xff", b"\n", chat_lines(1)])
def test_any_file_gives_an_estimate_or_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)

    said = estimate(path, draws=20)

    assert said is None or said.tokens.low <= said.tokens.value <= said.tokens.high
