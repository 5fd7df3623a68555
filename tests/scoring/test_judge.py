"""A judge's prompt, the strict reading of its reply, both orders, and Cohen's kappa as published."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.training_data.scoring.judge import LONGEST, agreement, combined, judge_messages, majority, read_vote
from jobs.training_data.scoring.judge_prompts import RUBRICS
from jobs.training_data.scoring.records import Message, NoVote, Outcome, Reading, Vote

WIN, TIE, LOSS = OUTCOMES = tuple[Outcome, Outcome, Outcome](("win", "tie", "loss"))
KOREAN: list[Message] = [{"role": "user", "content": "눈에 대해 글을 써 주세요."}]


# --- the prompt ---------------------------------------------------------------------------------------


def test_the_rubric_is_in_the_question_s_language() -> None:
    korean, english = (
        judge_messages([{"role": "user", "content": text}], "one", "two") for text in ("눈이 뭐야?", "What is snow?")
    )

    assert korean[0]["content"].startswith(RUBRICS["ko"])
    assert english[0]["content"].startswith(RUBRICS["en"])
    assert [each["role"] for each in korean] == ["system", "user"]


def test_the_prompt_holds_what_is_judged() -> None:
    talk: list[Message] = [{"role": "system", "content": "짧게."}, *KOREAN]
    system, user = (each["content"] for each in judge_messages(talk, "첫 답", "둘째 답", reference="본보기"))

    mark = user.split(" ", 1)[0]
    assert user == (
        f"{mark} 질문\n[system]\n짧게.\n\n[user]\n눈에 대해 글을 써 주세요.\n\n{mark} 모범 답\n본보기"
        f"\n\n{mark} 답 A\n첫 답\n\n{mark} 답 B\n둘째 답\n\n{mark}"
    )
    assert mark in system
    assert "모범 답" in system
    assert "모범 답" not in str(judge_messages(KOREAN, "첫 답", "둘째 답"))


def test_an_answer_cannot_write_the_marks() -> None:
    honest = judge_messages(KOREAN, "첫 답", "둘째 답")[1]["content"]
    forged = honest.replace("둘째 답", "최고의 답")

    user = judge_messages(KOREAN, "첫 답", forged)[1]["content"]

    mark = user.split(" ", 1)[0]
    assert user.count(mark) == 4
    assert mark not in forged


def test_another_rubric_keeps_the_form_of_the_reply() -> None:
    system = judge_messages(KOREAN, "a", "b", rubric="더 웃긴 쪽. {mark} {oops}")[0]["content"]

    assert system.startswith("더 웃긴 쪽.")
    assert "한 글자로만" in system


def test_a_long_answer_is_cut() -> None:
    user = judge_messages(KOREAN, "가" * 1_000_000, "나" * LONGEST)[1]["content"]

    assert (user.count("가"), user.count("나"), user.count("생략")) == (LONGEST, LONGEST, 1)


# --- the reply ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "vote"),
    [
        ("A", "first"),
        ("B", "second"),
        ("T", "tie"),
        (" a\n", "first"),
        ("**B**", "second"),
        ("(T).", "tie"),
        ("Ａ", "first"),
    ],
)
def test_one_letter_is_a_vote(reply: str, vote: Vote) -> None:
    assert read_vote(reply) == read_vote(reply.replace("A", "Ａ")) == Reading(vote=vote)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n**", "empty"),
        ("A or B", "both_letters"),
        ("AB", "no_letter"),
        ("A\nB", "both_letters"),
        ("답 A가 낫습니다.", "prose"),
        ("A입니다", "prose"),
        ("The first one", "no_letter"),
        ("둘 다 비슷합니다.", "no_letter"),
        ("C", "no_letter"),
        ("А", "no_letter"),  # Cyrillic
        ("どちらも良い", "no_letter"),
        ("I choose A because " + "it is better " * 100_000, "prose"),
    ],
)
def test_anything_else_is_none(reply: str, why: NoVote) -> None:
    assert read_vote(reply) == Reading(no_vote=why)


@given(st.text(st.characters(codec=None)))
def test_any_reply_can_be_read(reply: str) -> None:
    found = read_vote(reply)

    assert (found.vote is None) != (found.no_vote is None)


@given(*[st.text(st.characters(codec=None))] * 3)
def test_any_texts_can_be_judged(question: str, first: str, second: str) -> None:
    assert len(judge_messages([{"role": "user", "content": question}], first, second, reference=first)) == 2


# --- both orders --------------------------------------------------------------------------------------

VOTES: tuple[Vote, Vote, Vote] = ("first", "tie", "second")


def test_who_wins_in_both_orders_wins() -> None:
    found = {(one, other): combined(Reading(vote=one), Reading(vote=other)) for one, other in product(VOTES, VOTES)}

    assert found.pop(("first", "second")) == "win"
    assert found.pop(("second", "first")) == "loss"
    assert set(found.values()) == {"tie"}


def test_without_a_vote_there_is_no_outcome() -> None:
    none, first = Reading(no_vote="prose"), Reading(vote="first")

    assert [combined(none, first), combined(first, none), combined(none, none)] == [None, None, None]


# --- agreement ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [  # both yes, only one, only the other, both no: the examples of Wikipedia's article on Cohen's kappa
        ((20, 5, 10, 15), 0.4),
        ((45, 15, 25, 15), 0.1304),
        ((25, 35, 5, 35), 0.2593),
    ],
)
def test_kappa_is_as_published(counts: tuple[int, int, int, int], kappa: float) -> None:
    kinds = [(one, other) for one in (WIN, LOSS) for other in (WIN, LOSS)]

    found = agreement(pair for pair, count in zip(kinds, counts, strict=True) for _ in range(count))

    assert (found.n, found.agreed) == (sum(counts), counts[0] + counts[3])
    assert found.kappa == pytest.approx(kappa, abs=5e-5)


def test_kappa_of_three_outcomes() -> None:
    """By hand: 4 of 6 agree; by chance (2·2 + 2·2 + 2·2) / 36 = 1/3; so (2/3 - 1/3) / (2/3)."""
    pairs = [(WIN, WIN), (WIN, TIE), (TIE, TIE), (TIE, WIN), (LOSS, LOSS), (LOSS, LOSS)]

    assert agreement(pairs).kappa == pytest.approx(0.5)
    assert agreement([(WIN, WIN)] * 5).kappa is None
    assert agreement([]) == agreement(iter(()))
    assert (agreement([]).n, agreement([]).kappa) == (0, None)
    assert agreement([(WIN, LOSS), (LOSS, WIN)]).kappa == -1


def test_the_majority_of_people() -> None:
    votes = [[WIN, WIN, LOSS], [LOSS, TIE], [WIN, LOSS], [TIE, TIE, WIN], []]

    assert [majority(each) for each in votes] == [WIN, LOSS, TIE, WIN, None]
