"""Scores of one answer: sacrebleu judges chrF, the recipes' own examples the coverage of keywords."""

import json
import unicodedata
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from jobs.training_data.recipes.examples import make_examples
from jobs.training_data.recipes.recipe import ANCESTOR, Recipe
from jobs.training_data.recipes.told import Loaded
from jobs.training_data.scoring.chrf import chrf
from jobs.training_data.scoring.coverage import coverage
from jobs.training_data.scoring.keywords import keywords_of
from jobs.training_data.scoring.records import Message
from jobs.training_data.scoring.repetition import ends_in_loop, repeated_share
from jobs.training_data.scoring.scores import scores
from tests.running import ROOT

KOREAN = (ROOT / "README.ko.md").read_text()
ENGLISH = (ROOT / "README.md").read_text()
WORDS = [*"눈각\n\u3000.,!1😀", "골목", "할머니", "snow", "the", "alley", "cat", "22"]


def question(text: str) -> list[Message]:
    return [{"role": "system", "content": "글을 쓴다."}, {"role": "user", "content": text}]


# --- chrF ---------------------------------------------------------------------------------------------


def by_sacrebleu(text: str, reference: str) -> float:
    return float(CHRF().sentence_score(text, [reference]).score)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS)), st.lists(st.sampled_from(WORDS)))
def test_chrf_is_that_of_sacrebleu(mine: list[str], theirs: list[str]) -> None:
    text, reference = " ".join(mine), "".join(theirs)

    assert chrf(text, reference) == pytest.approx(by_sacrebleu(text, reference))


@settings(max_examples=200)
@given(st.text(), st.text())
def test_chrf_of_any_text_is_that_of_sacrebleu(text: str, reference: str) -> None:
    assert chrf(text, reference) == pytest.approx(by_sacrebleu(text, reference))


@pytest.mark.parametrize("text", [KOREAN, ENGLISH], ids=["Korean", "English"])
def test_chrf_of_prose_is_that_of_sacrebleu(text: str) -> None:
    for start in range(0, 4_000, 400):
        mine, theirs = text[start : start + 700], text[start + 300 : start + 900]
        assert chrf(mine, theirs) == pytest.approx(by_sacrebleu(mine, theirs))
        assert chrf(mine, mine) == pytest.approx(100)


def test_letters_taken_apart_are_the_same_text() -> None:
    decomposed = unicodedata.normalize("NFD", "눈이 왔다.")

    found = scores(question("눈"), decomposed, "눈이 왔다.", "stop")

    assert (found.chrf, found.characters, found.language) == (100, 6, "ko")
    assert scores(question("눈"), "눈이 왔다.", None, "stop").chrf is None


# --- keywords -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("다음 낱말로 글을 쓰세요: 눈, 골목, 할머니", ["눈", "골목", "할머니"]),
        ("Write a text with these words: snow, alley, old woman", ["snow", "alley", "old woman"]),
        ("눈 골목 할머니 눈사람", ["눈", "골목", "할머니", "눈사람"]),
        ("걷다, 노래하다, 골목", ["걷다", "노래하다", "골목"]),
        ("제목: 겨울\n핵심어:\n- 눈\n- 골목\n- 골목\n- 할머니", ["눈", "골목", "할머니"]),
        ("서울, 부산, 대구를 비교해 주세요", []),
        ("봄이 오면, 꽃이 피고, 새가 운다.", []),
        ("봄 여름 가을 겨울의 차이를 알려 줘", []),
        ("write me a poem about snow", []),
        ("Hello, my name is Kim, nice to meet you", []),
        ("오늘 날씨 어때?", []),
        ("눈, 골목", []),
        ("", []),
    ],
)
def test_a_list_of_keywords_is_seen(text: str, expected: list[str]) -> None:
    assert keywords_of(text) == expected


@pytest.mark.parametrize(
    ("keyword", "answer", "is_in"),
    [
        ("골목", "아이가 골목에서 놀았다.", True),
        ("골목에서", "골목은 조용하다.", True),
        ("골목", "골목길을 지났다.", True),
        ("눈", "그는 곧 눈치를 챘다.", False),
        ("파인튜닝", "파인 튜닝을 해 보자.", True),
        ("가능성", "가능성이 크다.", True),
        ("걷다", "우리는 오래 걸었다.", True),
        ("걷다", "우리는 집에서 잤다.", False),
        ("노래하다", "새가 노래했다.", True),
        ("아름답다", "아름다운 강산이다.", True),
        ("학교", "집에 갔다.", False),
        ("모델", "수모델라는 없다.", False),
        ("GPT", "나는 gpt를 쓴다.", True),
        ("keywords", "One keyword is enough.", True),
        ("studies", "She has studied it.", True),
        ("running", "He runs home.", True),
        ("fine-tuning", "It was Fine-Tuned well.", True),
        ("machine learning", "Machines learning by heart.", True),
        ("cat", "The category is wrong.", False),
        ("한국어 모델", "이 한국어 모델은 작다.", True),
        ("山川", "山川草木", True),
        ("C++", "C++로 쓴다", True),
    ],
)
def test_a_keyword_is_found_whatever_its_ending(keyword: str, answer: str, is_in: bool) -> None:
    found = coverage([keyword], answer)

    assert (found.keywords, found.covered, found.missing) == ((1, 1, ()) if is_in else (1, 0, (keyword,)))


@pytest.mark.parametrize(
    "recipe", [Recipe(), Recipe(between=" / "), ANCESTOR], ids=["in a sentence", "slashes", "as of 2023"]
)
def test_what_recipes_make_is_covered_by_its_own_answer(recipe: Recipe) -> None:
    keywords, covered, lists = 0, 0, 0
    examples = [json.loads(each.line) for each in make_examples([Loaded("s", KOREAN)], recipe)]
    for example in examples:
        messages = example.get("messages") or [
            {"role": "user", "content": example["prompt"]},
            {"role": "assistant", "content": example["completion"]},
        ]
        found = scores(messages[:-1], messages[-1]["content"], None, "stop").coverage
        lists += found is not None
        keywords, covered = keywords + (found.keywords if found else 0), covered + (found.covered if found else 0)

    assert lists >= 0.8 * len(examples)
    assert covered >= 0.97 * keywords > 100


# --- repetition, language, refusals -------------------------------------------------------------------


def test_repetition() -> None:
    prose = "눈이 왔다. 골목에 눈이 쌓였다. 할머니가 골목을 쓸었다. 아이들이 눈사람을 만들었다."
    assert (repeated_share(prose), ends_in_loop(prose)) == (0, False)

    looping = prose + " 그래서 나는 갔다." * 20
    assert repeated_share(looping) > 0.5
    assert ends_in_loop(looping)
    assert ends_in_loop(looping + " 그래서 나")
    assert not ends_in_loop(looping + " 그러고는 끝났다.")
    assert repeated_share("雪が降った。" * 20) > 0.8
    assert not ends_in_loop("하하하하")
    piece = "가나다라마바사아자차카타파하"
    assert [ends_in_loop(f"끝. {piece * times}") for times in (2, 3)] == [False, True]
    assert (repeated_share(""), ends_in_loop("")) == (0, False)


@pytest.mark.parametrize(
    ("answer", "language"),
    [("눈이 왔다. GPT도 안다.", "ko"), ("It snowed.", "en"), ("雪が降った。", "other"), ("…", ""), ("", "")],
)
def test_language(answer: str, language: str) -> None:
    assert scores(question("눈"), answer, None, None).language == language


def test_empty_and_cut() -> None:
    assert scores(question("눈"), " \n", "눈", "stop").empty
    whole, half = scores([], "눈이 왔다.", None, "stop"), scores([], "눈이 왔", None, "length")
    assert (whole.empty, whole.cut, half.cut) == (False, False, True)


REFUSALS, NONE = (
    tuple((Path(__file__).parent / name).read_text().splitlines()) for name in ("refusals.txt", "no_refusals.txt")
)


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals(text: str) -> None:
    assert scores([], text, None, "stop").refusal


@pytest.mark.parametrize("text", NONE)
def test_what_only_sounds_like_a_refusal(text: str) -> None:
    assert not scores([], text, None, "stop").refusal


def test_an_essay_with_a_refusal_in_it_is_none() -> None:
    assert not scores([], KOREAN + "죄송하지만 그 요청은 도와드릴 수 없습니다.", None, "stop").refusal
    assert not scores([], "I'm sorry, but I can't help with that. " + ENGLISH, None, "stop").refusal


# --- any text whatsoever ------------------------------------------------------------------------------

HARD = [
    "가" * 1_000_000,
    "a b" * 330_000,
    "\ud800" * 1_000_000,
    "😀👨‍👩‍👧" * 150_000,
    unicodedata.normalize("NFD", "걸었다 골목길 ") * 60_000,
    "\n" * 1_000_000,
    "죄송 I'm sorry i can't " * 45_000,
    "눈, " * 330_000,
    "́" * 1_000_000,
    "\0" * 1_000_000,
]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_a_megabyte_takes_bounded_time(text: str) -> None:
    start = process_time()
    found = scores(question(text), text, text[::-1], "length")

    assert found.cut
    assert process_time() - start < 5


def test_the_length_is_that_of_the_whole_answer() -> None:
    assert scores([], "가" * 123_456, None, None).characters == 123_456


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.none() | st.text())
def test_any_text_has_scores(asks: str, answer: str, reference: str | None) -> None:
    found = scores(question(f"낱말: 눈, 골목, {asks}"), answer, reference, None)

    assert 0 <= found.repetition <= 1
    assert found.chrf is None or 0 <= found.chrf <= 100
    assert found.characters <= len(answer)
