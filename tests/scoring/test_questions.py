"""Questions of files and of pasted lines: nothing leaks, and what is left out is counted with its reason."""

import json
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.training_data.likeness import plain
from jobs.training_data.scoring.few_shot import leaks
from jobs.training_data.scoring.nearest import Nearest
from jobs.training_data.scoring.pasting import LONGEST_QUESTION, MOST_QUESTIONS, pasted_questions
from jobs.training_data.scoring.questions import set_aside, whole_file
from jobs.training_data.scoring.records import Question
from tests.running import ROOT

type Example = dict[str, Any]
SEASONS = ["봄", "여름", "가을", "겨울", "바다", "산골", "도시", "학교", "시장", "철길"]
PLACES = ["부엌", "마당", "우물", "장독", "편지", "사진", "의자", "창문", "지붕", "담장"]
NAMES = [*SEASONS, *PLACES]


def chat(*texts: str, system: str = "", **beside: object) -> Example:
    first = [{"role": "system", "content": system}] if system else []
    talk = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)]
    return {"messages": [*first, *talk], **beside}


def written(path: Path, examples: list[Any]) -> Path:
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in examples))
    return path


def different(count: int) -> list[Example]:
    return [
        chat(
            f"{name}에 대해 {number}가지를 알려 줘",
            f"{name} 이야기입니다. 번호는 {number * 7919}번이고 {name[::-1] * 9} 끝.",
        )
        for number in range(count)
        for name in [NAMES[number % len(NAMES)]]
    ]


def texts(questions: list[Question]) -> list[str]:
    return [each.messages[-1]["content"] for each in questions]


# --- set aside ----------------------------------------------------------------------------------------


def test_a_share_is_set_aside_by_its_seed(tmp_path: Path) -> None:
    path = written(tmp_path / "file.jsonl", different(40))

    found, again, other = (set_aside(path, share=0.2, seed=seed) for seed in (1, 1, 2))

    assert len(found.questions) == len(found.keep_out) == 8
    assert [each.line for each in found.questions] == found.keep_out == sorted(found.keep_out)
    assert found == again
    assert found.keep_out != other.keep_out
    assert found.left_out == {}


def test_near_duplicates_of_what_is_set_aside_are_kept_out_of_training(tmp_path: Path) -> None:
    originals = different(20)
    echoes = [
        {"messages": [{**each, "content": f" {normalize('NFD', each['content'])}!! "} for each in example["messages"]]}
        for example in originals
    ]
    path = written(tmp_path / "file.jsonl", [*originals, *echoes])

    found = set_aside(path, share=0.3, seed=3)

    lines = [each.line or 0 for each in found.questions]
    assert len(lines) == 6
    assert found.keep_out == sorted(lines + [line + 20 for line in lines])
    assert found.left_out == {"repeated": 6}
    trained = Nearest(path, without=set(found.keep_out))
    assert list(leaks(trained, [each.messages for each in found.questions])) == []


def test_of_the_samples_nothing_leaks() -> None:
    path = ROOT / "samples" / "winter-essay-chat.jsonl"

    found = set_aside(path, share=0.25, seed=7)

    assert len(found.questions) >= 10
    kept = {plain(each) for each in texts(found.questions)}
    rest = [json.loads(line) for at, line in enumerate(path.read_text().splitlines(), 1) if at not in found.keep_out]
    assert not kept & {plain(each["messages"][-2]["content"]) for each in rest}


def test_where_all_are_tied_nothing_is_set_aside(tmp_path: Path) -> None:
    path = written(tmp_path / "file.jsonl", [chat("눈이란?", "하늘에서 내리는 얼음의 결정으로 겨울에 온다.")] * 9)

    found = set_aside(path, share=0.5, seed=1)

    assert (found.questions, found.keep_out) == ([], [])
    assert set_aside(written(tmp_path / "empty.jsonl", []), share=0.5, seed=1).questions == []


def test_as_many_as_may_be(tmp_path: Path) -> None:
    found = set_aside(written(tmp_path / "file.jsonl", different(40)), share=0.9, seed=1, most=5)

    assert (len(found.questions), len(found.keep_out), found.left_out) == (5, 5, {})


# --- a whole file -------------------------------------------------------------------------------------


def test_what_no_question_can_be_made_of_is_counted(tmp_path: Path) -> None:
    image = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    call = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "a"}}]}
    examples: list[Any] = [
        chat("눈이란?", "얼음", system="짧게."),
        chat("  눈이란? ", "물"),
        chat("첫째?", "하나", "둘째?", "둘"),
        {"prompt": "셋째? ->\n\n", "completion": " 셋\n"},
        {"messages": [{"role": "developer", "content": "규칙"}, {"role": "user", "content": "넷째?"}]},
        chat("", "빈 질문"),
        chat("다섯째?", "  "),
        {"messages": [{"role": "user", "content": image}, {"role": "assistant", "content": "그림"}]},
        {"messages": [{"role": "user", "content": "여섯째?"}, call]},
        chat("일곱째?", "도구", tools=[]),
        chat("길다" * LONGEST_QUESTION, "길다"),
        "no json",
        [1, 2],
        "",
        {"messages": 3},
        {"input": {"messages": [{"role": "user", "content": "여덟째?"}]},
         "preferred_output": [{"role": "assistant", "content": "좋다"}],
         "non_preferred_output": [{"role": "assistant", "content": "나쁘다"}]},
    ]  # fmt: skip

    found = whole_file(written(tmp_path / "file.jsonl", examples), seed=1)

    assert [(each.line, each.reference) for each in found.questions] == [
        (1, "얼음"),
        (3, "둘"),
        (4, "셋"),
        (5, None),
        (16, "좋다"),
    ]
    assert [each.messages for each in found.questions][:4] == [
        [{"role": "system", "content": "짧게."}, {"role": "user", "content": "눈이란?"}],
        chat("첫째?", "하나", "둘째?")["messages"],
        [{"role": "user", "content": "셋째? ->"}],
        [{"role": "system", "content": "규칙"}, {"role": "user", "content": "넷째?"}],
    ]
    assert found.left_out == {
        "repeated": 1,
        "no_question": 2,
        "no_answer": 1,
        "beyond_text": 3,
        "too_long": 1,
        "unreadable": 2,
    }
    assert found.keep_out == []


def test_of_too_many_some_are_drawn(tmp_path: Path) -> None:
    path = written(tmp_path / "file.jsonl", different(30))

    found = whole_file(path, seed=4, most=10)

    lines = [each.line or 0 for each in found.questions]
    assert (len(lines), lines == sorted(lines), found.left_out) == (10, True, {"over_limit": 20})
    assert whole_file(path, seed=4, most=10) == found != whole_file(path, seed=5, most=10)


def test_what_no_database_holds_is_replaced(tmp_path: Path) -> None:
    found = whole_file(written(tmp_path / "file.jsonl", [chat("눈\0이란?", "얼\0음")]), seed=1)

    assert (texts(found.questions), found.questions[0].reference) == (["눈\ufffd이란?"], "얼\ufffd음")


# --- pasted -------------------------------------------------------------------------------------------


def test_pasted_lines() -> None:
    found = pasted_questions(
        f"눈이란?\r\n\n  비란? \n{normalize('NFD', '눈이란')}\n---\n{'가' * 50_001}\n눈\0", " 짧게. "
    )

    assert texts(found.questions) == ["눈이란?", "비란?", "눈\ufffd"]
    assert [each.line for each in found.questions] == [1, 3, 7]
    assert found.questions[0].messages[0] == {"role": "system", "content": "짧게."}
    assert found.left_out == {"repeated": 1, "no_question": 1, "too_long": 1}
    assert pasted_questions(" \n").questions == []


def test_ten_thousand_pasted_lines_and_no_more() -> None:
    found = pasted_questions("\n".join(f"{number}은?" for number in range(MOST_QUESTIONS + 3)))

    assert (len(found.questions), found.left_out) == (MOST_QUESTIONS, {"over_limit": 3})


# --- leaks --------------------------------------------------------------------------------------------


def test_a_question_that_the_training_file_has_is_a_leak(tmp_path: Path) -> None:
    examples = [chat(f"다음 낱말로 글을 쓰세요: {name}, {name}길, 눈", f"{name} 글") for name in NAMES]
    trained = Nearest(written(tmp_path / "file.jsonl", examples))

    found = leaks(
        trained,
        [
            [{"role": "user", "content": text}]
            for text in (
                "다음 낱말로 글을 쓰세요: 가을,  가을길, 눈!",
                "다음 낱말로 글을 쓰세요: 기차, 기차길, 눈",
                "전혀 다른 것을 묻습니다",
                "",
            )
        ],
    )

    assert [(each.question, each.line) for each in found] == [(0, 3)]


# --- anything whatsoever ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "prompt", "completion", "tool_calls", "input", "text", "type"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON | st.text(), max_size=5))
def test_any_file_gives_questions(tmp_path: Path, values: list[object]) -> None:
    path = tmp_path / "file.jsonl"
    lines = [value if isinstance(value, str) else json.dumps(value) for value in values]
    path.write_bytes("\n".join(lines).encode(errors="replace"))

    for found in (whole_file(path, seed=1), set_aside(path, share=0.5, seed=1)):
        assert all(each.messages for each in found.questions)
    assert list(leaks(Nearest(path), [[{"role": "user", "content": "눈"}]])) is not None


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_pasted(text: str) -> None:
    for each in pasted_questions(text, text).questions:
        str(each.messages).encode()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_or_nothing_leaves_neither_side_empty(tmp_path: Path, share: float) -> None:
    found = set_aside(written(tmp_path / "file.jsonl", different(10)), share=share, seed=1)

    assert 1 <= len(found.keep_out) <= 9
