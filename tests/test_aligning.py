"""What two texts have in common: as long as can be, and quick whatever they hold."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.training_data.aligning import MOST_WORDS, Piece, common_order, sides
from jobs.training_data.comparing import words_changed

FEW = st.lists(st.sampled_from("abcd"), max_size=14)


def longest(left: list[str], right: list[str]) -> int:
    """The textbook's table."""
    table = [[0] * (len(right) + 1) for _row in range(len(left) + 1)]
    for a, mine in enumerate(left):
        for b, theirs in enumerate(right):
            table[a + 1][b + 1] = table[a][b] + 1 if mine == theirs else max(table[a][b + 1], table[a + 1][b])
    return table[-1][-1]


@given(FEW, FEW)
def test_what_is_common_is_as_long_as_can_be(left: list[str], right: list[str]) -> None:
    pairs = common_order(left, right)

    assert len(pairs) == longest(left, right)
    assert [left[a] for a, _b in pairs] == [right[b] for _a, b in pairs]
    assert pairs == sorted(pairs)
    assert len({a for a, _b in pairs}) == len({b for _a, b in pairs}) == len(pairs)


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_are_the_texts(left: str, right: str) -> None:
    found = sides(left, right)

    assert "".join(text for text, _own in found.left) == left
    assert "".join(text for text, _own in found.right) == right


def test_korean_is_compared_word_by_word() -> None:
    found = sides("첫눈이 오던 저녁, 골목에 섰다.", "첫눈이 온 저녁, 골목에 오래 섰다.")

    assert found.left == [
        Piece("첫눈이 ", False),
        Piece("오던", True),
        Piece(" 저녁, 골목에 섰다.", False),
    ]
    assert [text for text, is_own in found.right if is_own] == ["온", "오래"]
    assert (found.common, found.only_left, found.only_right, found.is_cut) == (4, 1, 2, False)


def test_punctuation_is_no_word() -> None:
    found = sides("잘 모르겠다.", "눈이 온다.")

    assert (found.common, found.only_left, found.only_right) == (0, 2, 2)


def test_other_spaces_are_no_difference() -> None:
    assert sides("가  나\n다", "가 나 다").left == [Piece("가  나\n다", False)]


def test_what_is_too_long_is_left_as_it_is() -> None:
    found = sides("가 " * MOST_WORDS + "끝 나", "나 " * MOST_WORDS + "끝")

    assert found.is_cut
    assert (found.common, found.only_left) == (0, MOST_WORDS)
    assert found.left[-1].text.strip() == "끝 나"
    assert not found.left[-1].is_own


@pytest.mark.parametrize(("left", "right"), [("가.", ".가!"), ("가 나 ", "나 가 다 "), ("가", "나"), (" ", "\n")])
def test_no_text_makes_it_slow(left: str, right: str) -> None:
    """`difflib` takes more than ten seconds for the first two."""
    began = time.process_time()

    sides(left * 100_000, right * 100_000)
    words_changed(left * 740, right * 480)

    assert time.process_time() - began < 2
