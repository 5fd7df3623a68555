"""Text to pieces and keywords: what people brought, and what is right."""

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests.cases import CASES


def examples(name: str, tmp_path: Path, *words: Any) -> list[tuple[str, str]]:
    """(prompt, answer) of each example that make_data makes of a case."""
    out = tmp_path / "out.jsonl"
    call_command("make_data", str(CASES / name), "--out", str(out), *words, stdout=io.StringIO(), stderr=io.StringIO())
    lines = [json.loads(line)["messages"] for line in out.read_text(encoding="utf-8").splitlines()]
    return [(messages[-2]["content"], messages[-1]["content"]) for messages in lines]


def test_an_inch_mark_stops_no_sentence(tmp_path: Path) -> None:
    made = examples("25a-inch-mark.txt", tmp_path, "--low", 4, "--high", 4)

    assert [answer for _prompt, answer in made] == [
        '화면은 21" 크기다. 그 뒤로 화면이 늘었다. 또 줄었다. 값은 그대로다.',
        "사람들은 기뻐했다. 가게는 붐볐다. 주인은 웃었다. 밤이 되었다.",
    ]


def test_units_and_bound_nouns_of_a_law_are_no_keywords(tmp_path: Path) -> None:
    made = examples("25d-law-units.txt", tmp_path)

    words = {word for prompt, _answer in made for word in prompt.split(": ")[-1].split(", ")}
    assert {"수수료", "규정", "기준", "현금"} <= words
    assert words & {"조", "항", "호", "원", "때", "조제"} == set()


def test_words_that_a_line_end_tore_are_whole(tmp_path: Path) -> None:
    answers = " ".join(answer for _prompt, answer in examples("25e-wrapped-inside-a-word.txt", tmp_path))

    assert "무척 아꼈다. 여름이면" in answers
    assert "마을이 환해졌다. 아이들은" in answers
    assert "시작되었음을 알았다." in answers
    assert "\n" not in answers
