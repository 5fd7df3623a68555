"""Cutting a text: real sentence ends, seeded paragraphs, chunks that end, whatever the text is."""

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training_data.recipes.pieces import Piece, chunks, sentence_groups, sentences

FAMILY, FLAG, HAND = "👨‍👩‍👧‍👦", "🇰🇷", "👍🏽"
PROSE = "눈이 왔다. 골목이 하얗게 덮였다! 누가 먼저 걸었을까? 발자국이 하나 남았다. "
NAMED = {
    "no full stop": "눈이 내리고 바람이 불고 " * 4_000,
    "one sentence of 10 MB": "눈" * 3_500_000,
    "only emoji": (FAMILY + FLAG + HAND) * 2_000,
    "only Hanja": "山川草木悉皆成佛" * 2_000,
    "mixed": "눈이 왔다. It snowed all night, e.g. in Seoul. 그래서 we stayed home. " * 500,
    "one noun": "눈 " * 20_000,
    "quotations that never end": "“가자. " * 20_000,
    "marks alone": "." * 100_000,
    "marks and spaces": ". " * 50_000,
    "line breaks alone": "\n" * 100_000,
    "half of a flag": "🇰" * 5_001,
    "nothing": "",
}
CUTS: list[Callable[[str], Iterator[Piece]]] = [sentences, sentence_groups, chunks]


def said(text: str) -> list[str]:
    return [piece.text for piece in sentences(text)]


def fits(text: str, pieces: list[Piece]) -> bool:
    """Every piece is a slice, in order, and only white space is left out."""
    end, left = 0, ""
    for piece in pieces:
        assert piece.text == text[piece.start : piece.end] == piece.text.strip()
        assert piece.text
        assert piece.start >= end
        left += text[end : piece.start]
        end = piece.end
    return not (left + text[end:]).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("눈이 왔다. 골목이 희다!", ["눈이 왔다.", "골목이 희다!"]),
        ("“안녕. 잘 지냈어?” 그가 웃었다.", ["“안녕. 잘 지냈어?”", "그가 웃었다."]),
        ('"안녕. 잘 지냈어?" 그가 웃었다.', ['"안녕. 잘 지냈어?"', "그가 웃었다."]),
        ('"가자."라고 했다. 갔다.', ['"가자."라고 했다.', "갔다."]),
        ("눈이 왔다.그리고 녹았다.", ["눈이 왔다.", "그리고 녹았다."]),
        ("원주율은 3.14이다. v1.2는 낡았다.", ["원주율은 3.14이다.", "v1.2는 낡았다."]),
        ("2026. 11. 27. 회의가 있다.", ["2026. 11. 27. 회의가 있다."]),
        ("1. 첫째다.\n2. 둘째다.", ["1. 첫째다.", "2. 둘째다."]),
        ("가. 개요를 쓴다.", ["가. 개요를 쓴다."]),
        ("Dr. Kim came at 5 p.m. yesterday. He left.", ["Dr. Kim came at 5 p.m. yesterday.", "He left."]),
        ("그게… 뭐지? 끝났다… 갔다.", ["그게… 뭐지?", "끝났다…", "갔다."]),
        ("정말?! 그래.", ["정말?!", "그래."]),
        ("山高。水深。", ["山高。", "水深。"]),
        ("山高。 水深。", ["山高。", "水深。"]),
        ("1장 겨울\n눈이 왔다.", ["1장 겨울", "눈이 왔다."]),
        ("눈이\n\n왔다", ["눈이", "왔다"]),
    ],
)
def test_sentences_end_where_they_end(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "stray",
    [
        '21" 화면',
        "5'11\" 키",
        "5′11″ 키",
        '7.9"',
        '"',
        '" ',
        "”",
        "“",
        "「",
        "」",
        "『",
        "’90년대",
        "'",
        "21”",
        "＂",
        "〃",
    ],
)
@pytest.mark.parametrize("place", ["{} 크기가 늘었다.", "크기는 {} 정도였다.", "크기는 {}.", "크기가 ({}) 늘었다."])
def test_a_mark_that_nothing_answers_stops_no_sentence(stray: str, place: str) -> None:
    first = place.format(stray)
    rest = ["그 뒤로 또 줄었다.", "“아니. 그대로야.”라고 말했다.", '"그래. 그렇지."라며 웃었다.', "밤이 되었다."]

    assert said(" ".join([first, *rest])) == [first, *rest]
    assert said(" ".join([rest[0], first, *rest[1:]])) == [rest[0], first, *rest[1:]]


@pytest.mark.parametrize(
    "spoken",
    [
        "“안녕. 잘 지냈어?”",
        '"안녕. 잘 지냈어?"',
        '" 안녕. 잘 지냈어? "',
        "”안녕. 잘 지냈어?”",
        "“안녕. 잘 지냈어?“",
        "＂안녕. 잘 지냈어?＂",
        "「안녕. 잘 지냈어?」",
        "『눈. 그리고 비.』",
        "“그가 「가자. 어서.」 했어. 정말이야.”",
        '"키가 5\'11" 이야. 크지."',
        '“화면은 21" 크기야. 커.”',
        "“화면은 21” 크기야. 커.”",
        '"Wait. I am coming."',
    ],
)
@pytest.mark.parametrize(
    "around", ["그가 {} 하고 웃었다.", "그는 {}라고 했다.", "{} 그가 말했다.", "(그는 {}라고 했다.)"]
)
def test_a_quotation_holds_together(spoken: str, around: str) -> None:
    text = f"눈이 왔다. {around.format(spoken)} 밤이 되었다."
    begin = text.index(spoken)

    ends = [piece.end for piece in sentences(text)]

    assert [end for end in ends if begin < end < begin + len(spoken)] == []
    assert (ends[0], ends[-2]) == (6, len(text) - 8)


def test_a_quotation_may_touch_the_word_before_it() -> None:
    assert said('그는"가자. 어서."라고 했다. 갔다.') == ['그는"가자. 어서."라고 했다.', "갔다."]


def test_a_quotation_over_paragraphs_is_cut_where_they_are() -> None:
    text = "“첫째야. 둘째야.\n\n“셋째야. 넷째야.” 그가 말했다. 끝났다."

    assert said(text) == ["“첫째야.", "둘째야.", "“셋째야. 넷째야.”", "그가 말했다.", "끝났다."]


def test_a_quotation_of_whole_pages_is_cut_like_other_text() -> None:
    speech = " ".join(f"{n}년에는 눈이 많이 왔다." for n in range(1900, 1940))

    assert len(said(f"“{speech}” 하고 말했다.")) == 41


def test_lines_wrapped_at_a_width_are_no_sentences() -> None:
    line = "눈이 오는 날이면 할머니는 늘 부엌 아궁이 앞에 앉아 오래된"
    wrapped = "\n".join([line] * 20) + "\n이야기를 하셨다. 우리는 들었다."

    assert said(wrapped)[-1] == "우리는 들었다."
    assert len(said(wrapped)) == 2


def test_each_line_of_a_poem_is_a_sentence() -> None:
    assert said("눈이 온다\n흰 눈이\n밤새 온다") == ["눈이 온다", "흰 눈이", "밤새 온다"]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", NAMED)
def test_any_text_is_cut_to_its_end(cut: Callable[[str], Iterator[Piece]], name: str) -> None:
    text, began = NAMED[name], time.monotonic()

    pieces = list(cut(text))

    assert fits(text, pieces)
    assert time.monotonic() - began < 5
    assert max((len(piece.text) for piece in chunks(text)), default=0) <= 1200


@given(st.text(alphabet="가 나다.\n“”\"'?!…1aA산눈🇰🇷👨‍👩" + "\u0301", max_size=400), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_and_nothing_stands_twice(text: str, size: int) -> None:
    assert fits(text, list(sentences(text)))
    assert fits(text, list(sentence_groups(text, 1, 3)))
    assert fits(text, list(chunks(text, size)))


def test_paragraphs_have_three_to_five_sentences() -> None:
    sizes = [len(said(piece.text)) for piece in sentence_groups(PROSE * 50)]

    assert set(sizes[:-1]) == {3, 4, 5}
    assert sum(sizes) == 200


def test_the_same_seed_gives_the_same_paragraphs() -> None:
    text = PROSE * 50

    assert list(sentence_groups(text, seed=7)) == list(sentence_groups(text, seed=7))
    assert list(sentence_groups(text, seed=7)) != list(sentence_groups(text, seed=8))


def test_a_short_rest_joins_the_last_paragraph() -> None:
    assert [len(said(piece.text)) for piece in sentence_groups("눈이 왔다. " * 10, low=3, high=4, seed=1)][-1] >= 3


def test_chunks_end_with_a_sentence() -> None:
    text = PROSE * 60

    made = list(chunks(text, 600))

    assert all(piece.text[-1] in ".!?" for piece in made)
    assert all(500 <= len(piece.text) <= 700 for piece in made[:-1])


def test_the_ancestors_traps() -> None:
    """It looked for a full stop backwards: without one it ran for ever, at the end of the text past it."""
    assert [piece.text for piece in chunks("마침표 없는 글", 100)] == ["마침표 없는 글"]
    assert [piece.text for piece in chunks("끝에 따옴표가 있다.”", 100)] == ["끝에 따옴표가 있다.”"]
    assert "".join(piece.text for piece in chunks("가" * 601 + ".", 600)) == "가" * 601 + "."


def test_a_hard_cut_tears_no_character() -> None:
    families = [piece.text for piece in chunks(FAMILY * 500, 100)]
    flags = [piece.text for piece in chunks(FLAG * 500, 99)]
    jamo = [piece.text for piece in chunks("\u1112\u1161\u11ab" * 500, 100)]

    assert {len(text) % len(FAMILY) for text in families} == {0}
    assert {len(text) % len(FLAG) for text in flags} == {0}
    assert {len(text) % 3 for text in jamo} == {0}
