"""The nearest examples before a question: the same in every process, none of them the question itself."""

import json
import math
from pathlib import Path
from time import process_time

import pytest

from jobs.training_data.scoring.few_shot import MOST_CHARACTERS, few_shot
from jobs.training_data.scoring.nearest import Nearest, comparable, grams_of
from jobs.training_data.scoring.records import Message
from tests.scoring.test_questions import NAMES, Example, chat, written

TEMPLATE = "다음 낱말로 글을 쓰세요: "


@pytest.fixture
def path(tmp_path: Path) -> Path:
    examples: list[Example] = [
        chat(f"{TEMPLATE}바다, 파도, 모래", "바다 글"),
        chat(f"{TEMPLATE}바다, 파도, 갈매기", "갈매기 글", system="다른 규칙"),
        chat(f"{TEMPLATE}부엌, 냄비, 국자", "부엌 글"),
        {"prompt": f"{TEMPLATE}갈매기, 돛단배", "completion": "돛단배 글"},
        chat("바다가 뭐야?", "물", "파도는?", "물결"),
        chat(f"{TEMPLATE}바다, 파도, 조개", " "),
        *(chat(f"{TEMPLATE}{name}, {name}길", f"{name} 글") for name in NAMES if name not in ("바다", "부엌")),
    ]
    return written(tmp_path / "file.jsonl", examples)


def asks(text: str, system: str = "") -> list[Message]:
    messages: list[Message] = chat(text, system=system)["messages"]
    return messages


def test_the_nearest_come_before_the_question_the_nearest_last(path: Path) -> None:
    found = few_shot(Nearest(path), asks(f"{TEMPLATE}등대, 갈매기, 파도, 바다", "규칙"), k=2)

    assert found.messages == [
        {"role": "system", "content": "규칙"},
        {"role": "user", "content": f"{TEMPLATE}바다, 파도, 모래"},
        {"role": "assistant", "content": "바다 글"},
        {"role": "user", "content": f"{TEMPLATE}바다, 파도, 갈매기"},
        {"role": "assistant", "content": "갈매기 글"},
        {"role": "user", "content": f"{TEMPLATE}등대, 갈매기, 파도, 바다"},
    ]
    assert found.lines == [1, 2]
    assert found.text.startswith(f"[system]\n규칙\n\n[user]\n{TEMPLATE}바다, 파도, 모래\n\n[assistant]\n바다 글\n\n")


def test_the_question_itself_is_none_of_them(path: Path) -> None:
    """Nor with its keywords in another order."""
    question = asks(f"{TEMPLATE} 모래, 바다, 파도!")

    assert (
        few_shot(Nearest(path), question, k=2).lines == [4, 2] or 1 not in few_shot(Nearest(path), question, k=9).lines
    )
    assert 1 not in few_shot(Nearest(path), question, k=9).lines


def test_no_line_that_is_set_aside(path: Path) -> None:
    question = asks(f"{TEMPLATE}등대, 갈매기, 파도, 바다")

    assert few_shot(Nearest(path, without={2, 4}), question, k=1).lines == [1]
    assert few_shot(Nearest(path), question, k=0).messages == question


def test_a_talk_comes_whole(path: Path) -> None:
    found = few_shot(Nearest(path), asks("파도가 뭐야?"), k=1)

    assert [each["content"] for each in found.messages] == ["바다가 뭐야?", "물", "파도는?", "물결", "파도가 뭐야?"]


def test_examples_that_do_not_fit_are_passed_over(tmp_path: Path) -> None:
    examples = [chat("바다와 파도와 모래", "길" * MOST_CHARACTERS), chat("바다와 파도와 갈매기", "짧은 글")]

    assert few_shot(Nearest(written(tmp_path / "f.jsonl", examples)), asks("바다와 파도와 조개"), k=2).lines == [2]
    just = [chat("바다", "길" * (MOST_CHARACTERS - 2))]
    assert few_shot(Nearest(written(tmp_path / "just.jsonl", just)), asks("바다와 파도"), k=2).lines == [1]


def test_without_examples_the_question_is_alone(tmp_path: Path) -> None:
    nearest = Nearest(written(tmp_path / "f.jsonl", ["", "no json"]))

    assert few_shot(nearest, asks("눈?"), k=3).text == "눈?"
    assert few_shot(nearest, [], k=3).messages == []


def test_the_order_is_that_of_bm25(path: Path) -> None:
    """By its definition, over the sets of grams of all questions of the file."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    talks = [row.get("messages") or [{"role": "user", "content": row["prompt"]}] for row in rows]
    texts = [[each["content"] for each in talk if each["role"] == "user"] for talk in talks]
    sets = [grams_of(comparable(each)) for each in texts]
    average = sum(map(len, sets)) / len(sets)
    wanted = grams_of(comparable([f"{TEMPLATE}갈매기, 파도, 바다"]))

    def score(grams: set[int]) -> float:
        frequencies = {gram: sum(gram in each for each in sets) for gram in wanted & grams}
        weights = (math.log(1 + (len(sets) - many + 0.5) / (many + 0.5)) for many in frequencies.values())
        return sum(weight * 2.2 / (1 + 1.2 * (0.25 + 0.75 * len(grams) / average)) for weight in weights)

    by_definition = sorted(
        ((score(grams), -line) for line, grams in enumerate(sets, 1) if wanted & grams), reverse=True
    )
    found = list(Nearest(path).find(comparable([f"{TEMPLATE}갈매기, 파도, 바다"])))

    near = [each for each in found if each.score]
    assert [each.line for each in near] == [-line for _score, line in by_definition]
    assert [each.score for each in near] == pytest.approx([score for score, _line in by_definition])


def test_a_long_file_and_a_long_question_take_bounded_time(tmp_path: Path) -> None:
    examples = [chat(f"{TEMPLATE}{NAMES[at % 20]}{at}", f"글 {at}") for at in range(20_000)]
    nearest = Nearest(written(tmp_path / "f.jsonl", examples))

    start = process_time()
    for _ in range(5):
        few_shot(nearest, asks(TEMPLATE + "바다 " * 300_000), k=8)

    assert process_time() - start < 10
