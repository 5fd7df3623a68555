"""Nouns and keywords, and the examples that the free recipes make of them."""

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest

from jobs.training_data.recipes.apart import run_apart
from jobs.training_data.recipes.examples import make_examples
from jobs.training_data.recipes.keywords import Extractor, NoAnalyserError
from jobs.training_data.recipes.recipe import ANCESTOR, Example, Recipe, example_line
from jobs.training_data.recipes.told import Far, Loaded, Place, Text, Told

PROSE = "눈이 왔다. 골목에 눈이 쌓였다. 할머니가 골목을 쓸었다. 아이들이 눈사람을 만들었다. 눈이 그쳤다. "


PLAIN = Recipe(format="legacy", template="{keywords}")


@pytest.fixture(scope="module")
def mecab() -> Extractor:
    return Extractor()


def made(text: str, recipe: Recipe) -> list[Any]:
    return [json.loads(example.line) for example in make_examples([Loaded("s", text)], recipe)]


# --- nouns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("파인튜닝은 과적합을 막는다.", ["파인튜닝", "과적합"]),
        ("챗봇과 눈사람들이", ["챗봇", "눈사람"]),
        ("겨울 노트의 첫눈", ["겨울", "노트", "첫눈"]),
        ("GPT와 a를 쓴다", ["GPT"]),
        ("나는 그것을 할 수 있다. 사과 두 개.", ["사과"]),
        ("山川草木이 푸르다", ["山川草木"]),
        ("😀🇰🇷 ㅋㅋ ...", []),
        ("It snowed. 눈이 왔다.", ["It", "snowed", "눈"]),
        ("눈\n골목\0길", ["눈", "골목", "길"]),
        ("", []),
    ],
)
def test_nouns_in_the_order_of_the_text(mecab: Extractor, text: str, expected: list[str]) -> None:
    assert mecab.nouns(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("제1조(목적) 이 규정은 수수료의 기준을 정한다.", ["목적", "규정", "수수료", "기준"]),
        ("현금 500원으로 낸다. 제2조제1호의 때에는 돌려준다.", ["현금"]),
        ("제 3 조 제 2 항에 따른다.", []),
        ("제10조의2제3항제1호가목과 다음 각 호", ["다음"]),
        ("물가가 10년간 3배, 층은 12층, 사람은 200인이다.", ["물가", "층", "사람"]),
        ("3학년 2학기에 5개국을 30분씩 세 번", []),
        ("19세기와 20 세기, 몇 달과 두 배, 네 해", []),
        ("1호선을 타고 5월호를 읽었다.", []),
        ("5km를 뛰고 100 GB와 3kg", []),
        ("방학 때와 갈 때와 봄의 때에", ["방학", "봄"]),
        ("백 권쯤, 열 명 남짓, 스무 살", []),
        # what the same words name elsewhere
        ("원의 넓이와 원주", ["원", "넓이", "원주"]),
        ("조를 짜서 배를 타고 때를 밀었다.", ["조", "배", "때"]),
        ("호랑이가 층을 오르고 항아리를 인다.", ["호랑이", "층", "항아리"]),
        ("6·25전쟁과 2차 세계대전, GPT와 MP3", ["전쟁", "세계대전", "GPT", "MP"]),
        ("첫해의 시간과 세대와 단계", ["첫해", "시간", "세대", "단계"]),
    ],
)
def test_units_and_bound_nouns_are_no_keywords(mecab: Extractor, text: str, expected: list[str]) -> None:
    assert mecab.nouns(text) == expected


def test_units_stay_where_the_recipe_keeps_them() -> None:
    assert Extractor(units="keep").nouns("제1조에 따라 3배를 낸다. 갈 때 낸다.") == ["조", "배", "때"]


def test_the_ancestor_keeps_them_and_a_new_recipe_does_not() -> None:
    text = "제1조에 따라 수수료는 3배로 한다."

    assert [made(text, recipe)[0]["prompt"] for recipe in (ANCESTOR, PLAIN)] == ["조 수수료 배", "수수료"]


def test_keywords_are_the_most_frequent_nouns_ties_as_they_come(mecab: Extractor) -> None:
    assert mecab.keywords(PROSE) == ["눈", "골목", "할머니", "아이", "눈사람"]


def test_at_most_so_many_and_no_stop_words() -> None:
    assert Extractor(top=2, stop_words={"눈"}).keywords(PROSE) == ["골목", "할머니"]


def test_one_noun_repeated_is_one_keyword(mecab: Extractor) -> None:
    assert mecab.keywords("눈 " * 20_000) == ["눈"]


def test_a_row_of_nouns_without_spaces_is_no_term(mecab: Extractor) -> None:
    assert max(map(len, mecab.nouns("바다나무구름하늘사람도시" * 50))) <= 12


def test_a_long_text_without_spaces_is_cut_for_the_analyser(mecab: Extractor) -> None:
    assert len(mecab.nouns("눈사람이" * 5_000)) > 4_900


def test_distinctive_words_come_before_those_that_stand_everywhere() -> None:
    extractor = Extractor(ranking="distinctive")
    extractor.learn(["마을에 눈이 왔다.", "마을에 비가 왔다.", "마을에 바람이 불었다."])

    assert extractor.keywords("마을에 등대가 섰다.") == ["등대", "마을"]


def test_kiwi_is_asked_for_by_name_where_it_is_not_installed() -> None:
    with pytest.raises(NoAnalyserError):
        Extractor(analyser="kiwi")


class Token(NamedTuple):
    """A token as Kiwi tells it."""

    form: str
    tag: str
    start: int
    len: int


class Kiwi:
    """Tells tokens as Kiwi 0.22 does, which takes 200 MB and is no part of the tests."""

    def tokenize(self, text: str) -> list[Token]:
        assert text == "눈사람과 파인튜닝을 GPT로 A 배웠다."
        told = [("눈사람", "NNG", 0), ("과", "JC", 3), ("파인", "NNP", 5), ("튜닝", "NNG", 7), ("을", "JKO", 9)]
        told += [("GPT", "SL", 11), ("로", "JKB", 14), ("A", "SL", 16)]
        return [Token(form, tag, start, len(form)) for form, tag, start in told]


def test_kiwis_adjacent_nouns_are_one_term_and_single_letters_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("kiwipiepy", "")
    stand_in.__spec__ = ModuleSpec("kiwipiepy", None)
    monkeypatch.setattr(stand_in, "Kiwi", Kiwi, raising=False)
    monkeypatch.setitem(sys.modules, "kiwipiepy", stand_in)

    assert Extractor(analyser="kiwi").nouns("눈사람과 파인튜닝을 GPT로 A 배웠다.") == ["눈사람", "파인튜닝", "GPT"]


# --- examples -----------------------------------------------------------------------------------------


def test_the_ancestors_settings_give_its_kind_of_example() -> None:
    """Frequent nouns in order, one space between them, and the paragraph as the completion."""
    assert made(PROSE, ANCESTOR) == [{"prompt": "눈 골목 할머니 아이 눈사람", "completion": PROSE.strip()}]


def test_a_chat_example_has_the_system_prompt_and_the_template() -> None:
    recipe = Recipe(system_prompt="글을 쓴다.", template="낱말: {keywords} {그대로}")

    assert made(PROSE, recipe)[0]["messages"] == [
        {"role": "system", "content": "글을 쓴다."},
        {"role": "user", "content": "낱말: 눈, 골목, 할머니, 아이, 눈사람 {그대로}"},
        {"role": "assistant", "content": PROSE.strip()},
    ]


def test_an_own_recipe_has_the_answer_on_either_side() -> None:
    recipe = Recipe(kind="own", template="낱말을 뽑아라: {text}", answer="keywords", format="legacy")

    assert made(PROSE, recipe) == [
        {"prompt": f"낱말을 뽑아라: {PROSE.strip()}", "completion": "눈, 골목, 할머니, 아이, 눈사람"}
    ]


def test_braces_in_the_text_are_left_alone() -> None:
    assert json.loads(example_line(PLAIN, '{keywords} \\ "', ["{text}"])) == {
        "prompt": "{text}",
        "completion": '{keywords} \\ "',
    }


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        ("join", "눈이 왔다. 골목이 희다."),
        ("keep", "눈이 왔다.\n골목이 희다."),
        ("auto", "눈이 왔다.\n골목이 희다."),
    ],
)
def test_line_breaks_are_joined_or_kept(breaks: Any, expected: str) -> None:
    assert made("눈이 왔다.\n골목이 희다.", Recipe(format="legacy", line_breaks=breaks))[0]["completion"] == expected


def test_every_example_knows_where_it_came_from() -> None:
    text = PROSE * 20

    found = list(make_examples([Loaded("a", text), Loaded("b", text)], Recipe(line_breaks="keep")))

    assert [json.loads(one.line)["messages"][-1]["content"] for one in found] == [
        text[one.start : one.end] for one in found
    ]
    assert {one.source for one in found} == {"a", "b"}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def lines(seed: int) -> list[Example]:
        return list(make_examples([Loaded("s", PROSE * 40)], Recipe(cut="sentences", seed=seed)))

    assert lines(1) == lines(1)
    assert lines(1) != lines(2)


def test_a_text_without_nouns_makes_no_example() -> None:
    assert made("😀😀 ㅋㅋ!! ㅎㅎ~", Recipe()) == []


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({}, {}),
        ({"low": 6}, {"low": "low_above_high"}),
        ({"low": 0, "top": 101, "size": 5}, {"low": "out_of_range", "top": "out_of_range", "size": "out_of_range"}),
        ({"template": "{text}"}, {"template": "unknown_place"}),
        ({"template": "쓰세요"}, {"template": "without_place"}),
        ({"kind": "own", "template": "{text}"}, {"template": "unknown_place"}),
        ({"kind": "own", "template": "{text}", "answer": "keywords"}, {}),
        ({"kind": "summary"}, {}),
        ({"kind": "summary", "prompt": "요약"}, {"prompt": "without_place"}),
        ({"kind": "summary", "temperature": 3.0}, {"temperature": "out_of_range"}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(fields: dict[str, Any], problems: dict[str, str]) -> None:
    assert Recipe(**fields).problems() == problems


def test_a_recipe_is_json_and_back() -> None:
    recipe = Recipe(stop_words=("것",), low=2)

    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe
    with pytest.raises(msgspec.ValidationError):
        Recipe.from_json({"kind": "soup"})


# --- in a process of its own --------------------------------------------------------------------------


@pytest.fixture
def texts(tmp_path: Path) -> list[Text]:
    path = tmp_path / "a.txt"
    path.write_text(PROSE * 8, encoding="utf-8")
    return [Text("a", str(path)), Text("b", str(path))]


def told(recipe: Recipe, texts: list[Text], **more: Any) -> tuple[list[Told], Far]:
    """All but the news of the way, and the last of those."""
    heard = list(run_apart(recipe, texts, **more))
    ways = [one.far for one in heard if one.far]
    assert ways[0].done == 0  # said before the first example
    return [one for one in heard if not one.far], ways[-1]


def test_examples_and_their_places_are_written(texts: list[Text], tmp_path: Path) -> None:
    target, places = tmp_path / "out.jsonl", tmp_path / "places"

    _rest, way = told(Recipe(), texts, target=target, places=places)

    expected = list(make_examples([Loaded(text.source, PROSE * 8) for text in texts], Recipe()))
    assert target.read_bytes() == b"".join(one.line + b"\n" for one in expected)
    assert [msgspec.json.decode(line, type=Place) for line in places.read_bytes().splitlines()] == [
        Place(one.source, one.start, one.end) for one in expected
    ]
    assert way == Far(2 * len(PROSE * 8), 2 * len(PROSE * 8), len(expected))


def test_a_preview_stops_after_so_many(texts: list[Text]) -> None:
    heard, way = told(Recipe(ranking="distinctive"), texts, most=3)

    assert [bool(one.made and one.made.line) for one in heard] == [True] * 3
    assert way.examples == 3


def test_a_summary_recipe_tells_its_chunks(texts: list[Text]) -> None:
    heard, _way = told(Recipe(kind="summary", size=100), texts)

    assert heard[0].made is not None
    assert heard[0].made.text == (PROSE * 8)[heard[0].made.start : heard[0].made.end]


@pytest.mark.parametrize(
    ("recipe", "path", "fault"), [(Recipe(analyser="kiwi"), "", "no_analyser"), (Recipe(), "gone.txt", "text_missing")]
)
def test_what_is_missing_is_told(texts: list[Text], recipe: Recipe, path: str, fault: str) -> None:
    heard = list(run_apart(recipe, [Text("a", path)] if path else texts))

    assert [one.fault for one in heard if one.fault] == [fault]
