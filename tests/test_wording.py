"""A whole text leads to every example that has a stretch of it, and to no stranger's; a passage leads to its texts."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.training_data.recipes.examples import make_examples
from jobs.training_data.recipes.pieces import chunks
from jobs.training_data.recipes.recipe import Recipe, example_line
from jobs.training_data.recipes.told import Loaded
from jobs.training_data.searching import Excerpt, Hit, Passage, scan, squeeze
from jobs.training_data.texts import squeezing
from jobs.training_data.texts.squeezing import BLOCK
from jobs.training_data.wording import GRAM, MOST, RUN, TELLING, Place, Wording, excerpt_at, wording_of
from tests.running_recipes import long_text
from tests.training_cases import answer, line, user

ESSAY = long_text(60)
OTHERS = [
    line(user(f"첫눈 {n}"), answer(f"{n}번째 날 바다에는 갈매기도 배도 없이 파도만 밀려와 모래를 적셨다."))
    for n in range(20)
]
SAID = "그 무렵 김철수는 서울시 강남구에 살았고, 눈이 오면 골목을 쓸었다"
LETTERS = "가나다라마바사아자차카타파하거너더러머버서abcdefgh0123456789"


def essay() -> Wording:
    return Wording(squeeze(ESSAY))


def holding(text: str) -> bytes:
    return line(user(), answer(text)).encode()


def found(folder: Path, lines: list[bytes]) -> list[int]:
    path = folder / "some.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return [hit.line for hit in scan(path, essay(), lambda _read: None).hits]


# --- what recipes make of a text ---------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(format="legacy"), Recipe(kind="own", template="낱말: {keywords}")])
def test_examples_of_keywords_lead_back_to_their_text(tmp_path: Path, recipe: Recipe) -> None:
    made = [example.line for example in make_examples([Loaded("s", ESSAY)], recipe)]

    assert found(tmp_path, [one.encode() for one in OTHERS] + made) == list(range(21, 21 + len(made)))
    assert len(made) >= 10


def test_examples_of_summaries_lead_back_to_their_text(tmp_path: Path) -> None:
    recipe = Recipe(kind="summary")
    made = [example_line(recipe, piece.text, "눈 오는 날의 골목을 그린 글이다.") for piece in chunks(ESSAY, 600)]

    assert found(tmp_path, [one.encode() for one in OTHERS] + made) == list(range(21, 21 + len(made)))
    assert len(made) > 2


@pytest.mark.parametrize(
    "how",
    [
        lambda text: text.replace(" ", "\n\n"),
        lambda text: f"**{text}**",
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: f"누가 말했다. {text} 그리고 갔다.",
    ],
)
def test_it_is_found_however_it_is_spelt(how: Callable[[str], str]) -> None:
    told = how(ESSAY[300:360])

    assert essay().is_in(holding(told))
    assert essay().is_in(json.dumps({"prompt": "눈", "completion": told}).encode())


# --- how much must be the same -----------------------------------------------------------------------------

WORDS = st.text(LETTERS, max_size=80)


@given(before=WORDS, after=WORDS, around=st.tuples(WORDS, WORDS), run=st.text(LETTERS, min_size=RUN), data=st.data())
def test_a_run_of_thirty_letters_is_always_found(
    before: str, after: str, around: tuple[str, str], run: str, data: st.DataObject
) -> None:
    if len(set(run[:RUN])) < TELLING:
        return
    gaps = data.draw(st.lists(st.sampled_from(["", "", " ", "\n", "**"]), min_size=len(run), max_size=len(run)))
    spelt = "".join(letter + gap for letter, gap in zip(run, gaps, strict=True))

    assert Wording(before + run + after).is_in(holding(f"{around[0]}{spelt}{around[1]}"))


@given(
    text=st.tuples(st.text("가나다라마바사", max_size=99), st.text("가나다라마바사", max_size=99)),
    example=st.tuples(st.text("아자차카타파하", max_size=99), st.text("아자차카타파하", max_size=99)),
    run=st.text("0123456789", max_size=RUN - 1),
)
def test_a_shorter_run_never_is(text: tuple[str, str], example: tuple[str, str], run: str) -> None:
    wording = Wording(f"{text[0]:나<30}{run}{text[1]}")

    assert not wording.is_in(holding(run.join(example)))


@pytest.mark.parametrize("line_of", ["." * 80, "-" * 80, "=-" * 40, "눈" * 80])
def test_a_row_of_dots_is_no_ones_wording(line_of: str) -> None:
    wording = Wording(squeeze(f"{ESSAY}\n{line_of}\n" * 3))

    assert not wording.is_in(holding(f"차례 {line_of} 12"))
    assert wording.is_in(holding(f"차례 {line_of} {ESSAY[100:150]}"))


def test_a_phrase_that_stands_everywhere_is_told_by_what_is_around() -> None:
    phrase = "대한민국헌법제1조에따라서말한다."[:GRAM]
    text = "".join(f"{phrase}{n:014d}" for n in range(MOST + 50))

    wording = Wording(text)

    assert wording.is_in(holding(f"{phrase}{3:014d}"))
    assert wording.is_in(holding(f"{phrase}{MOST + 49:014d}"))
    assert not wording.is_in(holding(f"갑이 {phrase} 을이 {phrase} 병이"))


def test_of_a_short_text_all_must_be_there() -> None:
    wording = Wording(squeeze("눈이 왔다. 골목이 희다."))

    assert wording.is_in(holding("아침에 눈이 왔다.\n골목이 희다. 그리고 갔다."))
    assert not wording.is_in(holding("아침에 눈이 왔다. 골목은 희다."))


@pytest.mark.parametrize("text", ["", "눈", "눈이 온다.", "messages"[:7]])
def test_less_than_a_few_letters_are_in_no_example(text: str) -> None:
    assert not Wording(squeeze(text)).is_in(holding("눈이 온다. messages"))


# --- what is shown of it, and struck -------------------------------------------------------------------------


def test_the_words_that_are_its_own_are_shown_with_personal_data_hidden() -> None:
    wording = Wording(squeeze(f"{SAID}. 전화는 010-1234-5678 이었다."))
    raw = holding(f"메일은 hong@example.com 이다. {SAID.replace(' ', chr(10))}. 전화는 010-1234-5678 이었다. 끝.")

    place = wording.place(raw)

    assert place == Place(8, 22, len(squeeze(f"{SAID}. 전화는 010-1234-5678 이었다.")))
    shown = excerpt_at(raw, place)
    assert shown
    assert (shown.before[:3], "hong" in shown.before) == ("메일은", False)
    assert shown.found.startswith("그\n무렵\n김철수는")
    assert "1234" not in shown.found
    assert shown.after == " 끝."
    assert excerpt_at(b"{}", place) is None


def test_what_tells_of_it_is_struck() -> None:
    told = {"sample": [ESSAY[30:90], "눈이 온다", ESSAY[30:55]], "code": "too_few_examples", "n": 3}

    assert essay().struck_from(told) == {"sample": ["–", "눈이 온다", "–"], "code": "too_few_examples", "n": 3}


def test_lines_are_named_with_their_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join([OTHERS[0].encode(), b"", holding(ESSAY[:90]), b"no JSON", holding(ESSAY[90:200])]))

    hits = scan(path, essay(), lambda _read: None).hits

    first = len(OTHERS[0].encode()) + 2
    assert hits == [Hit(3, first), Hit(5, first + len(holding(ESSAY[:90])) + len(b"\nno JSON\n"))]


# --- a passage in a text ---------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Path:
    path = folder / "text.txt"
    path.write_bytes(text.encode())
    return path


def at(path: Path, passage: str = SAID) -> int | None:
    return squeezing.find(path, Passage(passage), lambda: None)


@pytest.mark.parametrize("before", ["", "가나 다\n", "눈 " * (BLOCK // 2 - 10), "눈" * BLOCK, "눈 " * BLOCK + "  "])
def test_a_passage_is_found_wherever_it_stands_in_a_text(tmp_path: Path, before: str) -> None:
    path = written(tmp_path, f"{before}{SAID.replace(' ', chr(10))} 그리고 갔다. {SAID}")

    assert at(path) == len(before.encode())
    shown = squeezing.excerpt(path, len(before.encode()), Passage(SAID))
    assert shown == Excerpt(before[-60:], SAID.replace(" ", "\n"), f" 그리고 갔다. {SAID}"[:60])


def test_a_text_without_it_is_read_to_its_end(tmp_path: Path) -> None:
    assert at(written(tmp_path, "")) is None
    assert at(written(tmp_path, "눈이 왔다. " * BLOCK + SAID[:-1])) is None


def test_a_text_that_is_read_in_blocks_has_the_same_wording(tmp_path: Path) -> None:
    text = "눈이 **왔다**.\n" * (BLOCK // 5) + ESSAY

    assert wording_of(written(tmp_path, text), lambda: None).squeezed == squeeze(text)
