"""A planted copier is called one, a free writer is not, and the passage is the longest there is."""

import json
import random
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training_data.scoring.copying import SHORTEST, Passages, passages_of
from jobs.training_data.searching import squeeze
from tests.running import ROOT

NOTES = (ROOT / "samples" / "winter-notes-cp949.txt").read_bytes().decode("cp949")
PROSE = [line for line in NOTES.splitlines() if len(line) > 120]
TRAINED, FREE = PROSE[::2], PROSE[1::2]
FORMULA = "건강을 위해서는 규칙적으로 운동하고 물을 자주 마시는 것이 무엇보다 좋습니다. "


def passages(texts: Iterable[str]) -> Passages:
    return Passages(enumerate(texts, 1))


@pytest.fixture(scope="module")
def trained() -> Passages:
    return passages(TRAINED)


# --- who copies ---------------------------------------------------------------------------------------


def test_a_copier_is_called_one(trained: Passages) -> None:
    for line, text in enumerate(TRAINED, 1):
        found = trained.compare(text)
        assert (found.letters, found.total, found.copied) == (len(squeeze(text)), len(squeeze(text)), True)
        assert found.line == line


@pytest.mark.parametrize("disguise", [str.strip, lambda text: text.replace(" ", "\n"), lambda text: f"**{text}**"])
def test_however_it_is_laid_out(trained: Passages, disguise: object) -> None:
    assert callable(disguise)
    answer = unicodedata.normalize("NFD", disguise(TRAINED[5][:80]))

    assert trained.compare(f"이렇게 쓰여 있습니다. {answer}").copied


def test_who_writes_freely_is_none(trained: Passages) -> None:
    found = [trained.compare(text) for text in FREE]

    assert [each.letters for each in found if each.copied] == []


def test_the_passage_is_where_it_says(trained: Passages) -> None:
    planted = TRAINED[3][10:70]
    answer = unicodedata.normalize("NFD", f"{FREE[0][:200]} “ {planted}” {FREE[1][:200]}")

    found = trained.compare(answer)

    assert (found.line, found.copied) == (4, True)
    assert squeeze(planted) in squeeze(unicodedata.normalize("NFC", answer)[found.start : found.end])
    assert len(squeeze(planted)) <= found.letters <= len(squeeze(planted)) + 3


def test_thirty_letters_or_half_of_it() -> None:
    source = "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허고노도로모보"
    trained = passages([source])
    other = "X" * 100

    assert [trained.compare(source[:size] + other).copied for size in (29, 30)] == [False, True]
    assert [trained.compare(source[:20] + other[:size]).copied for size in (20, 21)] == [True, False]
    assert [trained.compare(source[:size]).copied for size in (SHORTEST - 1, SHORTEST)] == [False, True]


# --- what is no copy ----------------------------------------------------------------------------------


def test_a_formula_that_many_answers_have_is_none() -> None:
    trained = passages(FORMULA + text for text in TRAINED[:5])
    assert not trained.compare(FORMULA).copied
    assert trained.compare(FORMULA + TRAINED[2][:60]).copied

    assert passages(FORMULA + text for text in TRAINED[:4]).compare(FORMULA).copied


def test_an_answer_that_was_trained_on_ten_times_is_no_formula() -> None:
    assert passages([FORMULA] * 10).compare(FORMULA).copied


def test_what_the_question_holds_is_no_copy(trained: Passages) -> None:
    text = TRAINED[0]

    assert not trained.compare(text, f"다음 글을 고쳐 주세요.\n\n{text}").copied
    assert trained.compare(text, "다음 글을 고쳐 주세요.").copied


def test_a_row_of_dots_is_none() -> None:
    assert not passages(["." * 200 + "끝", "ㅋㅋ" * 100]).compare("." * 100 + "ㅋㅋ" * 40).copied


# --- the longest there is -----------------------------------------------------------------------------


def longest(mine: str, theirs: str) -> int:
    """By a table of all pairs of letters."""
    best, row = 0, [0] * (len(theirs) + 1)
    for letter in mine:
        row = [0] + [row[at] + 1 if letter == other else 0 for at, other in enumerate(theirs)]
        best = max(best, *row)
    return best


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 4), st.integers(1, 3))
def test_the_passage_is_the_longest(seed: int, texts: int, planted: int) -> None:
    source = random.Random(seed)
    trained = ["".join(source.choices("가나다라마바사아자차카타", k=source.randint(20, 150))) for _ in range(texts)]
    answer = "".join(source.choices("가나다라마바사아자차카타", k=60))
    for _ in range(planted):
        text = source.choice(trained)
        start = source.randrange(len(text))
        answer += text[start : start + source.randint(1, 60)] + source.choice("가나다")

    wanted = max(longest(answer, text) for text in trained)

    assert passages(trained).compare(answer).letters == (wanted if wanted >= SHORTEST else 0)


# --- files and hard texts -----------------------------------------------------------------------------


def test_only_answers_of_the_file_count_and_not_those_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    chats = [
        [("system", PROSE[0]), ("user", PROSE[1]), ("assistant", PROSE[2])],
        [("user", "?"), ("assistant", PROSE[3])],
    ]
    lines = [{"messages": [{"role": role, "content": text} for role, text in chat]} for chat in chats]
    written = [*map(json.dumps, lines), "", "no json", json.dumps({"prompt": PROSE[4], "completion": PROSE[5]})]
    path.write_text("\n".join(written))

    found = passages_of(path)
    assert [found.compare(text).line for text in PROSE[:6]] == [None, None, 1, 2, None, 5]
    assert [passages_of(path, without={1}).compare(text).line for text in PROSE[:6]] == [None, None, None, 2, None, 5]


HARD = [
    "가나다라마" * 200_000,
    "\ud800" * 1_000_000,
    "😀👨‍👩‍👧" * 150_000,
    unicodedata.normalize("NFD", "걸었다 골목길 ") * 60_000,
    " " * 1_000_000,
    "".join(random.Random(1).choices("가나다", k=1_000_000)),
    FORMULA * 20_000,
    "\0" * 1_000_000,
]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_a_megabyte_takes_bounded_time(text: str) -> None:
    trained = passages([text[:100_000], *(text[at : at + 500] for at in range(0, 50_000, 37))])

    start = process_time()
    trained.compare(text)

    assert process_time() - start < 5


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(codec=None)), max_size=4), st.text(st.characters(codec=None)), st.text())
def test_any_text_can_be_compared(texts: list[str], answer: str, question: str) -> None:
    found = passages([*texts, answer]).compare(answer, question)

    assert 0 <= found.letters <= found.total
    assert found.start <= found.end <= len(unicodedata.normalize("NFC", answer))
