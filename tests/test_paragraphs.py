"""The default grouping: the writer's paragraphs, with the headings apart, whatever the text is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training_data.recipes.cutting import Shown, pieces_of
from jobs.training_data.recipes.examples import make_examples
from jobs.training_data.recipes.grouping import by_characters, by_sentences
from jobs.training_data.recipes.layout import Layout
from jobs.training_data.recipes.pieces import sentences
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Loaded
from tests.running import ROOT
from tests.test_pieces import NAMED

NOTES = (ROOT / "samples" / "winter-notes-cp949.txt").read_bytes().decode("cp949").replace("\r\n", "\n")
FIRST = "첫눈은 늘 예고 없이 온다. 아침 창문을 열자 마당이 하얗다. 나는 슬리퍼를 끌고 나갔다."
SECOND = "어머니는 먼저 빗자루를 찾았다. 골목을 쓸어 두었다. 옆집 할아버지도 삽을 들고 나오셨다."


def cut(text: str, *known: int, **fields: Any) -> list[Shown]:
    return list(pieces_of(Recipe(**fields), Loaded("s", text, frozenset(known))))


def answers(text: str, **fields: Any) -> list[str]:
    return [piece.text for piece in cut(text, **fields)]


def test_no_answer_of_the_sample_crosses_a_paragraph_or_holds_a_heading() -> None:
    paragraphs = NOTES.strip().split("\n\n")
    headings = {one.strip() for one in paragraphs if len(one) < 20}

    made = cut(NOTES)

    assert len(made) == len(paragraphs) - len(headings) == 96
    assert [piece for piece in made if not any(piece.text in one for one in paragraphs)] == []
    assert {piece.heading for piece in made} == headings - {"겨울 노트"}


@pytest.mark.parametrize("fields", [{}, {"kind": "summary"}, {"low": 5, "high": 12}])
def test_offsets_are_those_of_the_text(fields: dict[str, Any]) -> None:
    for piece in cut(NOTES, **fields):
        assert piece.text == NOTES[piece.start : piece.end] == piece.text.strip()


def test_short_paragraphs_join_their_neighbours_and_keep_their_border() -> None:
    assert answers("“가자.”\n“어디로?”\n“집으로.”\n“그래.”") == ["“가자.”\n“어디로?”\n“집으로.”\n“그래.”"]
    assert answers(f"{FIRST}\n\n눈이 그쳤다.\n\n밤이 되었다.") == [f"{FIRST}\n\n눈이 그쳤다.\n\n밤이 되었다."]


def test_a_long_paragraph_is_split_evenly_where_sentences_end() -> None:
    made = answers(" ".join(f"{n}번째 눈이 왔다." for n in range(12)), low=3, high=5)

    assert [len(list(sentences(one))) for one in made] == [4, 4, 4]


def test_nothing_joins_over_a_heading() -> None:
    text = f"첫눈\n\n눈이 왔다. 마당이 하얗게 덮여서 아무도 밟지 않은 길이 생겼다.\n\n연탄\n\n{FIRST}"

    assert [(piece.heading, piece.text.count(".")) for piece in cut(text)] == [("첫눈", 2), ("연탄", 3)]


def test_pieces_for_summaries_keep_to_paragraphs_too() -> None:
    paragraphs = NOTES.strip().split("\n\n")

    made = cut(NOTES, kind="summary", size=300)

    assert 200 < sum(len(piece.text) for piece in made) / len(made) < 400
    assert max(len(piece.text) for piece in made) <= 450 + len("\n\n")
    assert all(one in paragraphs for piece in made for one in piece.text.split("\n\n"))


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (f"첫눈\n\n{FIRST}\n\n연탄\n\n{SECOND}", ["첫눈", "연탄"]),
        (f"첫눈\n{FIRST}\n연탄\n{SECOND}", ["첫눈", "연탄"]),
        (f"겨울 노트\n\n1부 집\n\n첫눈\n\n{FIRST}", ["첫눈"]),
        (f"제1장 총칙\n{FIRST}\n제2장 골목\n{SECOND}", ["제1장 총칙", "제2장 골목"]),
        (f"1. 서론\n1.1 배경\n{FIRST}\n1.2 목적\n{SECOND}", ["1.1 배경", "1.2 목적"]),
        (f"Ⅰ. 머리말\n\n{FIRST}\n\nⅡ. 골목\n\n{SECOND}", ["Ⅰ. 머리말", "Ⅱ. 골목"]),
        (f"1\n\n{FIRST}\n\n2\n\n{SECOND}", ["1", "2"]),
        (f"Chapter One\n\n{FIRST}\n\nTHE SNOW\n\n{SECOND}", ["Chapter One", "THE SNOW"]),
        (f"겨울 바다\n\n{FIRST}\n\n* * *\n\n{SECOND}", ["겨울 바다", "겨울 바다"]),
        (f"{FIRST}\n\n“가자”\n\n{SECOND}", ["", ""]),
        (f"{FIRST}\n\n눈이 왔다\n\n{SECOND}", ["", ""]),
        (f"{FIRST}\n\n사과와 배,\n\n{SECOND}", ["", ""]),
        (f"{FIRST}\n\n1. 우유\n2. 빵\n3. 잼\n\n{SECOND}", ["", "", ""]),
        ("나 보기가 역겨워\n가실 때에는\n말없이 고이 보내 드리우리다", [""]),
        ("김 아무개\n\n이 아무개\n\n박 아무개", [""]),
    ],
)
def test_headings_are_recognised_and_what_only_looks_like_one_is_not(text: str, headings: list[str]) -> None:
    made = cut(text)

    assert [piece.heading for piece in made] == headings
    lines = [line for piece in made for line in piece.text.split("\n")]
    assert set(lines) & set(headings) - {""} == set()


def test_a_heading_that_the_file_marks_is_one_whatever_it_looks_like() -> None:
    text = f"왜 눈은 하얀가?\n{FIRST}"

    assert [(piece.heading, piece.text) for piece in cut(text, 0)] == [("왜 눈은 하얀가?", FIRST)]
    assert [piece.heading for piece in cut(text)] == [""]


def test_lines_that_were_wrapped_are_one_paragraph() -> None:
    lines = [
        "눈이 오는 날이면 할머니는 늘 부엌 아궁이 앞에 앉아 오래된",
        "이야기를 하셨다. 우리는 듣다가 잠이 들곤 했고 밤새 눈이",
    ] * 5

    made = cut("\n".join([*lines, "쌓였다.", *lines, "그쳤다."]), low=1, high=50)

    assert [piece.text for piece in made] == [" ".join([*lines, "쌓였다."]), " ".join([*lines, "그쳤다."])]


def test_a_row_of_names_before_prose_is_no_row_of_headings() -> None:
    names = "\n\n".join(["김 아무개", "이 아무개", "박 아무개", "최 아무개", "정 아무개"])

    assert {piece.heading for piece in cut(f"{names}\n\n{FIRST}")} == {""}


def test_an_indented_line_begins_a_paragraph() -> None:
    line = "눈이 오는 날이면 할머니는 늘 부엌 아궁이 앞에 앉아 오래된"
    text = "\n".join([f" {line}", *[line] * 5, f" {line}", *[line] * 5])

    assert len(list(Layout(text).paragraphs())) == 2


def test_the_prompt_names_the_heading_or_leaves_its_line_out() -> None:
    recipe = Recipe(template="제목: {heading}\n낱말: {keywords}", format="legacy")

    made = make_examples([Loaded("s", f"{FIRST}\n\n연탄\n\n{SECOND}")], recipe)

    first, second = [json.loads(example.line)["prompt"].split("\n") for example in made]
    assert first[0].startswith("낱말: 첫눈")
    assert second[0] == "제목: 연탄"


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (FIRST, "다음 낱말로 글을 쓰세요: 첫눈, 예고, 아침, 창문, 마당, 슬리퍼"),
        ("눈이 GitHub Actions에 온다.", "다음 낱말로 글을 쓰세요: 눈, GitHub, Actions"),
        ("It snowed all night in Seoul.", "Write a text with these words: It, snowed, all, night, in, Seoul"),
    ],
)
def test_the_default_prompt_is_in_words_of_the_pieces_language(text: str, prompt: str) -> None:
    made = next(iter(make_examples([Loaded("s", text)], Recipe(format="legacy"))))

    assert json.loads(made.line)["prompt"] == prompt


def test_groups_of_sentences_know_the_heading_in_which_they_begin() -> None:
    text = f"첫눈\n\n{FIRST}\n\n연탄\n\n{SECOND}"

    made = cut(text, cut="sentences", low=4, high=4, template="{heading}: {keywords}")

    assert [piece.heading for piece in made] == ["첫눈", "연탄"]


def places(text: str, **known: Any) -> Iterator[tuple[int, int]]:
    layout = Layout(text, **known)
    for found in (by_sentences(layout, 3, 5), by_characters(layout, 100)):
        yield from ((one.start, one.end) for one in found)
        yield 0, 0


def fits(text: str) -> None:
    before = 0
    for start, end in places(text):
        if not end:
            before = 0
            continue
        assert before <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        before = end


@pytest.mark.parametrize("name", NAMED)
def test_any_text_is_cut_to_its_end(name: str) -> None:
    fits(NAMED[name])


@given(st.text(alphabet="가 나다.\n\t“”\"'?!…1aA산눈🇰🇷#*-", max_size=300))
@settings(max_examples=150, deadline=None)
def test_pieces_lie_in_order_and_hold_all_but_headings(text: str) -> None:
    fits(text)
    layout = Layout(text)
    held = "".join(text[one.start : one.end] for one in by_sentences(layout, 3, 5))
    paragraphs = "".join(text[one.start : one.end] for one in layout.paragraphs())
    assert "".join(held.split()) == "".join(paragraphs.split())
